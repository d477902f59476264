"""What does the fleet's database cost? A thousand companies of a thousand titles each, with a year of their runs,
beside a few that really sync: an idle tick, and every statement of the work."""

from dataclasses import dataclass
from typing import Any

from benchmarks.companies import add_company
from benchmarks.measure import answer_of
from benchmarks.plans import EACH, FREE
from benchmarks.report import Row
from benchmarks.stage import stage, start
from sandbox.world import World

SMALL, LARGE = (10, 1_000), (1_000, 1_000)
"""Companies, and titles of each."""
SYNCED, UNSETTLED, PAID = 5, 12, 8
MOST_MS, MOST_CPU_MS, MOST_RATIO = 50, 20, 1.3
SLUG = "viva"


@dataclass(frozen=True)
class Found:
    """What a worker printed: `idle` in milliseconds, and what the statements of the work read."""

    idle: dict[str, Any]
    work: dict[str, Any]


def run() -> list[Row]:
    small, large = (_measure(*size) for size in (SMALL, LARGE))
    ratio = large.idle["database"] / small.idle["database"]
    of_all = f"{LARGE[0] * LARGE[1]:,} titles of {LARGE[0]:,} companies, {LARGE[0] * 730:,} runs"
    read, most = max(row["read"] for row in large.idle["read"]), FREE + EACH
    dear = large.work["dear"]
    return [
        Row(
            f"{of_all}: database time of an idle tick (processor: {large.idle['cpu']:.1f} ms)",
            f"{large.idle['database']:.1f} ms", f"≤ {MOST_MS} ms, {MOST_CPU_MS} ms",
            large.idle["database"] <= MOST_MS and large.idle["cpu"] <= MOST_CPU_MS,
        ),
        Row(
            f"… of an idle tick, against {SMALL[0] * SMALL[1]:,} titles of {SMALL[0]} companies", f"{ratio:.2f} ×",
            f"≤ {MOST_RATIO} ×", ratio <= MOST_RATIO,
        ),
        Row("… most rows that one statement of an idle tick reads", f"{read}", f"≤ {most}", read <= most),
        Row("… statements of an idle tick", f"{large.idle['statements']:.0f}", "≤ 2", large.idle["statements"] <= 2),
        Row(
            f"… {SYNCED} companies sync: kinds of statements that read more than {FREE} + {EACH} × the rows that they"
            f" return or write, of {large.work['shapes']}",
            f"{len(dear)}", "0", not dear,
        ),
    ]  # fmt: skip


def _measure(companies: int, titles: int) -> Found:
    world = World(unlimited=True)
    for number in range(SYNCED):
        add_company(world, f"{SLUG}-{number}", unsettled=UNSETTLED, paid=PAID)
    with stage(world) as environment:
        _filled, work, idle = (
            answer_of(start(environment, "-m", "benchmarks.fleet_db_worker", *arguments))
            for arguments in (("fill", str(companies), str(titles)), ("work",), ("idle",))
        )
    return Found(idle, work)
