"""Causes: what is wrong with companies, judged from what is stored, for many of them at a time."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery

from integrations.domain.alerts import AlertCause
from integrations.domain.discrepancies import RISKS
from integrations.domain.title_lists import TitleList
from integrations.domain.titles import Direction
from integrations.models import (
    Alert,
    Attempt,
    BlingConnection,
    KaminoConnection,
    Posting,
    RestoreHold,
    StoredDiscrepancy,
    SyncRun,
    Tenant,
)
from integrations.models.confidential import WHOLE, Sight, marked_ids
from integrations.models.connections import EXPIRING_AFTER, ConnectionStatus
from integrations.pipeline.desk.restores import held_for_a_person
from integrations.pipeline.report.coverage import lacking_names
from integrations.pipeline.report.keys import causes_of_keys, next_unused
from integrations.pipeline.report.payables import causes_of_payables, next_late
from integrations.words.alerts import OF_TITLES, URGENT_CAUSES, alert_text

LATE_AFTER = timedelta(hours=36)
OF_WRITING = (
    AlertCause.WRITING, AlertCause.CUSTOMERS, AlertCause.BILLS, AlertCause.KEY_REFUSED, AlertCause.KEY_UNUSED
)  # fmt: skip
"""What only the accounts that are written to say."""
MOST_NAMED = 10
"""Numbers that one alert names, the newest first."""


@dataclass(frozen=True)
class Finding:
    """One cause for an alert; `params` are those of its sentence, without personal data, and of a cause that counts
    titles also "public": the same for who does not see confidential ones. `newest` grows with each new case of a cause
    that has several: each new one is mailed at once."""

    cause: AlertCause
    params: dict[str, Any] = field(default_factory=dict)
    connection: BlingConnection | None = None
    newest: int = 0

    def detail(self, sight: Sight) -> str:
        """Return the sentence: what happened and what to do."""
        return alert_text(self.cause, self.params, is_whole=sight.is_whole)


def find_causes(tenants: Collection[Tenant], *, now: datetime) -> Mapping[int, list[Finding]]:
    """Return what is wrong with each of some companies, the worst first. A dozen statements, however many they are."""
    found: dict[int, list[Finding]] = {tenant.pk: [] for tenant in tenants}
    by_pk = {tenant.pk: tenant for tenant in tenants}
    kaminos = {row.pk: row for row in KaminoConnection.objects.filter(tenant__in=by_pk)}
    connections: list[Any] = list(connections_of(by_pk))
    for tenant_id, finding in (
        *_of_connections(connections, runs_of(row.last_run for row in connections), now),
        *_of_kaminos(kaminos.values(), by_pk),
        *_of_titles(kaminos),
        *((pk, Finding(cause, params)) for pk, cause, params in causes_of_payables(by_pk, now)),
        *((pk, Finding(cause, params)) for pk, cause, params in causes_of_keys(by_pk, now)),
    ):
        found[tenant_id].append(finding)
    return _worst_first(found)


def told_causes(
    tenants: Collection[Tenant], *, connections: Iterable[Any], runs: Mapping[int, SyncRun],
    kaminos: Iterable[KaminoConnection], now: datetime,
) -> Mapping[int, list[Finding]]:  # fmt: skip
    """Return the same of companies whose connections (`connections_of`) are at hand, without a look at their titles:
    of these, what the alerts say."""
    found: dict[int, list[Finding]] = {tenant.pk: [] for tenant in tenants}
    by_pk = {tenant.pk: tenant for tenant in tenants}
    for tenant_id, finding in (
        *_of_connections(connections, runs, now),
        *_of_kaminos(kaminos, by_pk),
        *_of_alerts(by_pk),
    ):
        found[tenant_id].append(finding)
    return _worst_first(found)


def _worst_first(found: Mapping[int, Iterable[Finding]]) -> dict[int, list[Finding]]:
    return {pk: sorted(causes, key=lambda each: each.cause not in URGENT_CAUSES) for pk, causes in found.items()}


def next_causes(tenant_ids: Sequence[int], now: datetime) -> Iterator[tuple[int, datetime | None]]:
    """Return when time alone gives each of some companies another cause."""
    for connection in connections_of(tenant_ids):
        if connection.status == ConnectionStatus.CONNECTED:
            yield connection.tenant_id, _done_at(connection) + LATE_AFTER
        if connection.status in (ConnectionStatus.CONNECTED, ConnectionStatus.PAUSED) and hasattr(connection, "token"):
            yield connection.tenant_id, connection.token.refreshed_at + EXPIRING_AFTER
    yield from next_unused(tenant_ids)
    yield from next_late(tenant_ids, now)


def connections_of(tenant_ids: Collection[int]) -> QuerySet[BlingConnection]:
    """Return the Bling connections of some companies, with the key of the last run that ended (`last_run`), and when
    the last complete one did (`done_at`)."""
    runs = SyncRun.objects.filter(connection=OuterRef("pk"))
    last = runs.exclude(state=SyncRun.State.OPEN).order_by("-due_at", "-pk")
    done = runs.filter(state=SyncRun.State.DONE).order_by("-pk")
    return (
        BlingConnection.objects.filter(tenant__in=tenant_ids)
        .select_related("token")
        .annotate(last_run=Subquery(last.values("pk")[:1]), done_at=Subquery(done.values("ended_at")[:1]))
        .order_by("label", "pk")
    )


def _done_at(connection: Any) -> datetime:
    """Return when the last complete run of one of `connections_of` ended, or when it was added."""
    moment: datetime = connection.done_at or connection.created_at
    return moment


def runs_of(keys: Iterable[int | None]) -> dict[int, SyncRun]:
    """Return some runs by their keys, as `is_failed` and `error` need them."""
    runs = SyncRun.objects.filter(pk__in={key for key in keys if key}).with_authorization()
    return runs.defer("cursor", "failure_notes").in_bulk()


def _of_connections(
    connections: Iterable[Any], runs: Mapping[int, SyncRun], now: datetime
) -> Iterator[tuple[int, Finding]]:
    for connection in connections:
        named = {"label": connection.label}
        if connection.status == ConnectionStatus.RECONNECT:
            yield connection.tenant_id, Finding(AlertCause.RECONNECT, named, connection)
        elif connection.status == ConnectionStatus.HELD:
            params = {**named, "company": connection.company_name}
            yield connection.tenant_id, Finding(AlertCause.HELD, params, connection)
        elif connection.status in (ConnectionStatus.CONNECTED, ConnectionStatus.PAUSED):
            if connection.is_expiring(now):
                yield connection.tenant_id, Finding(AlertCause.EXPIRING, named, connection)
            if connection.status != ConnectionStatus.CONNECTED:
                continue
            run = runs.get(connection.last_run)
            if run is not None and run.is_failed:
                params = {**named, "failure": run.failure}
                yield connection.tenant_id, Finding(AlertCause.RUN_FAILED, params, connection)
            elif _done_at(connection) < now - LATE_AFTER:
                yield connection.tenant_id, Finding(AlertCause.LATE, named, connection)


def _of_kaminos(kaminos: Iterable[KaminoConnection], tenants: Mapping[int, Tenant]) -> Iterator[tuple[int, Finding]]:
    for kamino in kaminos:
        tenant = tenants[kamino.tenant_id]
        if kamino.failure:
            yield tenant.pk, Finding(AlertCause.KAMINO, {"failure": kamino.failure})
        if not tenant.is_live or kamino.reconciled_at is None:
            continue
        # What holds back the directions that are synced, because their lists are not known or cannot be read.
        synced = [direction for direction in Direction if tenant.syncs(direction)]
        unknown = [direction for direction in synced if kamino.title_lists[direction] is TitleList.UNKNOWN]
        failing = [direction for direction in synced if direction in kamino.failing_lists]
        if unknown:
            yield tenant.pk, Finding(AlertCause.LIST_UNKNOWN, {"directions": unknown})
        if failing:
            params = {"directions": failing, "failure": kamino.failing_lists[failing[0]]}
            yield tenant.pk, Finding(AlertCause.LIST_FAILED, params)


def _of_alerts(tenants: Mapping[int, Tenant]) -> Iterator[tuple[int, Finding]]:
    told = Alert.objects.filter(tenant__in=tenants, closed_at=None, cause__in=(*OF_TITLES, *OF_WRITING)).order_by("pk")
    for alert in told:
        yield alert.tenant_id, Finding(AlertCause(alert.cause), alert.params, newest=alert.newest)


_Of = dict[tuple[int, AlertCause], tuple[dict[str, Any], int]]
"""By Kamino connection and cause: the parameters, and the newest case."""


def _of_titles(kaminos: Mapping[int, KaminoConnection]) -> Iterator[tuple[int, Finding]]:
    """Count what is wrong with titles, and once more without the confidential ones, where there are any."""
    marked = marked_ids()
    every = _count(kaminos, WHOLE)
    public = _count(kaminos, Sight(is_whole=False, marked=marked)) if every and marked else every
    for (kamino, cause), (params, newest) in every.items():
        told = public.get((kamino, cause), (None, 0))[0]
        yield kaminos[kamino].tenant_id, Finding(cause, {**params, "public": told}, newest=newest)


def _count(kaminos: Mapping[int, KaminoConnection], sight: Sight) -> _Of:
    found: _Of = {}
    mine = Q(posting__kamino_connection__in=kaminos)
    risky = sight.of(StoredDiscrepancy.objects.filter(mine, kind__in=RISKS, closed_at=None))
    by_kamino = risky.order_by().values("posting__kamino_connection").annotate(count=Count("pk"), newest=Max("pk"))
    for kamino, count, newest in by_kamino.values_list("posting__kamino_connection", "count", "newest"):
        found[kamino, AlertCause.DOUBLE_PAYMENT] = {"count": count}, newest
    surplus: dict[int, list[tuple[int, int]]] = {}
    attempts = sight.of(Attempt.objects.filter(Attempt.HAS_SURPLUS, kamino_connection__in=kaminos)).order_by("-pk")
    for kamino, number, pk in attempts.values_list("kamino_connection", "surplus_id", "pk"):
        surplus.setdefault(kamino, []).append((number, pk))
    for kamino, numbers in surplus.items():
        ids = ", ".join(str(number) for number, _pk in numbers[:MOST_NAMED])
        found[kamino, AlertCause.SURPLUS] = {"ids": ids}, numbers[0][1]
    holds = RestoreHold.objects.filter(RestoreHold.OPEN, kamino_connection__in=kaminos)
    for kamino, newest in holds.order_by().values_list("kamino_connection").annotate(newest=Max("pk")):
        titles = sight.of(Posting.objects.filter(held_for_a_person(), kamino_connection=kamino)).count()
        found[kamino, AlertCause.RESTORED] = {"titles": titles}, newest
    for kamino, names, titles in lacking_names(kaminos, sight):
        found[kamino, AlertCause.UNMAPPED] = {"names": names, "titles": titles}, 0
    return found
