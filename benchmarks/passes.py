"""One pass of our sync over one company, with everything that it did to both services and to the mirror counted."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import psycopg

from benchmarks.measure import Cost, cost_of
from benchmarks.stage import start
from sandbox.account import Account


@dataclass(frozen=True)
class Pass:
    """Requests to Bling by route, requests and writes to Kamino, rows written to the mirror, and the cost."""

    cost: Cost
    bling: Counter[str] = field(default_factory=Counter)
    kamino_requests: int = 0
    kamino_writes: int = 0
    mirror_writes: int = 0

    @property
    def requests(self) -> int:
        """Return all requests to Bling."""
        return self.bling.total()

    @property
    def details(self) -> int:
        """Return how many details of titles were read."""
        return self.bling["GET /contas/pagar/{id}"] + self.bling["GET /contas/receber/{id}"]

    @property
    def borderos(self) -> int:
        """Return how many borderôs were read."""
        return self.bling["GET /borderos/{id}"]

    def __str__(self) -> str:
        cost = self.cost
        return f"{self.requests:,} requests, {cost.wall:.1f} s, CPU {cost.cpu:.1f} s, {cost.peak_mib:.0f} MiB"


def sync(environment: Mapping[str, str], account: Account) -> Pass:
    """Sync one company from beginning to end in a worker of its own. Raises `RuntimeError` when it failed."""
    worker = start(environment, "-m", "benchmarks.sync_worker", account.slug)
    return counted(environment, account, lambda: cost_of(worker))


def counted(environment: Mapping[str, str], account: Account, work: Callable[[], Cost]) -> Pass:
    """Do `work` and count what it did."""
    bling, calls, writes = account.bling.calls.copy(), account.kamino.calls.total(), account.kamino.write_count
    rows = _mirror_writes(environment)
    cost = work()
    return Pass(
        cost,
        bling=account.bling.calls - bling,
        kamino_requests=account.kamino.calls.total() - calls,
        kamino_writes=account.kamino.write_count - writes,
        mirror_writes=_mirror_writes(environment) - rows,
    )


def _mirror_writes(environment: Mapping[str, str]) -> int:
    """Return how many rows of the mirror were ever inserted, updated or deleted, as PostgreSQL counted them."""
    tables = [f"integrations_{name}" for name in ("title", "payment", "person", "bordero")]
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        row = connection.execute(
            "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables WHERE relname = ANY(%s)", [tables]
        ).fetchone()
    return int(row[0]) if row else 0
