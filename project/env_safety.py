"""What a host must not be started with: each would open the service to strangers without anybody noticing."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured

_HERE = {"", "localhost", "127.0.0.1", "::1"}
_SHORTEST_SECRET, _SHORTEST_PEPPER, _FEWEST_CHARACTERS = 50, 32, 5
"""As Django's own deployment check asks for (security.W009)."""


def check_name(name: str, database: dict[str, Any]) -> None:
    """Raise `ImproperlyConfigured` where nobody said what this is, and its database is another host's: with settings of
    a local machine, cookies travel without encryption and secrets differ from host to host."""
    host = database.get("HOST") or database.get("OPTIONS", {}).get("host", "")
    if not name and host not in _HERE and not host.startswith("/"):
        raise ImproperlyConfigured(
            "ENVIRONMENT is not set, and the database is on another host: set ENVIRONMENT=production (or local)."
        )


def check_production(*, debug: bool, hosts: list[str], secret_key: str, encryption_keys: list[str]) -> None:
    """Raise `ImproperlyConfigured` with the name of what makes production unsafe. Quotes no secret."""
    if debug:
        raise ImproperlyConfigured("DEBUG must be false in production: its error pages show settings and data.")
    if not hosts or any(host.strip() in ("*", ".") for host in hosts):
        raise ImproperlyConfigured("ALLOWED_HOSTS must name this service's hosts in production, e.g. ponte.exemplo.br.")
    if len(secret_key) < _SHORTEST_SECRET or len(set(secret_key)) < _FEWEST_CHARACTERS:
        raise ImproperlyConfigured(
            f"SECRET_KEY must have at least {_SHORTEST_SECRET} different characters in production. "
            "Make one with: openssl rand -base64 48"
        )
    if secret_key in encryption_keys:
        raise ImproperlyConfigured("SECRET_KEY must not be one of FIELD_ENCRYPTION_KEYS: each has its own purpose.")


def check_peppers(peppers: list[str], others: list[str]) -> None:
    """Raise `ImproperlyConfigured` for what keys of the bridge must not be kept with. Quotes no secret."""
    if any(len(one) < _SHORTEST_PEPPER or len(set(one)) < _FEWEST_CHARACTERS for one in peppers) or len(peppers) > 2:
        raise ImproperlyConfigured(
            f"KEY_PEPPER must be one value of at least {_SHORTEST_PEPPER} different characters, or two while it is "
            "changed. Make one with: openssl rand -base64 48"
        )
    if set(peppers) & set(others):
        raise ImproperlyConfigured("KEY_PEPPER must not be SECRET_KEY or an encryption key: each has its own purpose.")


def check_roles(database: dict[str, Any], owner: dict[str, Any] | None, *, production: bool) -> None:
    """Raise `ImproperlyConfigured` where the role of DATABASE_URL is the one that owns the tables: it could remove what
    the audit record says."""
    if production and owner is not None and owner.get("USER") == database.get("USER"):
        raise ImproperlyConfigured(
            "DATABASE_OWNER_URL and DATABASE_URL must name different roles in production: the one of web and workers "
            "must not own the tables (docs/operations.md, “Two roles”)."
        )
