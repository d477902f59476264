"""A worker on the fleet's database. `fill C T` makes C companies of T titles beside those that are there, `work` does
all that is due and prints what its statements read, `idle` prints what a tick costs for which nothing is due."""

import json
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from statistics import median
from typing import Any

import django

from benchmarks.plans import Plan, plans_of_all_threads

ROUNDS = 15
MOST_TICKS = 40


def main() -> None:
    django.setup()
    from benchmarks.fleet_rows import Fleet, fill

    answer: dict[str, Any] = {}
    if sys.argv[1] == "fill":
        fill(Fleet(int(sys.argv[2]), int(sys.argv[3])))
    elif sys.argv[1] == "work":
        answer = _work()
    else:
        answer = _idle()
    print(json.dumps(answer), flush=True)


def _work() -> dict[str, Any]:
    with plans_of_all_threads() as plans:
        for _tick_number in range(MOST_TICKS):
            _tick()
            if not _is_anything_due():
                break
    worst: dict[str, Plan] = {}
    for plan in plans:
        last = worst.get(plan.shape)
        worst[plan.shape] = plan if last is None or plan.excess > last.excess else last
    dear = sorted((plan for plan in worst.values() if not plan.is_cheap), key=lambda plan: -plan.excess)
    return {"shapes": len(worst), "dear": [f"{plan.read} of {plan.out}: {plan.sql}" for plan in dear]}


def _is_anything_due() -> bool:
    from django.utils import timezone

    from integrations.pipeline.handover.due import due
    from integrations.pipeline.run.tick import KINDS

    return bool(due(KINDS, timezone.now()))


def _idle() -> dict[str, Any]:
    _tick()  # statements are prepared once
    costs = [_cost_of_a_tick() for _round in range(ROUNDS)]
    with plans_of_all_threads() as plans:
        _tick()
    wall, cpu, waited, statements = (median(values) for values in zip(*costs, strict=True))
    return {"wall": wall, "cpu": cpu, "database": waited, "statements": statements, "read": _shown(plans)}


def _shown(plans: Sequence[Plan]) -> list[dict[str, Any]]:
    return [{"read": plan.read, "out": plan.out, "sql": plan.sql[:200]} for plan in plans]


def _tick() -> None:
    from django.utils import timezone

    from integrations.pipeline.run.tick import run_tick

    run_tick(clock=timezone.now, deadline=timezone.now() + timedelta(seconds=60))


def _cost_of_a_tick() -> tuple[float, float, float, float]:
    """Return the wall clock, processor and database time of a tick in milliseconds, and its statements."""
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
