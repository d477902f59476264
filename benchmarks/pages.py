"""What does a page cost when there are a million titles? Every list of the admin, as it opens and as people search it,
on the rows of a thousand companies: its time, its queries, and what its statements read."""

from typing import Any

from benchmarks.measure import answer_of
from benchmarks.plans import EACH, FREE
from benchmarks.report import Row
from benchmarks.stage import stage, start
from sandbox.world import World

COMPANIES, TITLES = 1_000, 1_000
MOST_MS, MOST_QUERIES, MOST_OF_A_TITLE = 300, 12, 28
MOST_FOUND, MOST_COUNTED = 20_000, 100_000
SEARCHED, COUNTS = "searched", "first page"
"""In the names of pages: what looks at a thousand titles of each way to find them, and what counts to five hundred for
each of its companies, however few of them are shown."""


def run() -> list[Row]:
    with stage(World(unlimited=True)) as environment:
        for arguments in (["fleet_db_worker", "fill", str(COMPANIES), str(TITLES)], ["pages_worker"]):
            answer: Any = answer_of(start(environment, "-m", f"benchmarks.{arguments[0]}", *arguments[1:]))
    return rows_of(answer)


def rows_of(pages: list[dict[str, Any]]) -> list[Row]:
    """Return what a worker found as rows: the slowest page, the busiest, and those that read too much."""
    slowest = max(pages, key=lambda page: page["milliseconds"])
    lists = [page for page in pages if not page["name"].startswith("title page")]
    busiest = max(lists, key=lambda page: page["queries"])
    title = max(page["queries"] for page in pages if page not in lists)
    dear = [page["name"] for page in pages if page["dear"] and is_bound(page["name"])]
    searched, counted = (max(page["worst"] for page in pages if word in page["name"]) for word in (SEARCHED, COUNTS))
    return [
        Row(
            f"{COMPANIES * TITLES:,} titles of {COMPANIES:,} companies: slowest of {len(pages)} pages"
            f" ({slowest['name']}), median",
            f"{slowest['milliseconds']:.0f} ms", f"≤ {MOST_MS} ms", slowest["milliseconds"] <= MOST_MS,
        ),
        Row(
            f"… most queries of a list ({busiest['name']})", f"{busiest['queries']}", f"≤ {MOST_QUERIES}",
            busiest["queries"] <= MOST_QUERIES,
        ),
        Row("… queries of a title's page", f"{title}", f"≤ {MOST_OF_A_TITLE}", title <= MOST_OF_A_TITLE),
        Row(
            f"… lists with a statement that reads more than {FREE} + {EACH} × the rows that it returns or shows"
            f"{': ' + ', '.join(dear) if dear else ''}",
            f"{len(dear)}", "0", not dear,
        ),
        Row(
            "… most rows that a statement of a search reads", f"{searched:,}", f"≤ {MOST_FOUND:,}",
            searched <= MOST_FOUND,
        ),
        Row(
            "… rows that the first page counts, of 60 companies", f"{counted:,}", f"≤ {MOST_COUNTED:,}",
            counted <= MOST_COUNTED,
        ),
    ]  # fmt: skip


def is_bound(name: str) -> bool:
    """Say whether what a page reads is bound by what it shows."""
    return SEARCHED not in name and COUNTS not in name
