"""Send one customer of another system: its contact is in Bling, is read, and gets what the system alone changed."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import structlog
from django.db.models import OuterRef, Q

from integrations.bling.client import BlingClient
from integrations.bling.contacts import WholeContact
from integrations.bling.writer import BlingWriter
from integrations.domain.contact_merge import FIELDS, Agreed, Difference, Merged, Side, is_equal, merge
from integrations.domain.delivery import DeliveryState, Operation, Outcome
from integrations.domain.names import fold
from integrations.domain.payables import MOST_NAME, DesiredContact
from integrations.domain.reasons import Reason
from integrations.models import BlingAttempt, BlingWriting, ContactWrite, CustomerWrite
from integrations.models.subqueries import has_any
from integrations.pipeline.access import failpoints
from integrations.pipeline.outbox import record
from integrations.pipeline.outbox.claim import Claimed, claim
from integrations.pipeline.outbox.destination import Clock
from integrations.pipeline.outbox.lookup import LookUp
from integrations.pipeline.to_bling.bling import BLING, note_allowed, refused_in_a_row
from integrations.pipeline.to_bling.contact_types import CUSTOMER, types_named
from integrations.rest.errors import ApiError, ConflictError, NotFoundError, TransientError

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
        outcome, lets = Outcome.UNCHANGED, _may_change(unit)
        if merged.contact != whole.contact or (type_ids != whole.type_ids and lets):
            if not lets:
                raise _conflict(Reason.CONTACT_CHANGES_OFF)
            may_send = partial(_may_send, claimed, clock, client, whole, merged.contact)
            writer.change_contact(whole, merged.contact, type_ids=type_ids, may_send=may_send)
            note_allowed(unit)
            _note_name(unit, whole.contact, merged.contact)
            whole, outcome = _read_back(client, whole, merged.contact), Outcome.DELIVERED
        held = Agreed(wanted, whole.contact, (*merged.differences, *_not_kept(merged, whole)))
        record.delivered(claimed, remote_id=whole.bling_id, held=held, now=clock(), outcome=outcome)
    stop_after_refusals(unit, clock())


def look_for(client: BlingClient, unit: CustomerWrite, look: LookUp) -> None:
    """Find out whether a change happened whose answer was lost: Bling shows what was changed. Where it does not, it is
    compared and sent again: a change that is made twice is one."""
    try:
        whole = _contact_of(client, unit)
    except ConflictError:
        look.absent()  # what is in its way is met, and told, when it is sent again
        return
    failpoints.passed("lookup.read")
    sent, wanted = DesiredContact.from_json(look.attempt.was_sent), DesiredContact.from_json(look.attempt.body)
    shown = DesiredContact.from_json(unit.seen["shown"]) if unit.seen else None
    changed = [name for name in FIELDS if shown is None or getattr(sent, name) != getattr(shown, name)]
    if any(not is_equal(name, getattr(whole.contact, name), getattr(sent, name)) for name in changed):
        look.absent()
        return
    look.adopt(Agreed(wanted, whole.contact, _merged(unit, wanted, whole).differences), whole.bling_id)


def begin_with(contact: ContactWrite, made: DesiredContact) -> None:
    """Note for whom a contact was just created: those customers begin with what was sent, and whatever Bling shows
    otherwise from now on is somebody's change."""
    agreed = Agreed(made, made)
    rows = CustomerWrite.objects.filter(contact=contact, bling_id=None, delivered__isnull=True)
    rows.filter(desired_fingerprint=made.fingerprint).update(
        delivered=agreed.to_json(), delivered_fingerprint=made.fingerprint
    )


def stop_after_refusals(unit: CustomerWrite | ContactWrite, now: datetime) -> None:
    """Keep the customers of an account back for a while where Bling refused the last ones, one after the other."""
    newest = unit.attempts.order_by("-pk").values_list("outcome", flat=True).first()
    if newest != Outcome.REJECTED:
        return
    customers = CustomerWrite.objects.filter(connection=unit.connection_id)
    of_one = Q(has_any(customers.filter(contact=OuterRef("contact"))))
    ended = BlingAttempt.objects.filter(Q(customer__isnull=False) | of_one, connection=unit.connection_id)
    if refused_in_a_row(ended.order_by("-started_at", "-pk"), MOST_REFUSED):
        stopped = {"customers_failure": {"code": "refused_in_a_row", "service": BLING.service}}
        BlingWriting.objects.filter(connection=unit.connection_id).update(
            **stopped, customers_wait_until=now + STOPPED_FOR
        )


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
    # A contact without one that a person chose is theirs: who enters its CPF/CNPJ in Bling is a person, too.
    is_chosen = unit.decision == CustomerWrite.Decision.CONTACT and not whole.contact.document
    if wanted.document and whole.contact.document != wanted.document and not is_chosen:
        raise _conflict(Reason.DOCUMENT_DIFFERS)
    return whole


def _compared(unit: CustomerWrite, wanted: DesiredContact, whole: WholeContact) -> Merged:
    """Compare a customer with its contact, and keep what came of it for people to see."""
    merged = _merged(unit, wanted, whole)
    seen = {
        "shown": whole.contact.to_json(), "wanted": merged.contact.to_json(),
        "differences": [difference.to_json() for difference in merged.differences],
    }  # fmt: skip
    mine = CustomerWrite.objects.filter(pk=unit.pk, fence=unit.fence, state=DeliveryState.SENDING)
    mine.update(seen=seen)
    return merged


def _merged(unit: CustomerWrite, wanted: DesiredContact, whole: WholeContact) -> Merged:
    prefers = Side(unit.api_key.prefers) if unit.api_key.prefers else None
    is_chosen = unit.decision == CustomerWrite.Decision.CONTACT
    has_same_document = bool(wanted.document) and whole.contact.document == wanted.document
    return merge(
        wanted, whole.contact, unit.get_delivered(), prefers=prefers, choices=unit.get_choices(),
        is_sure=has_same_document or is_chosen,
    )  # fmt: skip


def _may_send(claimed: Claimed, clock: Clock, client: BlingClient, read: WholeContact, contact: DesiredContact) -> None:
    """Look at a contact once more, now that its turn has come: the whole of it goes back, and what somebody changed
    since it was read would be undone. Raises `TransientError` then: it is compared anew."""
    again = client.whole_contact(read.bling_id)
    if again.raw != read.raw:
        raise TransientError("somebody changed the contact meanwhile", service=BLING.service, code="changed_meanwhile")
    record.may_send(claimed, clock, contact)


def _note_name(unit: CustomerWrite, before: DesiredContact, after: DesiredContact) -> None:
    """Let a contact that is known by its name alone be known by its new one: who looks for somebody of the former name
    is not led to it."""
    if fold(before.name) == fold(after.name):
        return
    named = ContactWrite.objects.filter(pk=unit.contact_id, document="")
    folded = fold(after.name)[:MOST_NAME]
    others = ContactWrite.objects.filter(connection=unit.connection_id, document="", folded_name=folded)
    own = f"#{unit.contact_id} {folded}"[:MOST_NAME] if others.exclude(pk=unit.contact_id).exists() else folded
    named.update(name=after.name, folded_name=own)


def _types(unit: CustomerWrite, whole: WholeContact) -> tuple[int, ...]:
    """Return what the contact is, and that it is a customer: a mark is only ever added."""
    return tuple(sorted({*whole.type_ids, *types_named(unit.connection_id, CUSTOMER)}))


def _may_change(unit: CustomerWrite) -> bool:
    return BlingWriting.objects.filter(connection=unit.connection_id, changes_contacts=True).exists()


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
