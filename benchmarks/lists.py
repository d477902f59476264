"""How long do people wait for a list when there are 200,000 titles, and what does taking all of them home cost?"""

from benchmarks.lists_worker import DISCREPANCIES, SLUG, TITLES
from benchmarks.measure import Cost, answer_of, cost_of
from benchmarks.report import Row
from benchmarks.stage import stage, start
from sandbox.world import World

MOST_QUERIES, MOST_MS, MOST_TITLE_QUERIES = 12, 300, 25
MOST_SECONDS, MOST_MIB = 60, 200


def run() -> list[Row]:
    world = World(unlimited=True)
    world.add_account(SLUG)
    with stage(world) as environment:
        start(environment, "-m", "benchmarks.lists_worker", "fill").wait()
        pages = answer_of(start(environment, "-m", "benchmarks.lists_worker", "pages"))
        costs = {kind: cost_of(start(environment, "-m", "benchmarks.lists_worker", kind)) for kind in ("xlsx", "csv")}
    return [*_pages(pages), *(row for kind, cost in costs.items() for row in _export(kind, cost))]


def _pages(pages: dict[str, list[float]]) -> list[Row]:
    """One row for the slowest list and one for the busiest; `pages` are medians in ms and queries by name."""
    titles = [pages.pop(name) for name in ("title page", "title page, staff")]
    title = max(titles, key=lambda page: page[1])
    slowest = max(pages, key=lambda name: pages[name][0])
    busiest = max(pages, key=lambda name: pages[name][1])
    about = f"{TITLES:,} titles, {DISCREPANCIES:,} open discrepancies"
    return [
        Row(
            f"{about}: slowest of {len(pages)} list pages ({slowest}), median",
            f"{pages[slowest][0]:.0f} ms",
            f"≤ {MOST_MS} ms",
            pages[slowest][0] <= MOST_MS,
        ),
        Row(
            f"… most queries of a list page ({busiest})",
            f"{pages[busiest][1]:.0f}",
            f"≤ {MOST_QUERIES}",
            pages[busiest][1] <= MOST_QUERIES,
        ),
        Row(
            "… a title's page",
            f"{title[0]:.0f} ms, {title[1]:.0f} queries",
            f"≤ {MOST_TITLE_QUERIES} queries",
            title[1] <= MOST_TITLE_QUERIES,
        ),
    ]


def _export(kind: str, cost: Cost) -> list[Row]:
    return [
        Row(
            f"{TITLES:,} titles exported to {kind}",
            f"{cost.wall:.0f} s",
            f"≤ {MOST_SECONDS} s",
            cost.wall <= MOST_SECONDS,
        ),
        Row("… highest memory", f"{cost.peak_mib:.0f} MiB", f"≤ {MOST_MIB} MiB", cost.peak_mib <= MOST_MIB),
    ]
