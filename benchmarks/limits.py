"""Do many workers keep Bling's limits, and use what the limits allow? Counted by the sandbox, request by request."""

from benchmarks.report import Row
from benchmarks.stage import stage, start
from sandbox.world import World

SECONDS = 12.0
WORKERS = 8
ACCOUNTS = 40
INTERVAL = 0.35
EGRESS_INTERVAL = 0.023


def run() -> list[Row]:
    """Run both: eight processes on one account, and forty accounts behind one address."""
    return [*_one_account(), *_one_address()]


def _work(world: World, groups: list[list[str]]) -> None:
    with stage(world) as environment:
        workers = [
            start(environment, "-m", "benchmarks.limit_worker", str(SECONDS), ",".join(group)) for group in groups
        ]
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        for worker in workers:
            worker.communicate(timeout=SECONDS * 10)


def _most_within(times: list[float], seconds: float) -> int:
    times = sorted(times)
    most = first = 0
    for last, moment in enumerate(times):
        while moment - times[first] >= seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def _one_account() -> list[Row]:
    world = World(unlimited=False)
    account = world.add_account("uma")
    _work(world, [["uma"]] * WORKERS)
    times = list(account.bling.request_log)
    most = _most_within(times, 1.0)
    share = (len(times) - 1) * INTERVAL / (max(times) - min(times))
    refused = account.bling.refused[429]
    return [
        Row(f"{WORKERS} processes, one account: requests in any second", str(most), "≤ 3", most <= 3),
        Row(f"{WORKERS} processes, one account: refused with 429", str(refused), "0", refused == 0),
        Row(f"{WORKERS} processes, one account: share of the slots used", f"{share:.0%}", "≥ 95 %", share >= 0.95),
    ]


def _one_address() -> list[Row]:
    world = World(unlimited=False)
    slugs = [f"conta-{number}" for number in range(ACCOUNTS)]
    accounts = [world.add_account(slug) for slug in slugs]
    _work(world, [slugs[index::WORKERS] for index in range(WORKERS)])
    times = [moment for account in accounts for moment in account.bling.request_log]
    most = _most_within(times, 10.0)
    refused = sum(account.bling.refused[429] for account in accounts)
    return [
        Row(f"{ACCOUNTS} accounts behind one address: requests in any 10 s", str(most), "≤ 450", most <= 450),
        Row(f"{ACCOUNTS} accounts behind one address: refused with 429", str(refused), "0", refused == 0),
    ]
