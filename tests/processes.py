"""Real processes of ours on the test database: for what threads in one process cannot show."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent


def environment(**more: str) -> dict[str, str]:
    """Return an environment in which a child uses this test's database and sandbox."""
    database = connection.settings_dict
    host = database["HOST"] or database.get("OPTIONS", {}).get("host", "")
    user, password, port = (database[key] for key in ("USER", "PASSWORD", "PORT"))
    if str(host).startswith("/"):
        url = f"postgresql://{user}:{password}@/{database['NAME']}?host={host}"
    else:
        url = f"postgresql://{user}:{password}@{host}:{port or 5432}/{database['NAME']}"
    return {
        **os.environ,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "BLING_API_URL": settings.BLING_API_URL,
        "BLING_TOKEN_URL": settings.BLING_TOKEN_URL,
        "BLING_AUTHORIZE_URL": settings.BLING_AUTHORIZE_URL,
        "BLING_REVOKE_URL": settings.BLING_REVOKE_URL,
        "PYTHONPATH": str(ROOT),
        **more,
    }


def start(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    """Start `python <arguments>` in the project folder."""
    more = options.pop("env", {})
    return subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, env=environment(**more), text=True, **options
    )  # fmt: skip
