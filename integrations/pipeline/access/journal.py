"""Journal: the numbers of deliveries, kept by each worker host outside of the database and its backups.

One file for each database, one line for each note ("number moment"); lines are only ever added. What is noted for a
database and not in it was sent before it was restored.
"""

import os
from datetime import datetime
from pathlib import Path

from django.conf import settings

TAIL = 4096
"""Bytes that are read from the end of a file: some eighty lines, from all processes of a host."""
SUFFIX = ".journal"


class JournalError(Exception):
    """Raised where a journal cannot be read or written: nothing may be sent then."""


def is_kept() -> bool:
    """Say whether this host keeps a journal."""
    return bool(settings.JOURNAL_DIR)


def note(database: str, number: int, now: datetime) -> None:
    """Note that a delivery was numbered; it is on the disk when this returns. Raises `JournalError`."""
    if not is_kept():
        return
    path = _path(database)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            # On a line of its own, also after one that was cut off: its number would begin with that one's.
            line = f"\n{number} {now.isoformat()}\n".encode()
            if os.write(descriptor, line) < len(line):
                raise JournalError(f"{path}: no room for a whole line")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise JournalError(f"{path}: cannot be written ({error.strerror})") from error


def last_number(database: str) -> int:
    """Return the highest number that this host noted lately for a database; 0 without a note. Raises `JournalError`,
    also for a file without any line that can be read."""
    if not is_kept():
        return 0
    path = _path(database)
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL))
            lines = file.read().decode("ascii", "replace").split("\n")
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise JournalError(f"{path}: cannot be read ({error.strerror})") from error
    # The last one may be half a line, of a write that goes on or that a full disk cut off; the first one of a tail too.
    whole = lines[1 if size > TAIL else 0 : -1]
    numbers = [int(line.split(" ")[0]) for line in whole if line.split(" ")[0].isdecimal()]
    if size and not numbers:
        raise JournalError(f"{path}: no line of it can be read")
    return max(numbers, default=0)


def knows_any() -> bool:
    """Say whether this host noted deliveries of any database."""
    return is_kept() and any(Path(settings.JOURNAL_DIR).glob(f"*{SUFFIX}"))


def _path(database: str) -> Path:
    return Path(settings.JOURNAL_DIR) / f"{database}{SUFFIX}"
