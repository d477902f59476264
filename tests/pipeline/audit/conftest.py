from tests.roles import kamino_hosts, login, ours, root, theirs, users

__all__ = ["kamino_hosts", "login", "ours", "root", "theirs", "users"]
