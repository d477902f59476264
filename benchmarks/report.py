"""Rows of figures, printed and kept in docs/performance.md."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"


HOW = """\
Written by `make bench`. Every figure is counted or a ratio within one run; absolute times depend on the machine and
decide nothing: rows without a target are only shown.

- **Companies** are made by `benchmarks/companies.py`: half payables, half receivables, a contact for each ten
  titles, one unsettled title in fifty partly paid, payments spread evenly over 700 days, each with a borderô of its
  own (thirty titles share one in `scale`). Only `limits` and `fleet` know limits.
- **Time and memory** are those of the process that does the work: wall clock and CPU from the start of the work to
  its end (without the start of Python), highest resident memory (`VmHWM`) of its whole life. PostgreSQL and the
  sandbox are processes of their own on the same cores; their CPU is in none of the figures.
- **dlt** 1.31 mirrors with its `rest_api` source as its documentation shows it (`benchmarks/dlt_worker.py`): pages
  of lists, each detail a dependent resource, borderôs and contacts as transformers, each contact once, merged by
  primary key, `parallelized`, with dlt's own number of workers (5 for extraction). It only mirrors: so does ours
  beside it, because Kamino is paused meanwhile.
- **The computed minimum** is what nobody can do without: the pages of the listings that show what is open and what
  was paid lately, one detail for each change, one borderô for each payment. The naive mirror reads every page,
  detail, borderô and contact each time.
- **`scale`** does its first runs without HTTP (`benchmarks/fill_worker.py`): all of it is the product's own code, with
  a session that answers from a copy of the sandbox; the sync over HTTP that follows must find nothing to write. Then
  what is open is sent to Kamino, but for the largest company, which only mirrors. Settled history, which is never
  sent, is left unplanned there to save minutes.
- **Unchanged** is a second run on the same day. The first one of a day also lists the payments of 45 days, and once a
  week there are the full sweep and the titles paid in this or the last month, read again.
- **`fleet-db`** makes a thousand companies of a thousand titles each by SQL, with their runs of a year
  (`benchmarks/fleet_rows.py`), beside five that really sync over HTTP, and reads PostgreSQL's own plan of every
  statement (`auto_explain`). Rows read are those that its scans touched, in all loops; database time is the median of
  15 ticks for which nothing is due.
- **`lists`**: one company with all titles, looked at by somebody who sees everything, and by staff of the company, from
  whom one title in twenty is hidden as confidential. Through Django's test client (the whole request, without the
  network); the median of seven requests. The export is made by one process as the tick makes it.
- **`fleet`** is a simulation in virtual time with the product's own constants: a thousand companies (median 1,500
  titles, at most 100,000, 1 % changed) due within the hour after 05:00, a few more in their first load, and people
  who press the button. The lower bound is the largest of what one account, one address or one Kamino company needs
  by itself.
"""


@dataclass(frozen=True)
class Row:
    """One figure, what it has to be (empty: it is only shown), and whether it is."""

    what: str
    measured: str
    target: str = ""
    ok: bool = True

    @property
    def verdict(self) -> str:
        """Return what a reader looks for."""
        if not self.target:
            return ""
        return "met" if self.ok else "**missed**"


def show(rows: Sequence[Row]) -> None:
    """Print the rows for a terminal."""
    for row in rows:
        target = f" (target {row.target})" if row.target else ""
        print(f"{row.verdict.strip('*'):7} {row.what}: {row.measured}{target}", flush=True)


def write(rows: Sequence[Row]) -> None:
    """Write docs/performance.md again, with the machine named."""
    lines = [
        "# Performance",
        "",
        HOW,
        f"Machine: {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, embedded",
        "PostgreSQL without waiting for the disk, sandbox and workers on the same machine.",
        "",
        "| what | measured | target | |",
        "|---|---|---|---|",
        *[f"| {row.what} | {row.measured} | {row.target} | {row.verdict} |" for row in rows],
        "",
    ]
    PAGE.write_text("\n".join(lines), encoding="utf-8")
