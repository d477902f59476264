"""What people order about customers of other systems: to send one again, which data count, whose contact it is."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from integrations.domain.bodies import fingerprint_of
from integrations.domain.contact_merge import Side
from integrations.domain.delivery import DeliveryState, Outcome
from integrations.domain.payables import MOST_NAME
from integrations.domain.reasons import Reason
from integrations.models import ApiKey, BlingConnection, ContactWrite, CustomerWrite
from integrations.models.outbox import NO_REASON
from integrations.pipeline.customers.accept import bills_follow, contact_for
from integrations.pipeline.customers.doorway import live_key
from integrations.pipeline.desk.refusal import Refused, need_reason
from integrations.pipeline.payables.accept import lock
from integrations.pipeline.payables.live import contact_in_bling
from integrations.pipeline.payables.orders import contact_is, decided, decided_meanwhile, free, unresolved

Decision = CustomerWrite.Decision
OF_ANOTHER_CONTACT = (
    Reason.FIELDS_DIFFER, Reason.CONTACT_UNSURE, Reason.CONTACT_TAKEN, Reason.DOCUMENT_DIFFERS, Reason.CONTACT_GONE,
)  # fmt: skip
"""Why a person may say that a customer is another contact than the one that was found."""
_ENDED = (DeliveryState.NEEDS_HUMAN, DeliveryState.READY, DeliveryState.IGNORED)


def send_again(*, customer: CustomerWrite, user: User, now: datetime) -> None:
    """Compare one with Bling again, and send what is to be sent. Raises `Refused` when it is on its way."""
    with transaction.atomic():
        row = _locked(customer)
        if row.state not in _ENDED:
            raise decided_meanwhile()
        key = live_key(row, ApiKey.objects.that_send_customers())
        if row.contact.bling_id is None:
            free(row.contact, now)
        _let_go(row, now, accepted_at=now, api_key=key, **decided(Decision.SEND_AGAIN, "", user, now))


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
        if row.reason not in (Reason.FIELDS_DIFFER, Reason.CONTACT_UNSURE) or agreed is None or asked_of(row) != asked:
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
    found = contact_in_bling(customer.connection, contact_id)
    with transaction.atomic():
        lock(customer.connection)
        row = _locked(customer)
        values = decided(Decision.CONTACT if found else Decision.OTHER, reason, user, now)
        if row.contact.state == DeliveryState.NEEDS_HUMAN and row.bling_id is None:
            contact_is(row.contact, found, now, as_now=row.get_desired())
            CustomerWrite.objects.filter(pk=row.pk).update(**values)
            return
        if row.state != DeliveryState.NEEDS_HUMAN or row.reason not in OF_ANOTHER_CONTACT:
            raise decided_meanwhile()
        if found is None:
            _link_anew(row, now, contact=_own_contact(row, now), **values)
            return
        if row.document and found.document not in ("", row.document):
            raise Refused("other", _("This contact has another CPF/CNPJ."))
        taken = CustomerWrite.objects.filter(connection=row.connection_id, system=row.system, bling_id=found.bling_id)
        if taken.exclude(pk=row.pk).exists():
            raise Refused("taken", _("Another customer of the same system is this contact of Bling already."))
        _link_anew(row, now, contact=row.contact, bling_id=found.bling_id, **values)


def is_other(*, customer: CustomerWrite, reason: str, user: User, now: datetime) -> None:
    """Say that a reference stands for another customer now: it is linked with the contact that has the CPF/CNPJ which
    the system says, found or created; the former contact stays as it is. Raises `Refused`."""
    need_reason(reason)
    with transaction.atomic():
        lock(customer.connection)
        row = _locked(customer)
        if row.state != DeliveryState.NEEDS_HUMAN or row.reason != Reason.DOCUMENT_DIFFERS:
            raise decided_meanwhile()
        contact = contact_for(row.connection, row.get_desired(), now)
        if contact.bling_id == (row.bling_id or row.contact.bling_id):
            _look_again_for(contact, row, now)  # that contact has another one in Bling by now
        _link_anew(row, now, contact=contact, **decided(Decision.OTHER, reason, user, now))


def look_anew(*, customer: CustomerWrite, reason: str, user: User, now: datetime) -> None:
    """Let one whose contact was deleted in Bling be found or created there again. Raises `Refused`."""
    need_reason(reason)
    with transaction.atomic():
        lock(customer.connection)
        row = _locked(customer)
        if row.state != DeliveryState.NEEDS_HUMAN or row.reason != Reason.CONTACT_GONE:
            raise decided_meanwhile()
        if row.bling_id is None or row.contact.bling_id == row.bling_id:
            _look_again_for(row.contact, row, now)
        contact = contact_for(row.connection, row.get_desired(), now)
        _link_anew(row, now, contact=contact, **decided(Decision.LOOK, reason, user, now))


def _look_again_for(contact: ContactWrite, customer: CustomerWrite, now: datetime) -> None:
    """Let a contact be found or created again, as a customer is now, and as if nobody had said anything of it."""
    wanted = customer.get_desired()
    rows = ContactWrite.objects.filter(pk=contact.pk, state=DeliveryState.DELIVERED)
    rows.update(
        desired=wanted.to_json(), desired_fingerprint=wanted.fingerprint,
        bling_id=None, create_anyway=False, fence=contact.fence + 1, state=DeliveryState.READY, ready_at=now, tries=0,
        **NO_REASON,
    )  # fmt: skip


def _own_contact(row: CustomerWrite, now: datetime) -> ContactWrite:
    """Return a contact to be created for this customer alone, whoever is called as it is. Raises `Refused` for one with
    a CPF/CNPJ: Bling would refuse a second contact, or have two."""
    wanted = row.get_desired()
    if wanted.document:
        raise Refused("document", _("Bling has a contact with this CPF/CNPJ. Give its id."))
    return ContactWrite.objects.create(
        connection=row.connection, name=wanted.name, folded_name=f"#{row.system} {row.ref}"[:MOST_NAME],
        state=DeliveryState.READY, desired=wanted.to_json(), desired_fingerprint=wanted.fingerprint,
        create_anyway=True, ready_at=now, planned_at=now,
    )  # fmt: skip


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
        states = (DeliveryState.READY, DeliveryState.HELD, DeliveryState.NEEDS_HUMAN, DeliveryState.DELIVERED)
        if row.state not in states or unresolved(row).exists():
            raise decided_meanwhile()
        values = {
            "state": DeliveryState.IGNORED, "bling_id": None, "seen": None, **NO_REASON,
            **decided(Decision.IGNORE, reason, user, now),
        }  # fmt: skip
        CustomerWrite.objects.filter(pk=row.pk).update(fence=row.fence + 1, **values)


def _link_anew(row: CustomerWrite, now: datetime, **values: Any) -> None:
    """Forget which contact one was, and how it stood with it."""
    never_there = {"code": "not_there_twice", "service": "Bling"}
    unresolved(row).update(outcome=Outcome.TRANSIENT, ended_at=now, failure=never_there)
    nothing: dict[str, Any] = {
        "bling_id": None, "delivered": None, "delivered_fingerprint": "", "seen": None, "choices": {},
    }  # fmt: skip
    document = row.get_desired().document
    bills_follow(row, values["contact"])
    _let_go(row, now, **{**nothing, "document": document, "accepted_at": now, "fence": row.fence + 1, **values})


def _let_go(row: CustomerWrite, now: datetime, **values: Any) -> None:
    """Let one be compared and sent: looked up first where its last write has no known outcome."""
    freed = {"state": DeliveryState.READY, "ready_at": now, "tries": 0, **NO_REASON, **values}
    CustomerWrite.objects.filter(pk=row.pk, state__in=_ENDED).update(**freed)


def _locked(customer: CustomerWrite) -> CustomerWrite:
    """Return the row of a customer, locked. Raises `Refused` for one whose data were erased."""
    rows = CustomerWrite.objects.select_for_update(of=("self",)).select_related("contact", "connection")
    row = rows.get(pk=customer.pk)
    if not row.desired:
        raise Refused("erased", _("Its data were erased on request. Its system sends it again, if it may."))
    return row
