"""Runs the peer (`dlt_worker`) on a company of the sandbox, with a database and a working folder of its own."""

import shutil
from collections.abc import Mapping

import psycopg

from benchmarks.measure import Cost, cost_of
from benchmarks.stage import fresh_database, start
from project.local import DATA_DIR
from sandbox.account import Account

FOLDER = DATA_DIR / "bench-dlt"


def prepare(environment: Mapping[str, str], account: Account) -> dict[str, str]:
    """Return the environment of a peer that has mirrored nothing yet."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    url = fresh_database("bench_dlt")
    with psycopg.connect(url, autocommit=True) as connection:
        for schema in ("mirror", "mirror_staging"):
            connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    return {
        **environment,
        "DLT_PIPELINES": str(FOLDER),
        # dlt wants a host; the folder of the socket, which the URL also names, prevails.
        "DLT_DATABASE_URL": url.replace("@/", "@localhost/"),
        "BLING_TOKEN": str(account.bling.issue_tokens()["access_token"]),
        "WORLD_TODAY": account.world.today.isoformat(),
        "RUNTIME__DLTHUB_TELEMETRY": "false",
    }


def run_peer(environment: Mapping[str, str]) -> Cost:
    """Let the peer run its pipeline once. Raises `RuntimeError` when it failed."""
    return cost_of(start(environment, "-m", "benchmarks.dlt_worker"))
