"""Send one customer of another system: its contact is in Bling, is read, and gets what the system alone changed."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import structlog
from django.db.models import OuterRef, Q

from integrations.bling.client import BlingClient
from integrations.bling.contacts import WholeContact
from integrations.bling.writer import BlingWriter
from integrations.domain.contact_merge import FIELDS, Agreed, Difference, Merged, Side, merge
from integrations.domain.delivery import Operation, Outcome
from integrations.domain.payables import DesiredContact
from integrations.domain.reasons import Reason
from integrations.models import BlingAttempt, BlingWriting, CustomerWrite
from integrations.models.subqueries import has_any
from integrations.pipeline.access import failpoints
from integrations.pipeline.outbox import record
from integrations.pipeline.outbox.claim import claim
from integrations.pipeline.outbox.destination import Clock
from integrations.pipeline.outbox.lookup import LookUp
from integrations.pipeline.to_bling.bling import BLING, note_allowed
from integrations.pipeline.to_bling.contact_types import CUSTOMER, types_named
from integrations.rest.errors import ApiError, ConflictError, NotFoundError

log = structlog.get_logger(__name__)

MOST_REFUSED, STOPPED_FOR = 5, timedelta(minutes=5)
"""So many customers of an account that Bling refused one after the other keep the rest back for a while: errors count
against the address of all."""


def send_customer(client: BlingClient, writer: BlingWriter, unit: CustomerWrite, *, clock: Clock) -> None:
    """Claim one customer, compare it with its contact, and change that where the system said something new."""
    claimed = claim(unit, Operation.UPDATE, settles=False, now=clock(), to=BLING)
    if claimed is None:
        return
    with record.outcome_of(claimed, clock):
        wanted, whole = unit.get_desired(), _contact_of(client, unit)
        merged, type_ids = _compared(unit, wanted, whole), _types(unit, whole)
        outcome = Outcome.UNCHANGED
        if (merged.contact, type_ids) != (whole.contact, whole.type_ids):
            _check_let(unit)
            may_send = partial(record.may_send, claimed, clock, merged.contact)
            writer.change_contact(whole, merged.contact, type_ids=type_ids, may_send=may_send)
            note_allowed(unit)
            whole, outcome = _read_back(client, whole, merged.contact), Outcome.DELIVERED
        held = Agreed(wanted, whole.contact, (*merged.differences, *_not_kept(merged, whole)))
        record.delivered(claimed, remote_id=whole.bling_id, held=held, now=clock(), outcome=outcome)
    stop_after_refusals(unit.connection_id, clock())


def look_for(client: BlingClient, unit: CustomerWrite, look: LookUp) -> None:
    """Find out whether a change happened whose answer was lost: Bling shows what was sent. Where it does not, it is
    compared and sent again: a change that is made twice is one."""
    try:
        whole = _contact_of(client, unit)
    except ConflictError:
        look.absent()  # what is in its way is met, and told, when it is sent again
        return
    failpoints.passed("lookup.read")
    sent = DesiredContact.from_json(look.attempt.was_sent)
    wanted = DesiredContact.from_json(look.attempt.body)
    if any(getattr(whole.contact, name) != getattr(sent, name) for name in FIELDS):
        look.absent()
        return
    look.adopt(Agreed(wanted, whole.contact, _merged(unit, wanted, whole).differences), whole.bling_id)


def stop_after_refusals(connection_id: int, now: datetime) -> None:
    """Keep the customers of an account back for a while where Bling refused the last ones, one after the other."""
    customers = CustomerWrite.objects.filter(connection=connection_id)
    of_one = Q(has_any(customers.filter(contact=OuterRef("contact"))))
    ended = BlingAttempt.objects.filter(Q(customer__isnull=False) | of_one, connection=connection_id)
    last = ended.exclude(outcome="").order_by("-started_at", "-pk").values_list("outcome", flat=True)[:MOST_REFUSED]
    if list(last) == [Outcome.REJECTED.value] * MOST_REFUSED:
        stopped = {"customers_failure": {"code": "refused_in_a_row", "service": BLING.service}}
        BlingWriting.objects.filter(connection=connection_id).update(**stopped, customers_wait_until=now + STOPPED_FOR)


def _contact_of(client: BlingClient, unit: CustomerWrite) -> WholeContact:
    """Return the contact of a customer as Bling shows it. Raises `ConflictError` where it is gone, has another CPF/CNPJ
    than the system says, or is another customer of the same system already."""
    wanted, contact_id = unit.get_desired(), unit.bling_id or unit.contact.bling_id or 0
    if unit.document and wanted.document and unit.document != wanted.document:
        raise _conflict(Reason.DOCUMENT_DIFFERS)
    same = CustomerWrite.objects.filter(connection=unit.connection_id, system=unit.system, bling_id=contact_id)
    if same.exclude(pk=unit.pk).exists():
        raise _conflict(Reason.CONTACT_TAKEN)
    try:
        whole = client.whole_contact(contact_id)
    except NotFoundError as error:
        raise _conflict(Reason.CONTACT_GONE) from error
    if whole.is_deleted:
        raise _conflict(Reason.CONTACT_GONE)
    if wanted.document and whole.contact.document not in ("", wanted.document):
        raise _conflict(Reason.DOCUMENT_DIFFERS)
    return whole


def _compared(unit: CustomerWrite, wanted: DesiredContact, whole: WholeContact) -> Merged:
    """Compare a customer with its contact, and keep what came of it for people to see."""
    merged = _merged(unit, wanted, whole)
    seen = {
        "shown": whole.contact.to_json(), "wanted": merged.contact.to_json(),
        "differences": [difference.to_json() for difference in merged.differences],
    }  # fmt: skip
    CustomerWrite.objects.filter(pk=unit.pk).update(seen=seen)
    return merged


def _merged(unit: CustomerWrite, wanted: DesiredContact, whole: WholeContact) -> Merged:
    before, made = unit.get_delivered(), _made_as(unit)
    if before is None and made is not None:
        before = Agreed(made, whole.contact)  # as Bling writes what we created
    prefers = Side(unit.api_key.prefers) if unit.api_key.prefers else None
    is_chosen = unit.decision == CustomerWrite.Decision.CONTACT
    has_same_document = bool(wanted.document) and whole.contact.document == wanted.document
    return merge(
        wanted, whole.contact, before, prefers=prefers, choices=unit.get_choices(),
        is_sure=has_same_document or is_chosen,
    )  # fmt: skip


def _made_as(unit: CustomerWrite) -> DesiredContact | None:
    """Return as what its contact was created for it; `None` where that was found, or created for somebody else."""
    others = unit.contact.customers.filter(pk__lt=unit.pk)
    if others.exists() or unit.contact.payables.exists():
        return None
    made = unit.contact.attempts.filter(outcome=Outcome.DELIVERED, bling_id=unit.contact.bling_id).last()
    return DesiredContact.from_json(made.was_sent) if made is not None and made.was_sent else None


def _types(unit: CustomerWrite, whole: WholeContact) -> tuple[int, ...]:
    """Return what the contact is, and that it is a customer: a mark is only ever added."""
    return tuple(sorted({*whole.type_ids, *types_named(unit.connection_id, CUSTOMER)}))


def _check_let(unit: CustomerWrite) -> None:
    if not BlingWriting.objects.filter(connection=unit.connection_id, changes_contacts=True).exists():
        raise _conflict(Reason.CONTACT_CHANGES_OFF)


def _read_back(client: BlingClient, whole: WholeContact, sent: DesiredContact) -> WholeContact:
    """Return a contact as Bling shows it after it was changed; where it shows nothing now, its answer counts."""
    try:
        return client.whole_contact(whole.bling_id)
    except ApiError as error:
        log.warning("changed contact not read", contact=whole.bling_id, error=str(error))
        return replace(whole, contact=sent)


def _not_kept(merged: Merged, whole: WholeContact) -> list[Difference]:
    """Return the fields that Bling shows otherwise than they were sent: told, and not sent again."""
    known = {difference.field for difference in merged.differences}
    found = merge(merged.contact, whole.contact, None).differences
    return [replace(one, won=Side.BLING.value) for one in found if one.field not in known]


def _conflict(reason: Reason) -> ConflictError:
    return ConflictError(reason.value, service=BLING.service, operation="GET /contatos/{id}", code=reason.value)
