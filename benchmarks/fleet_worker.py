"""One morning of a thousand companies on N workers, in virtual time and with the product's own numbers, as JSON."""

import json
import math
import sys
from collections.abc import Sequence
from random import Random

import django

from benchmarks.fleet_model import Company, Fleet, Policy

COMPANIES = 1_000
FIRST_LOADS = 3
LARGEST = 100_000
UNSETTLED, CHANGED = 0.1, 0.01
"""Shares of a company's titles that are open, and that change between two runs."""
RESYNCS = 300
FIRST_HOURS = 2 * 3600.0


def main() -> None:
    django.setup()
    policy = _policy(int(sys.argv[1]))
    everybody, others = _companies(first_loads=FIRST_LOADS), _companies(first_loads=0)
    bound, daily_bound = _bound(policy, everybody), _bound(policy, others)
    fleet, undisturbed = Fleet(policy, everybody, _resyncs()), Fleet(policy, others, _resyncs())
    fleet.run()
    undisturbed.run()
    daily, waits = everybody[: len(others)], sorted(fleet.waits)
    outcome = {
        "makespan": max(one.done_at for one in everybody),
        "bound": bound,
        "daily": max(one.done_at for one in daily),
        "daily_bound": daily_bound,
        "pull_delay": max(one.begun_at - same.begun_at for one, same in zip(daily, others, strict=True)),
        "resync_worst": waits[-1],
        "resync_median": waits[len(waits) // 2],
        "slice": policy.slice,
    }
    print(json.dumps(outcome))


def _policy(workers: int) -> Policy:
    from django.conf import settings

    from integrations import queue, tasks
    from integrations.bling.ahead import UNDER_WAY
    from integrations.pipeline.outbox.drain import LONGEST_NAP
    from integrations.pipeline.read import fetch
    from integrations.pipeline.run import tick

    limits, timeout = settings.LIMITS, int(settings.Q_CLUSTER["timeout"])  # type: ignore[call-overload]
    return Policy(
        workers=workers,
        threads=settings.TICK_THREADS,
        tick=timeout - tasks.CALL_DEADLINE - tasks.MARGIN,
        slice=settings.RUN_SLICE_SECONDS,
        drain=tick.DRAIN_SLICE.total_seconds(),
        drain_nap=LONGEST_NAP,
        idle_nap=tick.NAP,
        people_nap=tick.NAP,
        chunk=fetch.FIRST_CHUNK,
        under_way=UNDER_WAY,
        bling_interval=limits.bling_interval_ms / 1000,
        egress_interval=limits.bling_egress_interval_ms / 1000,
        kamino_interval=60 / limits.kamino_per_minute,
        most_waiting=queue.MOST_WAITING,
    )


def _companies(*, first_loads: int) -> list[Company]:
    """Return the same thousand companies every time, most of them small, and as many first loads as wanted."""
    rng = Random("fleet")
    daily = []
    for number in range(COMPANIES):
        titles = min(50 + int(rng.lognormvariate(math.log(1_500), 1.3)), LARGEST)
        daily.append(_daily(number, titles, due_at=rng.random() * 3600))
    return daily + [_first_load(COMPANIES + number) for number in range(first_loads)]


def _daily(number: int, titles: int, *, due_at: float) -> Company:
    """A run of a mirrored company: listings, partial titles and 2 % of the open ones again, and what changed."""
    unsettled, changed = titles * UNSETTLED, titles * CHANGED
    calls = math.ceil(12 + unsettled / 100 + unsettled * 0.04 + changed * 1.1)
    return Company(number, due_at, bling_calls=calls, kamino_units=math.ceil(changed), known_after=calls)


def _first_load(number: int) -> Company:
    """A first run: each title, a borderô for half of the paid ones, a contact for each tenth.

    What is open is read first, after the listings, and sent from then on.
    """
    pages, people, unsettled = LARGEST // 100, LARGEST // 10, int(LARGEST * UNSETTLED)
    calls = pages + LARGEST + (LARGEST - unsettled) // 2 + people
    return Company(number, 0.0, bling_calls=calls, kamino_units=unsettled, known_after=pages + unsettled + people)


def _resyncs() -> list[tuple[float, int]]:
    """Return when people press the button, and of which company."""
    rng = Random("people")
    return [(rng.random() * FIRST_HOURS, rng.randrange(COMPANIES)) for _ in range(RESYNCS)]


def _bound(policy: Policy, companies: Sequence[Company]) -> float:
    """Return when these companies could be done at best: no limit lets anybody be faster."""
    alone = max(
        one.due_at + max(one.bling_calls * policy.bling_interval, one.kamino_calls * policy.kamino_interval)
        for one in companies
    )
    calls, shared = 0, 0.0
    for one in sorted(companies, key=lambda company: -company.due_at):
        calls += one.bling_calls
        shared = max(shared, one.due_at + calls * policy.egress_interval)
    return max(alone, shared)


if __name__ == "__main__":
    main()
