"""Bling as a destination of the outbox."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, QuerySet

from integrations.domain.delivery import DeliveryState, Outcome
from integrations.domain.reasons import Problem, Reason
from integrations.models import (
    BlingAttempt,
    BlingWriting,
    ContactWrite,
    CustomerWrite,
    OrderWrite,
    PayableWrite,
    SettlementWrite,
)
from integrations.models.bling_units import BlingUnit
from integrations.models.outbox import NO_REASON, stored
from integrations.pipeline.access.leases import CONFIG_PAUSE, LEASE
from integrations.pipeline.outbox.destination import Destination
from integrations.rest.session import TOTAL_TIMEOUT


def _pause(connection_id: int, failure: dict[str, str], until: datetime) -> None:
    BlingWriting.objects.filter(connection=connection_id).update(
        failure=failure, paused_until=until, lease_until=None, fence=F("fence") + 1
    )


_KINDS = {
    ContactWrite: "contacts", PayableWrite: "payables", SettlementWrite: "settlements", CustomerWrite: "customers",
    OrderWrite: "orders",
}  # fmt: skip


def _stop_kind(unit: BlingUnit, failure: dict[str, str], until: datetime) -> None:
    kind = _KINDS[type(unit)]  # the code names what is to be ticked
    refused = {f"{kind}_failure": {**failure, "code": f"no_{kind}"}, f"{kind}_wait_until": until}
    BlingWriting.objects.filter(connection=unit.connection_id).update(**refused)


def note_allowed(unit: BlingUnit) -> None:
    """Note that Bling lets what is of the kind of a unit be written."""
    kind = _KINDS[type(unit)]
    refused = BlingWriting.objects.filter(connection=unit.connection_id, **{f"{kind}_wait_until__isnull": False})
    refused.update(**{f"{kind}_failure": {}, f"{kind}_wait_until": None})


def refused_in_a_row(newest_first: QuerySet[BlingAttempt], most: int) -> bool:
    """Say whether Bling refused the last `most` of these writes that ended, one after the other."""
    last = newest_first.exclude(outcome="").values_list("outcome", flat=True)[:most]
    return list(last) == [Outcome.REJECTED.value] * most


def _store_anew(units: QuerySet[Any], now: datetime) -> None:
    """Store what is wanted as today's version would. What people entered needs no other plan; what another system said
    while a customer was on its way is sent next."""
    for unit in units:
        assert isinstance(unit, BlingUnit)
        desired = unit.get_desired()
        wanted = desired.completed(desired)
        type(unit).objects.filter(pk=unit.pk, desired_fingerprint=unit.desired_fingerprint).update(
            desired=wanted.to_json(), desired_fingerprint=wanted.fingerprint, ready_at=now, planned_at=now
        )
        if isinstance(unit, CustomerWrite | OrderWrite):
            _go_on(unit, now)


def _go_on(unit: CustomerWrite | OrderWrite, now: datetime) -> None:
    """Send what a system said meanwhile, or ask a person about what it and Bling do not agree on."""
    rows = type(unit)._default_manager.filter(pk=unit.pk)
    rows.filter(state=DeliveryState.HELD).update(state=DeliveryState.READY)
    last = unit.attempts.order_by("-pk").first()
    is_newer = last is not None and last.fingerprint != unit.desired_fingerprint
    if unit.state == DeliveryState.NEEDS_HUMAN and unit.reason != Reason.ANOTHER_ID and is_newer:
        # What was refused is no longer what the system says.
        rows.filter(state=DeliveryState.NEEDS_HUMAN).update(
            state=DeliveryState.READY, ready_at=now, tries=0, **NO_REASON
        )
    asked = _differs(unit) if unit.state == DeliveryState.DELIVERED else None
    if asked is not None:
        rows.filter(state=DeliveryState.DELIVERED).update(state=DeliveryState.NEEDS_HUMAN, **stored(asked, now))


def _differs(unit: CustomerWrite | OrderWrite) -> Problem | None:
    if isinstance(unit, OrderWrite):
        is_same = unit.shown_total in (None, unit.total)
        return None if is_same else Problem(Reason.TOTAL_DIFFERS, {"name": str(unit.shown_total)})
    agreed = unit.get_delivered()
    if agreed is None or not agreed.open:
        return None
    is_unsure = any(one.field == "name" and one.system == one.bling for one in agreed.open)
    return Problem(Reason.CONTACT_UNSURE if is_unsure else Reason.FIELDS_DIFFER)


def _may_settle(_unit: Any, _now: datetime) -> bool:
    return True  # what it settles is read right before it is sent (`settle.settle`)


BLING = Destination(
    service="Bling",
    lease=LEASE,
    longest_call=timedelta(seconds=TOTAL_TIMEOUT),
    config_pause=CONFIG_PAUSE,
    stop_kind=_stop_kind,
    pause_account=_pause,
    plan_again=_store_anew,
    may_settle=_may_settle,
)
