"""What people order about customers of other systems: to send one again, which data count, whose contact it is."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations.domain.bodies import fingerprint_of
from integrations.domain.contact_merge import Side
from integrations.domain.delivery import DeliveryState, Outcome
from integrations.domain.reasons import Reason
from integrations.models import BlingAttempt, BlingConnection, CustomerWrite
from integrations.models.outbox import NO_REASON
from integrations.pipeline.customers.accept import contact_for
from integrations.pipeline.desk.refusal import Refused, need_reason
from integrations.pipeline.payables.accept import lock
from integrations.pipeline.payables.live import asking
from integrations.pipeline.payables.orders import contact_is, decided, decided_meanwhile, free

Decision = CustomerWrite.Decision
_ENDED = (DeliveryState.NEEDS_HUMAN, DeliveryState.READY, DeliveryState.IGNORED)


def send_again(*, customer: CustomerWrite, user: User, now: datetime) -> None:
    """Compare one with Bling again, and send what is to be sent. Raises `Refused` when it is on its way."""
    with transaction.atomic():
        row = _locked(customer)
        if row.state not in _ENDED:
            raise decided_meanwhile()
        if row.contact.bling_id is None:
            free(row.contact, now)
        _let_go(row, now, accepted_at=now, **decided(Decision.SEND_AGAIN, "", user, now))


def asked_of(customer: CustomerWrite) -> str:
    """Return a name for the fields that a person is asked about; another one once one of them changed."""
    agreed = customer.get_delivered()
    return fingerprint_of([difference.to_json() for difference in agreed.open]) if agreed is not None else ""


def choose(
    *, customer: CustomerWrite, asked: str, sides: Mapping[str, str], reason: str, user: User, now: datetime
) -> None:
    """Say for each field on which the two differ whose value counts (`sides`: "system", "bling"). `asked` names what
    the person saw. Raises `Refused` without a reason, or when that changed meanwhile."""
    need_reason(reason)
    with transaction.atomic():
        row = _locked(customer)
        agreed = row.get_delivered()
        if row.reason != Reason.FIELDS_DIFFER or agreed is None or asked_of(row) != asked:
            raise decided_meanwhile()
        choices = {
            one.field: {"side": Side(sides[one.field]).value, "system": one.system, "bling": one.bling}
            for one in agreed.open if sides.get(one.field)
        }  # fmt: skip
        if not choices:
            raise Refused("nothing", _("Choose the system's or Bling's for one field at least."))
        _let_go(row, now, choices=row.choices | choices, **decided(Decision.FIELDS, reason, user, now))


def contact_of(*, customer: CustomerWrite, contact_id: int, reason: str, user: User, now: datetime) -> None:
    """Say which contact of Bling one is, after a look at it; 0: none of those that Bling has, it is created. Raises
    `Refused` where that is not (any more) asked."""
    need_reason(reason)
    found = None
    if contact_id:
        with asking(customer.connection, timezone.now) as client:
            found = client.usable_contact(contact_id)
        if found is None:
            raise Refused("not_there", _("Bling has no contact with this number, or it is deleted or inactive there."))
    with transaction.atomic():
        row = _locked(customer)
        contact_is(row.contact, found, now)
        CustomerWrite.objects.filter(pk=row.pk).update(**decided(Decision.CONTACT, reason, user, now))


def is_other(*, customer: CustomerWrite, reason: str, user: User, now: datetime) -> None:
    """Say that a reference stands for another customer now: it is linked with the contact that has the CPF/CNPJ which
    the system says, found or created; the former contact stays as it is. Raises `Refused`."""
    need_reason(reason)
    with transaction.atomic():
        lock(customer.connection)
        row = _locked(customer)
        if row.state != DeliveryState.NEEDS_HUMAN or row.reason != Reason.DOCUMENT_DIFFERS:
            raise decided_meanwhile()
        _link_anew(row, now, **decided(Decision.OTHER, reason, user, now))


def look_anew(*, customer: CustomerWrite, reason: str, user: User, now: datetime) -> None:
    """Let one whose contact was deleted in Bling be found or created there again. Raises `Refused`."""
    need_reason(reason)
    with transaction.atomic():
        lock(customer.connection)
        row = _locked(customer)
        if row.state != DeliveryState.NEEDS_HUMAN or row.reason != Reason.CONTACT_GONE:
            raise decided_meanwhile()
        gone = type(row.contact).objects.filter(pk=row.contact.pk, bling_id=row.bling_id or row.contact.bling_id)
        gone.filter(state=DeliveryState.DELIVERED).update(
            bling_id=None, fence=row.contact.fence + 1, state=DeliveryState.READY, ready_at=now, tries=0, **NO_REASON
        )
        _link_anew(row, now, **decided(Decision.CONTACT, reason, user, now))


def changes_are_let(connection: BlingConnection, now: datetime) -> None:
    """Send what waited for contacts of an account to be changed."""
    waiting = {"state": DeliveryState.NEEDS_HUMAN, "reason": Reason.CONTACT_CHANGES_OFF}
    CustomerWrite.objects.filter(connection=connection, **waiting).update(
        state=DeliveryState.READY, ready_at=now, tries=0, **NO_REASON
    )


def leave_out(*, customer: CustomerWrite, reason: str, user: User, now: datetime) -> None:
    """Send no more of one, whatever its system says. Raises `Refused` without a reason, or while it is on its way."""
    need_reason(reason)
    with transaction.atomic():
        row = _locked(customer)
        states = (DeliveryState.READY, DeliveryState.NEEDS_HUMAN, DeliveryState.DELIVERED)
        if row.state not in states or row.attempts.filter(outcome__in=BlingAttempt.UNRESOLVED).exists():
            raise decided_meanwhile()
        values = {"state": DeliveryState.IGNORED, **NO_REASON, **decided(Decision.IGNORE, reason, user, now)}
        CustomerWrite.objects.filter(pk=row.pk).update(fence=row.fence + 1, **values)


def _link_anew(row: CustomerWrite, now: datetime, **values: Any) -> None:
    """Forget which contact one was, and how it stood with it."""
    wanted = row.get_desired()
    unknown = row.attempts.filter(outcome__in=BlingAttempt.UNRESOLVED)
    unknown.update(outcome=Outcome.TRANSIENT, ended_at=now, failure={"code": "not_there_twice", "service": "Bling"})
    _let_go(
        row, now, contact=contact_for(row.connection, wanted, now), document=wanted.document, bling_id=None,
        delivered=None, delivered_fingerprint="", seen=None, choices={}, accepted_at=now, fence=row.fence + 1, **values,
    )  # fmt: skip


def _let_go(row: CustomerWrite, now: datetime, **values: Any) -> None:
    """Let one be compared and sent: looked up first where its last write has no known outcome."""
    freed = {"state": DeliveryState.READY, "ready_at": now, "tries": 0, **NO_REASON, **values}
    CustomerWrite.objects.filter(pk=row.pk, state__in=_ENDED).update(**freed)


def _locked(customer: CustomerWrite) -> CustomerWrite:
    return CustomerWrite.objects.select_for_update(of=("self",)).select_related("contact", "connection").get(
        pk=customer.pk
    )  # fmt: skip
