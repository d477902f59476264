"""What a sync did, as numbers: for `manage.py sync --json`, and its exit code."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import datetime

from integrations.domain.delivery import DeliveryState, Operation
from integrations.domain.reasons import Problem
from integrations.models import Attempt, BlingConnection, KaminoConnection, Posting, RateLimit, SyncRun, Tenant
from integrations.models.confidential import WHOLE, Sight
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.access.rate_limits import bling_key, kamino_key

_DONE = ("delivered", "adopted")


@dataclass(frozen=True)
class Counters:
    """Requests ever made for a company, by service; the difference of two is what lay between."""

    bling: int
    kamino: int


@dataclass(frozen=True)
class Written:
    """How many titles Kamino took, by what was done; a title that was created paid counts as both."""

    created: int
    updated: int
    cancelled: int
    settled: int


@dataclass
class Report:
    """One company's sync. `held` counts reasons; `errors` counts runs, reads and writes that failed."""

    tenant: str
    bling_requests: int = 0
    kamino_requests: int = 0
    titles: dict[str, int] = field(default_factory=dict)
    created: int = 0
    updated: int = 0
    settled: int = 0
    cancelled: int = 0
    held: dict[str, int] = field(default_factory=dict)
    needs_human: int = 0
    errors: int = 0
    messages: list[str] = field(default_factory=list)
    is_synced: bool = True

    @property
    def exit_code(self) -> int:
        if not self.is_synced:
            return 2
        waiting = self.needs_human or self.titles.get(DeliveryState.UNCERTAIN) or self.errors
        return 1 if waiting or self.messages else 0

    def to_json(self) -> dict[str, object]:
        data = asdict(self)
        del data["is_synced"]
        return data

    def to_text(self) -> str:
        states = ", ".join(f"{count} {state}" for state, count in self.titles.items())
        held = ", ".join(f"{count} {reason}" for reason, count in self.held.items())
        lines = [
            f"{self.tenant}: {self.created} created, {self.updated} updated, {self.settled} settled, "
            f"{self.cancelled} cancelled; {states or 'no titles'}",
            f"  requests: {self.bling_requests} Bling, {self.kamino_requests} Kamino",
        ]
        lines += [f"  held: {held}"] if held else []
        return "\n".join(lines + [f"  {message}" for message in self.messages])


def counters(tenant: Tenant) -> Counters:
    """Return how many requests were ever made for a company."""
    connections = BlingConnection.objects.filter(tenant=tenant)
    keys = {bling_key(connection) for connection in connections}
    keys |= {f"bling:connection-{connection.pk}" for connection in connections}
    kamino = KaminoConnection.objects.filter(tenant=tenant).first()
    return Counters(
        bling=sum(RateLimit.objects.total(key) for key in keys),
        kamino=RateLimit.objects.total(kamino_key(kamino)) if kamino else 0,
    )


def report_since(tenant: Tenant, since: datetime, before: Counters) -> Report:
    """Report what happened to a company's titles since a moment."""
    now = counters(tenant)
    report = Report(tenant.slug, now.bling - before.bling, now.kamino - before.kamino)
    postings = Posting.objects.filter(kamino_connection__tenant=tenant)
    report.titles = dict(Counter(postings.values_list("state", flat=True)))
    reasons: Counter[str] = Counter()
    for problems in postings.exclude(problems=[]).values_list("problems", flat=True):
        found = [Problem.from_json(problem) for problem in problems]
        reasons.update(problem.code.value for problem in found)
    report.held = dict(reasons)
    held = postings.filter(state=DeliveryState.HELD).values_list("problems", flat=True)
    report.needs_human = postings.filter(state=DeliveryState.NEEDS_HUMAN).count() + sum(
        any(Problem.from_json(problem).needs_human for problem in problems) for problems in held
    )
    _count_attempts(report, tenant, since)
    _judge_connections(report, tenant, since)
    return report


def _count_attempts(report: Report, tenant: Tenant, since: datetime) -> None:
    done = written_since(tenant, since, WHOLE)
    report.created, report.updated, report.settled, report.cancelled = (
        done.created, done.updated, done.settled, done.cancelled,
    )  # fmt: skip
    attempts = Attempt.objects.filter(kamino_connection__tenant=tenant, started_at__gte=since)
    report.errors = attempts.exclude(outcome__in=("", *_DONE)).count()


def written_since(tenant: Tenant, since: datetime, sight: Sight, until: datetime | None = None) -> Written:
    """Count what Kamino was found to have taken of a company's titles since a moment, whenever it was sent, of those
    that a reader sees."""
    rows = Attempt.objects.filter(kamino_connection__tenant=tenant, ended_at__gte=since, outcome__in=_DONE)
    attempts = sight.of(rows)
    attempts = attempts if until is None else attempts.filter(ended_at__lt=until)
    rows = attempts.exclude(operation=Operation.SAVE_PERSON)
    operations = Counter(rows.values_list("operation", flat=True))
    return Written(
        operations[Operation.CREATE], operations[Operation.UPDATE], operations[Operation.CANCEL],
        rows.filter(settles=True).count(),
    )  # fmt: skip


def _judge_connections(report: Report, tenant: Tenant, since: datetime) -> None:
    """A company is synced when each of its connections has finished a run since, and Kamino could be reached."""
    connections = list(BlingConnection.objects.filter(tenant=tenant))
    if not connections:
        report.is_synced = False
        report.messages.append("no Bling connection")
    for connection in connections:
        run = SyncRun.objects.filter(connection=connection, due_at__gte=since).order_by("-pk").first()
        run = run or SyncRun.objects.filter(connection=connection, ended_at__gte=since).order_by("-pk").first()
        if connection.status != ConnectionStatus.CONNECTED or run is None or run.state != SyncRun.State.DONE:
            report.is_synced = False
            cause = (run.error if run else "") or connection.status_cause
            report.messages.append(f"{connection.label}: {connection.status_text()}. {cause}".strip())
        if run is not None:
            report.errors += run.failures
    kamino = KaminoConnection.objects.filter(tenant=tenant).first()
    if kamino is None or kamino.error:
        report.is_synced = False
        report.messages.append(kamino.error if kamino else "no Kamino connection")
