"""Does an unchanged run's cost follow what is open, and its memory nothing? Companies of three sizes, a tenth open."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from benchmarks.bounds import listing_pages
from benchmarks.companies import add_company, count_titles, edit_titles
from benchmarks.passes import Pass, sync
from benchmarks.report import Row
from benchmarks.stage import forget_history, pause_kamino, run_worker, stage, whole_history
from sandbox.account import Account
from sandbox.bling.records import OPEN, PARTIAL
from sandbox.ground import today_in_brasilia
from sandbox.world import World

SMALL, LARGE, LARGEST = SIZES = (1_000, 10_000, 100_000)
PAID_TOGETHER = 30
"""Titles per borderô, as companies that pay suppliers on fixed days have them."""


@dataclass(frozen=True)
class Measured:
    """A company's run after nothing changed and the one after 1 % of its titles changed.

    `pages`, `open_titles` and `partial_titles` are what the unchanged run found.
    """

    unchanged: Pass
    changed: Pass
    pages: int
    open_titles: int
    partial_titles: int
    edits: int


def make_world(today: date | None = None) -> World:
    """Return the companies of all sizes, the same ones in every process."""
    world = World(today=today or today_in_brasilia(), unlimited=True)
    for size in SIZES:
        add_company(world, f"com-{size}", unsettled=size // 10, paid=size - size // 10, paid_together=PAID_TOGETHER)
    return world


@cache
def measure() -> dict[int, Measured]:
    """Fill the mirrors, send what is open, and sync each company unchanged and changed.

    The largest company only mirrors: sending its 10,000 open titles takes minutes and shows nothing that a tenth does
    not.
    """
    world = make_world()
    with stage(world, whole_history(world)) as environment:
        run_worker({**environment, "WORLD_TODAY": world.today.isoformat()}, "benchmarks.fill_worker")
        forget_history(environment)
        pause_kamino(environment, f"com-{LARGEST}")
        return {size: _measure(environment, world.account(f"com-{size}"), edits=size // 100) for size in SIZES}


def _measure(environment: Mapping[str, str], account: Account, *, edits: int) -> Measured:
    first = sync(environment, account)
    unchanged, pages = sync(environment, account), listing_pages(account)
    if first.mirror_writes:
        raise RuntimeError(
            f"the mirror of {account.slug} was not filled as Bling shows it: {first.mirror_writes} writes"
        )
    open_titles, partial_titles = (count_titles(account, status) for status in (OPEN, PARTIAL))
    edit_titles(account, edits)
    return Measured(unchanged, sync(environment, account), pages, open_titles, partial_titles, edits)


def run() -> list[Row]:
    """Show each size's unchanged run; memory must not grow with the account."""
    found = measure()
    rows = [
        Row(
            f"{size:,} titles, {one.open_titles + one.partial_titles:,} of them open: unchanged run", str(one.unchanged)
        )
        for size, one in found.items()
    ]
    small, large = found[SMALL].unchanged.cost, found[LARGEST].unchanged.cost
    growth = large.peak_mib / small.peak_mib
    what = f"peak memory of an unchanged run, {LARGEST:,} titles / {SMALL:,}"
    return [*rows, Row(what, f"{growth:.2f}", "≤ 1.2", growth <= 1.2)]
