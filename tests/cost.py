"""What a run of tests cost: the processor's time of Python and of PostgreSQL, which is no child of ours."""

import os
import resource
from pathlib import Path

import psycopg

TICKS = os.sysconf("SC_CLK_TCK")


def python_seconds() -> float:
    """Return the processor's time of this process and of its children that ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def postgres_seconds() -> float:
    """Return that of the database's server since it started; 0 where it is on another machine or no Linux."""
    try:
        with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
            row = connection.execute("SHOW data_directory").fetchone()
        server = int(Path(row[0] if row else "", "postmaster.pid").read_text().split()[0])
        found = [_stat(int(path.name)) for path in Path("/proc").iterdir() if path.name.isdigit()]
    except (OSError, psycopg.Error):
        return 0.0
    living = sum(sum(times[:2]) for parent, times in found if parent == server)
    return (living + sum(_stat(server)[1])) / TICKS


def _stat(pid: int) -> tuple[int, list[int]]:
    """Return a process's parent, and its ticks: of its own, user and system, and of its children that ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it ended meanwhile
        return 0, [0]
    return int(fields[1]), [int(ticks) for ticks in fields[11:15]]
