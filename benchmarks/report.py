"""Rows of figures, printed and kept in docs/performance.md."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"


@dataclass(frozen=True)
class Row:
    """One figure, what it has to be, and whether it is."""

    what: str
    measured: str
    target: str
    ok: bool


def show(rows: Sequence[Row]) -> None:
    """Print the rows for a terminal."""
    for row in rows:
        print(f"{'ok    ' if row.ok else 'MISSED'}  {row.what}: {row.measured} (target {row.target})")


def write(rows: Sequence[Row]) -> None:
    """Write docs/performance.md anew, with the machine named."""
    lines = [
        "# Performance",
        "",
        "Written by `make bench`. Every figure is counted or a ratio within one run; absolute times depend on the",
        "machine and decide nothing.",
        "",
        f"Machine: {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, embedded",
        "PostgreSQL without waiting for the disk, sandbox and workers on the same machine.",
        "",
        "| what | measured | target | |",
        "|---|---|---|---|",
        *[f"| {row.what} | {row.measured} | {row.target} | {'met' if row.ok else '**missed**'} |" for row in rows],
        "",
    ]
    PAGE.write_text("\n".join(lines), encoding="utf-8")
