"""A stage for benchmarks: a sandbox in a thread, a fresh database, and worker processes of ours on both."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from project.local import DATA_DIR, start_embedded_database
from sandbox.server import SandboxServer
from sandbox.world import World

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def stage(world: World, **settings: str) -> Iterator[dict[str, str]]:
    """Serve `world` and yield the environment in which our processes use it and a fresh, migrated database."""
    url = start_embedded_database("bench-postgres", "bench")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    with SandboxServer(world) as server:
        environment = {
            **os.environ,
            "DATABASE_URL": url,
            "BLING_API_URL": server.bling_url,
            "BLING_TOKEN_URL": f"{server.bling_url}/oauth/token",
            "KAMINO_ALLOWED_HOSTS": "127.0.0.1",
            "OAUTHLIB_INSECURE_TRANSPORT": "1",
            "LOG_LEVEL": "ERROR",
            **settings,
        }
        manage(environment, "migrate", "-v0")
        document = DATA_DIR / "bench-provision.json"
        document.write_text(json.dumps({"tenants": [account.provision() for account in world.accounts.values()]}))
        manage(environment, "provision", str(document))
        yield environment


def manage(environment: dict[str, str], *arguments: str) -> None:
    """Run a management command to its end."""
    subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL
    )


def start(environment: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    """Start `python <arguments>`; talk to it through its pipes."""
    return subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
