"""Accept a customer of another system: what the system says is stored at once, under the account's lock, and compared
with Bling later. The web process calls nobody."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, QuerySet

from integrations.bling_v2.codes import RefusedError
from integrations.domain.bodies import fingerprint_of
from integrations.domain.contact_merge import filled
from integrations.domain.delivery import IN_FLIGHT, DeliveryState
from integrations.domain.names import fold
from integrations.domain.payables import DesiredContact
from integrations.domain.reasons import Problem, Reason
from integrations.models import (
    ApiKey,
    BlingConnection,
    BlingWriting,
    ContactWrite,
    CustomerWrite,
    OrderWrite,
    WriteMode,
)
from integrations.models.outbox import NO_REASON, BaseAttempt, Priority, stored
from integrations.pipeline.payables import throttle
from integrations.pipeline.payables.accept import lock
from integrations.pipeline.payables.entry import Supplier
from integrations.pipeline.payables.suppliers import key_of, wanted_suppliers


class NotTaken(StrEnum):
    """Why a request is not taken; nothing of it is stored then. NO_CUSTOMER: a bill names one that its system did not
    send; OTHER_CUSTOMER: a bill that is known has another one."""

    NO_KEY = "no_key"
    NOT_CONFIRMED = "not_confirmed"
    NOT_ALLOWED = "not_allowed"
    OFF = "off"
    OLD_VERSION = "old_version"
    OTHER_BODY = "other_body"
    TOO_MANY = "too_many"
    NO_CUSTOMER = "no_customer"
    OTHER_CUSTOMER = "other_customer"


class NotTakenError(Exception):
    """A request is not taken, for the reason `why`."""

    def __init__(self, why: NotTaken) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, repr=False)
class Given:
    """What a system says of a customer: `ref` is its own name for it, `version` grows with each change, `left_out` are
    the fields that it gave and Bling would refuse."""

    ref: str
    version: int
    contact: DesiredContact
    left_out: tuple[str, ...] = field(default=())

    @property
    def digest(self) -> str:
        return fingerprint_of([self.contact.to_json(), self.left_out])


def accept(key: ApiKey, given: Given, now: datetime) -> bool:
    """Store what a system says of one of its customers, and say whether it is new: the same version again changes
    nothing. Raises `NotTakenError`."""
    if not key.may_send_customers:
        raise NotTakenError(NotTaken.NOT_ALLOWED)
    check_is_on(key)
    with transaction.atomic():
        lock(key.connection)
        rows = CustomerWrite.objects.select_for_update(of=("self",)).select_related(
            "connection__writing", "contact", "api_key"
        )
        row = rows.filter(connection=key.connection_id, system=key.system, ref=given.ref).first()
        if row is not None and not is_new_version(row, given.version, given.digest):
            if row.is_stale() or row.state == DeliveryState.HELD or not row.api_key.may_send_customers:
                said_again(row, key, now)
            return False
        check_rate(CustomerWrite.objects.filter(connection=key.connection_id), now)
        if row is None:
            _create(key, given, now)
        else:
            _change(row, key, given, now)
    return True


def check_is_on(key: ApiKey) -> None:
    """Raise `NotTakenError` where nothing may be written into a key's account, not even in simulation."""
    if not BlingWriting.objects.filter(connection=key.connection_id).exclude(mode=WriteMode.OFF).exists():
        raise NotTakenError(NotTaken.OFF)


def said_again(row: CustomerWrite | OrderWrite, key: ApiKey, now: datetime) -> None:
    """Let what waited too long, or was held with its key, go on: it is said again, by a key that counts."""
    mine = type(row)._default_manager.filter(pk=row.pk)
    mine.update(accepted_at=now, api_key=key)
    mine.filter(state=DeliveryState.HELD).update(state=DeliveryState.READY)


def check_rate(sent: QuerySet[CustomerWrite] | QuerySet[OrderWrite], now: datetime) -> None:
    """Raise `NotTakenError` where an account's systems sent too much within a minute; `sent` is all that they did."""
    try:
        throttle.check_sent(sent, now)
    except RefusedError as error:
        raise NotTakenError(NotTaken.TOO_MANY) from error


def is_new_version(row: CustomerWrite | OrderWrite, version: int, digest: str) -> bool:
    """Say whether a system says something else than before. Raises `NotTakenError` for what is older, and where two
    bodies have one version."""
    if version < row.version:
        raise NotTakenError(NotTaken.OLD_VERSION)
    if version == row.version and digest != row.digest:
        raise NotTakenError(NotTaken.OTHER_BODY)
    return version > row.version


def _create(key: ApiKey, given: Given, now: datetime) -> None:
    CustomerWrite.objects.create(
        connection=key.connection, system=key.system, ref=given.ref, document=given.contact.document,
        contact=contact_for(key.connection, given.contact, now), state=DeliveryState.READY,
        **_said(key, given, given.contact, now),
    )  # fmt: skip


def _change(row: CustomerWrite, key: ApiKey, given: Given, now: datetime) -> None:
    """Store a newer version. One with another CPF/CNPJ waits for a person: the contact that it had is not another
    customer's by a slip."""
    before = row.get_desired() if row.desired else None
    wanted = filled(given.contact, before) if before else given.contact
    is_linked, is_renamed = _is_linked(row), before is None or fold(wanted.name) != fold(before.name)
    is_other = is_linked and bool(row.document) and wanted.document != row.document
    values = {**_said(key, given, wanted, now), **NO_REASON}
    if is_other:
        values |= stored(Problem(Reason.DOCUMENT_DIFFERS), now)
    elif not is_linked:
        # What Bling refused as it was before is tried as it is now.
        values["contact"] = contact_for(row.connection, wanted, now)
        bills_follow(row, values["contact"])
    if not is_linked or not row.document:
        values["document"] = wanted.document
    if row.decision == CustomerWrite.Decision.CONTACT and (is_renamed or wanted.document != row.document):
        values["decision"] = ""  # a person said it of whom the system named then
    state = DeliveryState.NEEDS_HUMAN if is_other else DeliveryState.READY
    CustomerWrite.objects.plan(row.pk, state=state, **values)


def bills_follow(row: CustomerWrite, contact: ContactWrite) -> None:
    """Let the bills of a customer that were never sent be of the contact that is theirs now. Who read one of them
    before sends it no more."""
    if contact.pk != row.contact_id:
        mine = OrderWrite.objects.filter(customer=row, bling_id=None).exclude(state__in=IN_FLIGHT)
        never_sent = mine.exclude(Exists(OrderWrite.unresolved()))
        never_sent.update(contact=contact, fence=F("fence") + 1)


def _is_linked(row: CustomerWrite) -> bool:
    """Say whether Bling has a contact for a customer, or may have one."""
    contact = row.contact
    may_be = contact.bling_id is not None or contact.state in IN_FLIGHT
    return may_be or row.bling_id is not None or contact.attempts.filter(outcome__in=BaseAttempt.UNRESOLVED).exists()


def contact_for(connection: BlingConnection, wanted: DesiredContact, now: datetime) -> ContactWrite:
    """Return the row that finds or creates a customer's contact: the one of its CPF/CNPJ, else of its name, whoever
    asked for it first. To be called under the account's lock."""
    if wanted.document:
        # Who was known by the name alone, and whose CPF/CNPJ a system said later, is not created beside that.
        known = CustomerWrite.objects.filter(connection=connection, document=wanted.document, contact__document="")
        later = known.exclude(contact__bling_id=None).select_related("contact").order_by("pk").first()
        if later is not None:
            return later.contact
    supplier = Supplier(wanted.name, wanted.document, known=wanted)
    found = wanted_suppliers(connection, [supplier], now)[key_of(supplier)]
    # Nothing was sent of it yet: it is created as it is now.
    untouched = ContactWrite.objects.filter(pk=found.pk, fence=0, bling_id=None, state=DeliveryState.READY)
    untouched.update(desired=wanted.to_json(), desired_fingerprint=wanted.fingerprint, name=wanted.name)
    return found


def _said(key: ApiKey, given: Given, wanted: DesiredContact, now: datetime) -> dict[str, Any]:
    return {
        "api_key": key, "version": given.version, "digest": given.digest, "name": wanted.name,
        "left_out": list(given.left_out), "desired": wanted.to_json(), "desired_fingerprint": wanted.fingerprint,
        "priority": Priority.UPDATE, "accepted_at": now, "ready_at": now, "planned_at": now, "tries": 0,
    }  # fmt: skip
