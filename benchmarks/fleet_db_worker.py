"""A worker on the fleet's database. `fill C T` makes C companies of T titles, `idle` prints what idle ticks cost."""

import json
import sys
import time
from dataclasses import asdict, dataclass
from datetime import timedelta
from statistics import median
from typing import Any

import django

ROUNDS = 9


@dataclass
class Idle:
    """Medians in milliseconds of an idle tick; the rows that its statements read, the most costly first."""

    wall: float
    cpu: float
    database: float
    statements: float
    costly: list[tuple[int, int, float, str]]


def main() -> None:
    django.setup()
    from benchmarks.fleet_rows import Fleet, fill

    if sys.argv[1] == "fill":
        fill(Fleet(int(sys.argv[2]), int(sys.argv[3])))
    else:
        print(json.dumps(asdict(_idle())), flush=True)


def _idle() -> Idle:
    from benchmarks.plans import plans_of_all_threads

    for _round in range(3):  # what is due without a cause is looked at once, and statements are prepared once
        _tick()
    costs = [_cost_of_a_tick() for _round in range(ROUNDS)]
    with plans_of_all_threads() as plans:
        _tick()
    plans.sort(key=lambda plan: -plan.read)
    shown = [(plan.read, plan.out, plan.milliseconds, plan.sql[:200]) for plan in plans[:20]]
    wall, cpu, waited, statements = (median(values) for values in zip(*costs, strict=True))
    return Idle(wall, cpu, waited, statements, shown)


def _tick() -> None:
    from django.utils import timezone

    from integrations.pipeline.run.tick import run_tick

    run_tick(clock=timezone.now, deadline=timezone.now() + timedelta(seconds=60))


def _cost_of_a_tick() -> tuple[float, float, float, float]:
    from django.db import connection

    waited: list[float] = []

    def timed(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        begin = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            waited.append(1000 * (time.perf_counter() - begin))

    wall, cpu = time.perf_counter(), time.process_time()
    with connection.execute_wrapper(timed):
        _tick()
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu), sum(waited), len(waited)


if __name__ == "__main__":
    main()
