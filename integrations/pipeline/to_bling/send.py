"""Send one contact or payable. A contact is looked for first; a payable is created, and never changed."""

from dataclasses import replace
from functools import partial
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q

from integrations.bling.client import BlingClient
from integrations.bling.records import ContatoRow
from integrations.bling.writer import BlingWriter
from integrations.domain.delivery import DeliveryState, Operation, Outcome
from integrations.domain.documents import compact
from integrations.domain.names import fold
from integrations.domain.payables import DesiredContact
from integrations.domain.reasons import Reason
from integrations.models import BlingAttempt, ContactWrite, PayableWrite, WriteBatch
from integrations.models.outbox import NO_REASON
from integrations.pipeline.outbox import record
from integrations.pipeline.outbox.claim import claim
from integrations.pipeline.outbox.destination import Clock
from integrations.pipeline.to_bling.bling import BLING, note_allowed, refused_in_a_row
from integrations.pipeline.to_bling.contact_types import CUSTOMER, SUPPLIER, types_named
from integrations.pipeline.to_bling.customers import begin_with, stop_after_refusals
from integrations.rest.errors import AmbiguousError, ApiError, InternalError, RejectedError

log = structlog.get_logger(__name__)

MOST_REFUSED = 5
"""Refusals in a row after which the rest of a batch waits for a person: errors count against the address of all."""


def send_contact(client: BlingClient, writer: BlingWriter, unit: ContactWrite, *, clock: Clock) -> None:
    """Claim one supplier or customer, and find or create its contact."""
    claimed = claim(unit, Operation.SAVE_PERSON, settles=False, now=clock(), to=BLING)
    if claimed is None:
        return
    with record.outcome_of(claimed, clock):
        desired = unit.get_desired()
        known = None if unit.create_anyway else who_it_is(client, desired)
        if known is None and not unit.create_anyway and desired.document and _is_of_systems(unit):
            _check_namesakes(client, desired)
        if known is not None:
            record.delivered(claimed, remote_id=known, held=desired, now=clock(), outcome=Outcome.ADOPTED)
            return
        may_send = partial(record.may_send, claimed, clock, desired)
        outcome = Outcome.DELIVERED
        try:
            remote_id = writer.create_contact(desired, type_ids=_types(unit), may_send=may_send)
        except RejectedError as refusal:
            # Somebody may have made it since it was looked for: Bling refuses a CPF/CNPJ that a contact has already.
            claimed.is_sent = False
            known = None if unit.create_anyway else _made_meanwhile(client, desired, refusal)
            if known is None:
                raise
            remote_id, outcome = known, Outcome.ADOPTED
        if outcome is Outcome.DELIVERED:
            begin_with(unit, desired)
        record.delivered(claimed, remote_id=remote_id, held=desired, now=clock(), outcome=outcome)
        note_allowed(unit)
    for batch in WriteBatch.objects.filter(payables__supplier=unit, state=WriteBatch.State.SENDING).distinct():
        _stop_after_refusals(batch)
    if _is_of_systems(unit):
        stop_after_refusals(unit, clock())


def _check_namesakes(client: BlingClient, desired: DesiredContact) -> None:
    """Raise `AmbiguousError` where Bling has a contact of a customer's name that has no CPF/CNPJ: it may be the one."""
    rows = [row for row in matching(client, replace(desired, document="")) if not compact(row.numero_documento)]
    if rows:
        ids = ", ".join(str(row.id) for row in rows)
        raise AmbiguousError(ids, service=BLING.service, operation="GET /contatos", code=Reason.AMBIGUOUS)


def _made_meanwhile(client: BlingClient, desired: DesiredContact, refusal: RejectedError) -> int | None:
    """Return the contact that has a refused supplier's CPF/CNPJ. Raises `AmbiguousError` where it may be several, or
    one that is not active, and the `refusal` where Bling does not say."""
    if not desired.document:
        return None
    try:
        return who_it_is(client, desired)
    except AmbiguousError:
        raise
    except ApiError as error:
        raise refusal from error


def send_payable(client: BlingClient, writer: BlingWriter, unit: PayableWrite, *, clock: Clock) -> None:
    """Claim and create one payable; its supplier is in Bling, or was: where it was refused because that contact is
    deleted or inactive by now, the supplier is looked for anew."""
    claimed = claim(unit, Operation.CREATE, settles=False, now=clock(), to=BLING)
    if claimed is None:
        return
    with record.outcome_of(claimed, clock):
        desired, contact_id = unit.get_desired(), unit.known_contact
        if contact_id is None:
            raise InternalError("a payable without its supplier", service=BLING.service, code="crash")
        remote_id = writer.create_payable(
            desired, contact_id=contact_id, may_send=partial(record.may_send, claimed, clock, desired)
        )
        record.delivered(claimed, remote_id=remote_id, held=desired, now=clock())
        note_allowed(unit)
    if not _looks_for_supplier_anew(client, unit, clock):
        _stop_after_refusals(unit.batch)


def _looks_for_supplier_anew(client: BlingClient, unit: PayableWrite, clock: Clock) -> bool:
    """Let the supplier of a payable that was just refused be found or created again, and the payable be sent after it,
    where Bling shows that the contact can no longer be used."""
    refused = PayableWrite.objects.filter(pk=unit.pk, state=DeliveryState.NEEDS_HUMAN, reason=Reason.REFUSED)
    supplier = unit.supplier
    if supplier is None or supplier.bling_id is None or not refused.exists():
        return False
    # Where it was looked for since the refusal before this one, a person decides: what is deleted again and again would
    # be created without end.
    refusals = unit.attempts.filter(outcome=Outcome.REJECTED).order_by("-pk").values_list("pk", flat=True)
    last_two = list(refusals[:2])[::-1]
    if len(last_two) == 2 and supplier.attempts.filter(pk__range=last_two).exists():
        return False
    # What may stand at the contact of before would not be found at another one, and be sent a second time.
    unknown = BlingAttempt.objects.filter(payable__supplier=supplier, outcome__in=BlingAttempt.UNRESOLVED)
    if unknown.exists():
        return False
    try:
        if client.usable_contact(supplier.bling_id) is not None:
            return False
    except ApiError as error:  # "Enviar de novo" asks once more
        log.warning("supplier of a refused payable not read", unit=unit.pk, error=str(error))
        return False
    values: dict[str, Any] = {"state": DeliveryState.READY, "ready_at": clock(), "tries": 0, **NO_REASON}
    with transaction.atomic():
        if not refused.update(**values):  # the payable before its supplier, as who decides about them
            return False
        found = ContactWrite.objects.filter(
            pk=supplier.pk, state=DeliveryState.DELIVERED, bling_id=supplier.bling_id, fence=supplier.fence
        )
        found.update(bling_id=None, create_anyway=False, fence=supplier.fence + 1, **values)
    return True


def who_it_is(client: BlingClient, desired: DesiredContact) -> int | None:
    """Return the contact in Bling that a supplier is; `None` where it is proved to be nobody there.

    By its CPF/CNPJ, whole; without one, by exactly its name. Raises `AmbiguousError` where it may be several, or one
    that is not active, `IncompleteError` where a row could not be read.
    """
    found = matching(client, desired)
    if len(found) > 1 or not all(row.is_usable for row in found):
        ids = ", ".join(str(row.id) for row in found)
        raise AmbiguousError(ids, service=BLING.service, operation="GET /contatos", code=Reason.AMBIGUOUS)
    return found[0].id if found else None


def matching(client: BlingClient, desired: DesiredContact) -> list[ContatoRow]:
    """Return the contacts in Bling, deleted ones apart, that have a supplier's CPF/CNPJ, or its name where it has none.
    Raises `IncompleteError` where a row could not be read."""
    rows = client.contacts_like(desired.document) if desired.document else client.contacts_named(desired.name)
    return [row for row in rows.whole("GET /contatos") if row.situacao != "E" and _is_meant(row, desired)]


def _is_meant(row: ContatoRow, desired: DesiredContact) -> bool:
    if desired.document:
        return compact(row.numero_documento) == desired.document
    return fold(row.nome) == fold(desired.name)


def _is_of_systems(unit: ContactWrite) -> bool:
    return unit.customers.exists() or unit.orders.exists()


def _types(unit: ContactWrite) -> tuple[int, ...]:
    """Return what a new contact is, by who asks for it."""
    names = [SUPPLIER] if unit.payables.exists() else []
    names += [CUSTOMER] if unit.customers.exists() or unit.orders.exists() else []
    return types_named(unit.connection_id, *names)


def _stop_after_refusals(batch: WriteBatch) -> None:
    """Stop a batch whose last writes, its suppliers' too, were all refused since somebody let it go on: a wrong column
    would be refused for each of its rows. That of a program is one payable: it stops at the first refusal, so that as
    little as can be of it stands in Bling."""
    most = 1 if batch.source == WriteBatch.Source.BRIDGE else MOST_REFUSED
    suppliers = PayableWrite.objects.filter(batch=batch, supplier__isnull=False).order_by().values("supplier")
    mine = BlingAttempt.objects.filter(Q(payable__batch=batch) | Q(contact__in=suppliers))
    resumed_at = WriteBatch.objects.values_list("resumed_at", flat=True).get(pk=batch.pk)
    since = Q(started_at__gte=resumed_at) if resumed_at else Q()
    if refused_in_a_row(mine.filter(since).order_by("-pk"), most):
        WriteBatch.objects.filter(pk=batch.pk, state=WriteBatch.State.SENDING).update(state=WriteBatch.State.STOPPED)
