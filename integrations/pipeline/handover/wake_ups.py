"""Wake-ups: which companies are looked at now for one kind of work, and when those are looked at next that have none.

`WakeUp` says who makes them due. A company that is due and has no work gets its next moment: the one at which time
alone makes something due, else a late one, since every other cause wakes it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery

from integrations.models import KaminoConnection, WakeUp
from integrations.models.subqueries import has_any
from integrations.pipeline.access.leases import LEASE
from integrations.pipeline.handover.due import Clock, Tenants, Turn

FALLBACK = timedelta(hours=6)
"""When a company is looked at again that nothing but a cause makes due."""
SOON = timedelta(seconds=2)
"""When one is looked at again for which somebody else makes a call."""
LOOK_AT = 10
"""Companies of one look: few, so that each is found by its key and not among all of them."""

Work = Callable[[tuple[int, ...], datetime], object]
"""What is done for some companies at a moment."""
Moments = Iterable[tuple[int, datetime | None]]
"""Companies and moments: the earliest one counts, `None` is none."""


@dataclass(frozen=True)
class Rhythm:
    """One kind of work that companies are woken for.

    `rows` are what makes it due for some companies, `tenant` names the company of such a row. `next_at` returns for
    some companies when time alone makes it due (of those that are left out: never). `is_leased`: a company for which
    a call is in flight is not looked at. `rotates`: those that stay due wait behind everybody else then.
    """

    kind: str
    rows: Callable[[datetime, Tenants], QuerySet[Any]]
    tenant: str
    next_at: Callable[[Sequence[int], datetime], Moments]
    is_leased: bool = False
    rotates: bool = True

    def due(self, now: datetime, tenants: Tenants) -> Sequence[QuerySet[Any]]:
        """Return the rows that say whether it is due: of some companies their own, of all of them the wake-ups."""
        if tenants is not None:
            return [self.rows(now, tenants)]
        # The first one in their order, which only the index has: else PostgreSQL may read all to find that none is.
        first = self._awake(now).order_by("due_at").values("pk")[:1]
        return [WakeUp.objects.filter(pk=Subquery(first))]

    def looks(self, clock: Clock, deadline: datetime) -> Iterator[tuple[int, ...]]:
        """Look until `deadline`, each time at companies that were not looked at yet. Each look is to be settled before
        the next one."""
        looked_at = set[int]()
        while tenants := tuple(each for each in self.to_look_at(clock()) if each not in looked_at):
            yield tenants
            looked_at.update(tenants)
            if clock() >= deadline:
                return

    def to_look_at(self, now: datetime) -> tuple[int, ...]:
        """Return the companies to look at now, the one first that waited longest."""
        rows = self._awake(now).order_by("due_at", "pk").values_list("tenant", flat=True)[:LOOK_AT]
        return tuple(dict.fromkeys(rows))

    def _awake(self, now: datetime) -> QuerySet[WakeUp]:
        rows = WakeUp.objects.due(self.kind, now)
        if not self.is_leased:
            return rows
        # A lease that is longer than a call is a pause.
        called = KaminoConnection.objects.filter(
            tenant=OuterRef("tenant"), lease_until__gte=now, lease_until__lte=now + LEASE
        )
        return rows.exclude(has_any(called))

    def settle(
        self,
        tenants: Collection[int],
        now: datetime,
        *,
        first: Work | None = None,
    ) -> None:
        """Give those of some companies that have no work (any more) the moment of their next look. One that somebody is
        just making due, or looks at, stays as it is. `first` is done before, in the same transaction, for those whom
        nobody else looks at."""
        with transaction.atomic():
            locked = WakeUp.objects.filter(tenant__in=tenants, kind=self.kind).select_for_update(skip_locked=True)
            by_tenant: dict[int, list[WakeUp]] = {}
            for row in locked.order_by("due_at", "pk"):
                by_tenant.setdefault(row.tenant_id, []).append(row)
            # Asked after the lock: what was committed before is seen, and what comes later wakes the company again.
            looked = [tenant for tenant, rows in by_tenant.items() if rows[0].due_at <= now]
            if first is not None:
                first(tuple(looked), now)
            found = self.rows(now, tuple(looked)).order_by().values_list(self.tenant, flat=True)
            busy = set(found) if looked else set()
            idle = [tenant for tenant in looked if tenant not in busy]
            moments = _earliest(self.next_at(idle, now)) if idle else {}
            kept = []
            for tenant in looked:
                row = by_tenant[tenant][0]
                if tenant not in busy:
                    at = moments.get(tenant, now + FALLBACK)
                    row.due_at = at if at >= now else now + FALLBACK
                elif self.rotates:
                    row.due_at = now
                kept.append(row)
            WakeUp.objects.bulk_update(kept, ["due_at"])
            others = [row.pk for tenant in looked for row in by_tenant[tenant][1:]]
            if others:
                WakeUp.objects.filter(pk__in=others).delete()

    def by_looking(self, work: Work) -> Callable[[Turn], bool]:
        """Return a step whose work leaves no row behind that says whether it was done: it ends the wake-ups of those
        for whom it is done, in one transaction. It makes no calls."""

        def look(turn: Turn) -> bool:
            for tenants in self.looks(turn.clock, turn.deadline):
                self.settle(tenants, turn.clock(), first=work)
            return False  # nothing follows from it

        return look

    def woken(self, step: Callable[[Turn], bool]) -> Callable[[Turn], bool]:
        """Return a step that works for the companies that are due, where it is not told for whom."""

        def work(turn: Turn) -> bool:
            if turn.tenant_ids is not None:
                return step(turn)
            for tenants in self.looks(turn.clock, turn.deadline):
                try:
                    if step(replace(turn, tenant_ids=tenants)):
                        return True
                finally:
                    self.settle(tenants, turn.clock())
            return False

        return work


def next_after_calls(kamino: KaminoConnection, now: datetime, at: datetime | None) -> datetime | None:
    """Return when a company is looked at next that has something to do at a moment (`None`: not by itself): while a
    call is in flight soon after, and not before the end of a pause."""
    until = kamino.lease_until
    if until is None or until <= now:
        return at
    if until > now + LEASE:  # no call in flight
        return max(until, at or until)
    soon = min(until, now + SOON)
    return soon if at is None or at <= now else min(soon, at)


def _earliest(moments: Moments) -> dict[int, datetime]:
    found: dict[int, datetime] = {}
    for tenant, at in moments:
        if at is not None:
            found[tenant] = min(at, found.get(tenant, at))
    return found
