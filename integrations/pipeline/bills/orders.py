"""What people order about bills of other systems: to send one again, also over changes in Bling; it is there, or not;
never."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations.bling.client import BlingClient
from integrations.bling.whole_orders import WholeOrder
from integrations.domain.delivery import DeliveryState
from integrations.domain.reasons import Reason
from integrations.models import ApiKey, BlingAttempt, OrderWrite
from integrations.models.outbox import NO_REASON
from integrations.pipeline.customers.doorway import live_key
from integrations.pipeline.desk.refusal import Refused, need_reason
from integrations.pipeline.payables.live import asking, contact_in_bling, still_there
from integrations.pipeline.payables.orders import (
    call_absent,
    contact_is,
    decided,
    decided_meanwhile,
    free,
    link,
    unresolved,
)
from integrations.rest.errors import NotFoundError

Decision = OrderWrite.Decision


def send_again(*, bill: OrderWrite, user: User, now: datetime) -> None:
    """Send one that is stuck, or that waited too long, once more. What may have happened is looked up before. Raises
    `Refused` when it is not (any more) to be sent."""
    with transaction.atomic():
        row = _locked(bill)
        if row.state not in (DeliveryState.NEEDS_HUMAN, DeliveryState.READY):
            raise decided_meanwhile()
        key = live_key(row, ApiKey.objects.that_send_bills())
        if row.contact.bling_id is None:
            free(row.contact, now)
        free(row, now, accepted_at=now, api_key=key, **decided(Decision.SEND_AGAIN, "", user, now))


def overwrite(*, bill: OrderWrite, reason: str, user: User, now: datetime) -> None:
    """Send one over what somebody changed of its order in Bling. Raises `Refused` without a reason, or where that is
    not (any more) asked."""
    need_reason(reason)
    with transaction.atomic():
        row = _locked(bill)
        if row.state != DeliveryState.NEEDS_HUMAN or row.reason != Reason.ORDER_CHANGED:
            raise decided_meanwhile()
        free(row, now, accepted_at=now, **decided(Decision.OVERWRITE, reason, user, now))


def contact_of(*, bill: OrderWrite, contact_id: int, reason: str, user: User, now: datetime) -> None:
    """Say which contact of Bling its customer is, after a look at it; 0: none of those that Bling has, it is created.
    Raises `Refused` where that is not (any more) asked."""
    need_reason(reason)
    found = contact_in_bling(bill.connection, contact_id)
    with transaction.atomic():
        row = _locked(bill)
        contact_is(row.contact, found, now)
        OrderWrite.objects.filter(pk=row.pk).update(**decided(Decision.SEND_AGAIN, reason, user, now))


def is_there(*, bill: OrderWrite, bling_id: int, reason: str, user: User, now: datetime) -> None:
    """Link a bill with the order that a person found in Bling, after a look at it: what it is compares with what the
    bill is next. Raises `Refused`, also while Bling has another one of it."""
    need_reason(reason)
    surplus = bill.attempts.filter(BlingAttempt.HAS_SURPLUS).exclude(surplus_id=bling_id)
    numbers = [attempt.surplus_id or 0 for attempt in surplus]
    with asking(bill.connection, timezone.now) as client:
        whole = _order(client, bling_id)
        there = [number for number in numbers if _order(client, number) is not None]
    if whole is None:
        raise Refused("not_there", _("Bling has no order with this id."))
    if there:
        raise still_there(there)
    with transaction.atomic():
        row = _locked(bill)
        others = OrderWrite.objects.filter(connection=row.connection_id, bling_id=bling_id).exclude(pk=row.pk)
        if row.state != DeliveryState.NEEDS_HUMAN or others.exists():
            raise decided_meanwhile()
        before = row.get_delivered()
        totals = {row.total, before.total if before else row.total}
        if whole.total not in totals or whole.contact_id != row.known_contact:
            raise Refused("other", _("The order with this id has another customer or total."))
        link(row, bling_id, now, **decided(Decision.IS_THERE, reason, user, now))
        # Nobody has compared the rest yet: equal, nothing is sent; else a person is asked before it is.
        unread = {"delivered": None, "delivered_fingerprint": "", "shown_digest": "", "shown_total": None}
        OrderWrite.objects.filter(pk=row.pk).update(state=DeliveryState.READY, ready_at=now, **unread)
        surplus.update(surplus_gone_at=now)


def _order(client: BlingClient, bling_id: int) -> WholeOrder | None:
    try:
        return client.whole_order(bling_id)
    except NotFoundError:
        return None


def is_not_there(*, bill: OrderWrite, reason: str, user: User, now: datetime) -> None:
    """A person looked in Bling, and it is not there: it is sent again. Raises `Refused` without a reason, or where
    nothing is unknown."""
    need_reason(reason)
    with transaction.atomic():
        row = _locked(bill)
        if row.state != DeliveryState.NEEDS_HUMAN or not unresolved(row).exists():
            raise decided_meanwhile()
        call_absent(row, now, **decided(Decision.NOT_THERE, reason, user, now))


def leave_out(*, bill: OrderWrite, reason: str, user: User, now: datetime) -> None:
    """Send no more of one, whatever its system says. Raises `Refused` without a reason, or while it is on its way."""
    need_reason(reason)
    with transaction.atomic():
        row = _locked(bill)
        states = (DeliveryState.READY, DeliveryState.HELD, DeliveryState.NEEDS_HUMAN, DeliveryState.DELIVERED)
        if row.state not in states or unresolved(row).exists():
            raise Refused("sent", _("It was sent, or may have been: look in Bling, and say whether it is there."))
        values = {**NO_REASON, "state": DeliveryState.IGNORED}
        OrderWrite.objects.filter(pk=row.pk).update(
            fence=row.fence + 1, **values, **decided(Decision.IGNORE, reason, user, now)
        )


def _locked(bill: OrderWrite) -> OrderWrite:
    """Return the row of a bill, locked. Raises `Refused` for one whose data were erased."""
    rows = OrderWrite.objects.select_for_update(of=("self",)).select_related("contact", "customer", "connection")
    row = rows.get(pk=bill.pk)
    if not row.desired:
        raise Refused("erased", _("Its data were erased on request. Its system sends it again, if it may."))
    return row
