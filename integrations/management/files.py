"""Files that commands leave on the host."""

import os
import stat
from pathlib import Path
from typing import BinaryIO


def open_private(path: Path) -> BinaryIO:
    """Open a file for writing that nobody else of the host may read, also where one with another mode was there.

    Raises `OSError`.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):  # else it is a terminal or a pipe
        os.fchmod(descriptor, 0o600)
        os.ftruncate(descriptor, 0)
    return os.fdopen(descriptor, "wb")
