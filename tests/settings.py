"""Settings of the tests: the embedded PostgreSQL without waiting for the disk or compiling, and no request limits.

`DIE_AT` ("failpoint:passing:marker file") kills one process that uses them, `FAILPOINT_LOG` names a file for what it
passed, `TEST_LIMITS` keeps the limits on.
"""

import os
import signal
from dataclasses import replace
from pathlib import Path

import psycopg

from project.local import start_embedded_database

os.environ.setdefault("ENVIRONMENT", "local")
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
if not os.environ.get("DATABASE_URL"):
    os.environ["DATABASE_URL"] = start_embedded_database("test-postgres")
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "jit"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")

from project.settings import *  # noqa: F403
from project.settings import LIMITS as _LIMITS
from tests.signals import note_failpoints, signal_at

if not os.environ.get("TEST_LIMITS"):
    LIMITS = replace(
        _LIMITS, bling_interval_ms=0, bling_egress_interval_ms=0, bling_token_interval_ms=0, kamino_per_minute=600_000
    )
SYNC_JITTER_MINUTES = 0
UNCERTAIN_WAIT_SECONDS = 0
DATABASES["default"]["ENGINE"] = "tests.postgres"  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
TEST_HOSTS = ["127.0.0.1"]

# WhiteNoise warns about a folder that only `collectstatic` makes, and warnings are errors here.
STATIC_ROOT.mkdir(exist_ok=True)  # noqa: F405

if os.environ.get("DIE_AT"):
    _name, _passing, _marker = os.environ["DIE_AT"].split(":")
    signal_at(_name, int(_passing), signal.SIGKILL, marker=Path(_marker))
if os.environ.get("FAILPOINT_LOG"):
    note_failpoints(Path(os.environ["FAILPOINT_LOG"]))
