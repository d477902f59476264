"""How long does finance wait for a spreadsheet of names, and what does a large one cost the worker that reads it?"""

from benchmarks.desk_worker import SLUG
from benchmarks.measure import Cost, cost_of
from benchmarks.report import Row
from benchmarks.stage import stage, start
from sandbox.world import World

LARGE, ON_SCREEN = 5_000, 200
MOST_SECONDS, MOST_MIB, MOST_SECONDS_ON_SCREEN = 30, 300, 2


def run() -> list[Row]:
    large, screen = _cost(LARGE, "file"), _cost(ON_SCREEN, "screen")
    return [
        Row(
            f"{LARGE:,} names: spreadsheet read, previewed and carried out in the background",
            f"{large.wall:.1f} s",
            f"≤ {MOST_SECONDS} s",
            large.wall <= MOST_SECONDS,
        ),
        Row(
            "… highest memory of the worker",
            f"{large.peak_mib:.0f} MiB",
            f"≤ {MOST_MIB} MiB",
            large.peak_mib <= MOST_MIB,
        ),
        Row(
            f"{ON_SCREEN} names: file sent, preview, carried out, desk shown again",
            f"{screen.wall:.2f} s",
            f"≤ {MOST_SECONDS_ON_SCREEN} s",
            screen.wall <= MOST_SECONDS_ON_SCREEN,
        ),
    ]


def _cost(names: int, part: str) -> Cost:
    world = World(unlimited=True)
    world.add_account(SLUG)
    with stage(world) as environment:
        start(environment, "-m", "benchmarks.desk_worker", "fill", str(names)).wait()
        return cost_of(start(environment, "-m", "benchmarks.desk_worker", part))
