"""A stage for benchmarks: a sandbox in a thread, a fresh database, and worker processes of ours on both."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.companies import HISTORY_DAYS
from project.local import DATA_DIR, start_embedded_database
from sandbox.server import SandboxServer, bling_addresses
from sandbox.world import World

ROOT = Path(__file__).resolve().parent.parent
NO_LIMITS = {"BLING_INTERVAL_MS": "0", "BLING_EGRESS_INTERVAL_MS": "0", "BLING_TOKEN_INTERVAL_MS": "0"}


@contextmanager
def stage(world: World, tenant: Mapping[str, Any] | None = None) -> Iterator[dict[str, str]]:
    """Serve `world` and yield the environment in which our processes use it and a fresh, migrated database.

    `tenant` are keys of the provision document that each company gets instead of the sandbox's own.
    """
    url = fresh_database("bench")
    with SandboxServer(world) as server:
        environment = {
            **os.environ,
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "project.settings",
            **bling_addresses(server.bling_url),
            "TEST_HOSTS": "127.0.0.1",
            "OAUTHLIB_INSECURE_TRANSPORT": "1",
            "LOG_LEVEL": "ERROR",
            **(NO_LIMITS if world.unlimited else {}),
        }
        manage(environment, "migrate", "-v0")
        document = DATA_DIR / "bench-provision.json"
        tenants = [{**account.provision(), **(tenant or {})} for account in world.accounts.values()]
        document.write_text(json.dumps({"tenants": tenants}))
        manage(environment, "provision", str(document))
        manage(environment, "shell", "-v0", "-c", _GO_LIVE)
        yield environment


_GO_LIVE = "from integrations.models import Tenant; Tenant.objects.update(delivery_mode='live')"
"""Without a checklist: what is measured is the first sync."""


def whole_history(world: World) -> dict[str, str]:
    """Return what lets a company mirror every payment, and send none that lies before today to Kamino."""
    return {
        "sync_from": (world.today - timedelta(days=HISTORY_DAYS)).isoformat(),
        "settled_from": world.today.isoformat(),
    }


def fresh_database(name: str) -> str:
    """Return the URL of an empty database on a PostgreSQL that does not wait for the disk."""
    url = start_embedded_database("bench-postgres", name)
    with psycopg.connect(url, autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("ALTER SYSTEM SET random_page_cost = 1.1")  # as docs/operations.md advises
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return url


def pause_kamino(environment: Mapping[str, str], slug: str) -> None:
    """Let a company's syncs only mirror: while its Kamino is paused, no register is read and nothing is planned."""
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        connection.execute(
            "UPDATE integrations_kaminoconnection SET is_paused = true"
            " WHERE tenant_id = (SELECT id FROM integrations_tenant WHERE slug = %s)",
            [slug],
        )


def forget_history(environment: Mapping[str, str]) -> None:
    """Leave settled history unplanned: it lies before `settled_from`, and finding that out takes minutes."""
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        connection.execute(
            "DELETE FROM integrations_planrequest"
            " WHERE title_id IN (SELECT id FROM integrations_title WHERE status = 'settled')"
        )


def count_rows(url: str, table: str) -> int:
    """Return how many rows a table of the database behind `url` holds."""
    with psycopg.connect(url) as connection:
        (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone() or (0,)
    return int(count)


def manage(environment: Mapping[str, str], *arguments: str) -> None:
    """Run a management command to its end."""
    subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL
    )


def run_worker(environment: Mapping[str, str], module: str) -> None:
    """Run a worker of ours to its end. Raises `CalledProcessError` when it failed."""
    subprocess.run([sys.executable, "-m", module], cwd=ROOT, env=environment, check=True)


def start(environment: Mapping[str, str], *arguments: str) -> subprocess.Popen[str]:
    """Start `python <arguments>`; talk to it through its pipes."""
    return subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
