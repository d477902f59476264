"""A thousand companies on N workers, in virtual time: how near to the limits, and how long does a person wait?"""

import os
from typing import Any

from benchmarks.fleet_worker import COMPANIES, FIRST_LOADS, LARGEST, RESYNCS
from benchmarks.measure import answer_of
from benchmarks.report import Row
from benchmarks.stage import start

WORKERS = (2, 4, 8, 16)
ENOUGH_WORKERS = 8
"""So many workers have to come near to the limits; fewer are shown."""
MOST_OVER_BOUND = 1.2
LONGEST_RESYNC = 30.0
"""Seconds: one read, a look at Kamino and a write, each in a slot of its own, and the wait until somebody looks."""
NOWHERE = "postgres://nobody@127.0.0.1:1/nothing"


def run() -> list[Row]:
    """Simulate the morning on each number of workers; nothing sleeps and nothing is random."""
    environment = {**os.environ, "DATABASE_URL": NOWHERE, "DJANGO_SETTINGS_MODULE": "project.settings"}
    workers = {number: start(environment, "-m", "benchmarks.fleet_worker", str(number)) for number in WORKERS}
    return [row for number, worker in workers.items() for row in _rows(number, answer_of(worker))]


def _rows(number: int, found: dict[str, Any]) -> list[Row]:
    what = f"{COMPANIES:,} companies, {number} workers"
    daily, everything = found["daily"] / found["daily_bound"], found["makespan"] / found["bound"]
    is_enough = number >= ENOUGH_WORKERS
    return [
        Row(f"{what}: daily runs done and sent after, against the limits' lower bound",
            f"{found['daily'] / 60:.0f} min, {daily:.2f} ×", f"≤ {MOST_OVER_BOUND} ×" if is_enough else "",
            daily <= MOST_OVER_BOUND or not is_enough),
        Row(f"{what}, {FIRST_LOADS} of {LARGEST:,} titles in their first load: everything done, against the bound",
            f"{found['makespan'] / 3600:.1f} h, {everything:.2f} ×"),
        Row(f"{what}: what the first loads delay another company's run by, at most",
            f"{found['pull_delay']:.0f} s", f"≤ {found['slice']:.0f} s", found["pull_delay"] <= found["slice"]),
        Row(f"{what}: longest wait of {RESYNCS} resyncs by staff (median {found['resync_median']:.0f} s)",
            f"{found['resync_worst']:.0f} s", f"≤ {LONGEST_RESYNC:.0f} s", found["resync_worst"] <= LONGEST_RESYNC),
    ]  # fmt: skip
