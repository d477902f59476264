"""What a piece of work costs the process that does it; workers print it, benchmarks read it."""

import json
import resource
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from subprocess import Popen
from typing import Any


@dataclass(frozen=True)
class Cost:
    """Seconds of wall clock and of CPU (all threads and child processes), and the process's highest memory so far."""

    wall: float
    cpu: float
    peak_mib: float


def report_cost(work: Callable[[], object]) -> None:
    """Do `work` and print its cost as the last line of this worker."""
    wall, cpu = time.perf_counter(), _cpu()
    work()
    cost = Cost(time.perf_counter() - wall, _cpu() - cpu, _peak_mib())
    print(json.dumps(asdict(cost)), flush=True)


def page_cost(client: Any, url: str, rounds: int) -> tuple[float, int]:
    """Open a page so many times; return the median of its server time in milliseconds, and its queries."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    times, queries = [], 0
    for _round in range(rounds):
        with CaptureQueriesContext(connection) as captured:
            began = time.perf_counter()
            client.get(url)
            times.append((time.perf_counter() - began) * 1000)
        queries = len(captured)
    return median(times), queries


def cost_of(worker: Popen[str]) -> Cost:
    """Wait for a worker and return the cost that it printed. Raises `RuntimeError` when it failed."""
    return Cost(**answer_of(worker))


def answer_of(worker: Popen[str]) -> dict[str, Any]:
    """Wait for a worker and return what it printed last, as JSON. Raises `RuntimeError` when it failed."""
    output, _nothing = worker.communicate()
    if worker.returncode:
        raise RuntimeError(f"{worker.args!r} ended with {worker.returncode}")
    answer: dict[str, Any] = json.loads(output.splitlines()[-1])
    return answer


def _cpu() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _peak_mib() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(kib) / 1024
