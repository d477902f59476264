"""Does an unchanged run's cost follow what is open, and its memory nothing? Companies of three sizes, a tenth open."""

from dataclasses import dataclass
from functools import cache

from benchmarks.bounds import listing_pages
from benchmarks.companies import add_company, count_titles, edit_titles
from benchmarks.passes import Pass, sync
from benchmarks.report import Row
from benchmarks.stage import pause_kamino, resume_kamino, stage, whole_history
from sandbox.bling.records import OPEN, PARTIAL
from sandbox.world import Account, World

SIZES = (1_000, 10_000, 100_000)
PAID_TOGETHER = 30
"""Titles per borderô: it keeps the first load of the largest company short."""


@dataclass(frozen=True)
class Measured:
    """A company's first load, a run after nothing changed and one after 1 % of its titles changed.

    `pages`, `open_titles` and `partial_titles` are what the unchanged run found.
    """

    load: Pass
    unchanged: Pass
    changed: Pass
    pages: int
    open_titles: int
    partial_titles: int
    edits: int


@cache
def measure() -> dict[int, Measured]:
    """Load, sync and sync again a company of each size; the largest takes some minutes to load."""
    world = World(unlimited=True)
    accounts = {
        size: add_company(
            world, f"com-{size}", unsettled=size // 10, paid=size - size // 10, paid_together=PAID_TOGETHER
        )
        for size in SIZES
    }
    with stage(world, whole_history(world)) as environment:
        return {size: _measure(environment, account, edits=size // 100) for size, account in accounts.items()}


def _measure(environment: dict[str, str], account: Account, *, edits: int) -> Measured:
    pause_kamino(environment)
    load = sync(environment, account)
    resume_kamino(environment)
    sync(environment, account)  # sends what is open
    unchanged, pages = sync(environment, account), listing_pages(account)
    open_titles, partial_titles = (count_titles(account, status) for status in (OPEN, PARTIAL))
    edit_titles(account, edits)
    return Measured(load, unchanged, sync(environment, account), pages, open_titles, partial_titles, edits)


def run() -> list[Row]:
    """Show each size's unchanged run; memory must not grow with the account."""
    found = measure()
    rows = [
        Row(f"{size:,} titles, {one.open_titles + one.partial_titles:,} of them open: unchanged run",
            str(one.unchanged))
        for size, one in found.items()
    ]  # fmt: skip
    small, large = found[SIZES[0]].unchanged.cost, found[SIZES[-1]].unchanged.cost
    growth = large.peak_mib / small.peak_mib
    return [
        *rows,
        Row(f"peak memory of an unchanged run, {SIZES[-1]:,} titles / {SIZES[0]:,}", f"{growth:.2f}", "≤ 1.2",
            growth <= 1.2),
    ]  # fmt: skip
