"""What people order about payables that were accepted: to confirm, discard, go on, send again, or leave one out."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from integrations.domain.delivery import DeliveryState, Outcome
from integrations.domain.payables import DesiredContact
from integrations.domain.titles import PersonFacts, TitleFacts
from integrations.models import (
    BlingAttempt,
    ContactWrite,
    OrderWrite,
    PayableWrite,
    SettlementWrite,
    WriteBatch,
    WriteUnit,
)
from integrations.models.outbox import NO_REASON
from integrations.pipeline.desk.refusal import Refused, need_reason
from integrations.pipeline.payables.duplicates import came_since
from integrations.pipeline.payables.entry import closed_text

Decision = PayableWrite.Decision
MOST_NAMED = 5
_OPEN = (DeliveryState.READY, DeliveryState.HELD, DeliveryState.NEEDS_HUMAN)


def confirm(*, batch: WriteBatch, user: User, now: datetime) -> None:
    """Confirm another person's batch: it is sent. Raises `Refused` for an own one, when it was decided meanwhile, or
    when its month was closed or Bling may have one of it by now."""
    if user.pk == batch.user_id:
        raise Refused("own", _("Who entered payables cannot confirm them. Somebody else has to."))
    with transaction.atomic():
        _move(batch, WriteBatch.State.AWAITING, WriteBatch.State.SENDING, approved_by=user, approved_at=now)
        held = PayableWrite.objects.filter(batch=batch, state=DeliveryState.HELD)
        _refuse_what_changed(held)
        held.update(state=DeliveryState.READY, ready_at=now, accepted_at=now)


def discard(*, batch: WriteBatch, reason: str, user: User, now: datetime) -> None:
    """Take a batch back that was not confirmed, or whose rest was stopped: what was not sent stays unsent. Raises
    `Refused` without a reason, or when it was decided meanwhile."""
    need_reason(reason)
    with transaction.atomic():
        states = (WriteBatch.State.AWAITING, WriteBatch.State.STOPPED)
        was_awaiting = WriteBatch.objects.select_for_update().get(pk=batch.pk).state == WriteBatch.State.AWAITING
        rows = WriteBatch.objects.filter(pk=batch.pk, state__in=states)
        sent = PayableWrite.objects.filter(batch=batch).exclude(fence=0).exists()
        ended = WriteBatch.State.SENDING if sent else WriteBatch.State.DISCARDED
        if not rows.update(state=ended, reason=reason.strip()):
            raise decided_meanwhile()
        # Of a batch that nobody confirmed nothing was sent, also not what a person is asked about.
        ends = _OPEN if was_awaiting else (DeliveryState.READY, DeliveryState.HELD)
        rest = PayableWrite.objects.filter(batch=batch, state__in=ends)
        unknown = BlingAttempt.objects.filter(payable__batch=batch, outcome__in=BlingAttempt.UNRESOLVED)
        rest = rest.exclude(pk__in=unknown.values("payable"))
        rest.update(state=DeliveryState.IGNORED, **decided(Decision.IGNORE, reason, user, now), **NO_REASON)


def go_on(*, batch: WriteBatch, user: User, now: datetime) -> None:
    """Send the rest of a batch that was stopped after refusals. Raises `Refused` when it was decided meanwhile, or when
    Bling may have one of it by now."""
    with transaction.atomic():
        _move(batch, WriteBatch.State.STOPPED, WriteBatch.State.SENDING, resumed_at=now)
        rest = PayableWrite.objects.filter(batch=batch, state=DeliveryState.READY)
        _refuse_what_changed(rest)
        rest.update(accepted_at=now, ready_at=now)


def send_again(*, payable: PayableWrite, user: User, now: datetime) -> None:
    """Send one that is stuck, or that waited too long, once more. What may have happened is looked up before. Raises
    `Refused` when it is not (any more) to be sent, or when Bling may have it by now."""
    with transaction.atomic():
        row = _locked(payable)
        is_held = bool(row.duplicates) and not row.create_anyway
        if row.state not in (DeliveryState.NEEDS_HUMAN, DeliveryState.READY) or is_held:
            raise decided_meanwhile()
        if not unresolved(row).exists():
            _refuse_what_changed(PayableWrite.objects.filter(pk=row.pk))
        if row.supplier is not None:
            free(row.supplier, now)
        free(row, now, accepted_at=now, **decided(Decision.SEND_AGAIN, "", user, now))


def create_all_the_same(*, payable: PayableWrite, reason: str, user: User, now: datetime) -> None:
    """Send one although there may be the same already. Raises `Refused` without a reason, when it was decided
    meanwhile, or when Bling may have another one of it by now."""
    need_reason(reason)
    with transaction.atomic():
        row = _locked(payable)
        if row.state not in _OPEN or not row.duplicates:
            raise decided_meanwhile()
        _refuse_what_changed(PayableWrite.objects.filter(pk=row.pk))
        free(row, now, create_anyway=True, accepted_at=now, **decided(Decision.CREATE, reason, user, now))


def leave_out(*, payable: PayableWrite, reason: str, user: User, now: datetime) -> None:
    """Never send one. Raises `Refused` without a reason, where it was sent, or may have been."""
    need_reason(reason)
    with transaction.atomic():
        row = _locked(payable)
        if row.state not in _OPEN or row.bling_id is not None or unresolved(row).exists():
            raise Refused("sent", _("It was sent, or may have been: look in Bling, and say whether it is there."))
        values = {"state": DeliveryState.IGNORED, **NO_REASON, **decided(Decision.IGNORE, reason, user, now)}
        PayableWrite.objects.filter(pk=row.pk).update(fence=row.fence + 1, **values)


def is_there(*, payable: PayableWrite, facts: TitleFacts, reason: str, user: User, now: datetime) -> None:
    """A person found it in Bling, which shows it as `facts`: it is linked where supplier and value are the same. Raises
    `Refused` otherwise."""
    bling_id = facts.bling_id
    with transaction.atomic():
        row = _locked(payable)
        others = PayableWrite.objects.filter(connection=row.connection_id, bling_id=bling_id).exclude(pk=row.pk)
        if row.state != DeliveryState.NEEDS_HUMAN or others.exists():
            raise decided_meanwhile()
        if facts.value != row.value or facts.contact_id != row.known_contact:
            raise Refused("other", _("The payable with this number has another supplier or value."))
        link(row, bling_id, now, **decided(Decision.IS_THERE, reason, user, now))


def supplier_is(*, payable: PayableWrite, contact: PersonFacts | None, reason: str, user: User, now: datetime) -> None:
    """A person says which contact in Bling a supplier is; `None`: none of them, it is created. Raises `Refused` where
    that is not (any more) asked, or where the contact has another CPF/CNPJ."""
    with transaction.atomic():
        row = _locked(payable)
        if row.supplier is None:
            raise decided_meanwhile()
        contact_is(row.supplier, contact, now)
        # What waited too long meanwhile still waits for a person's word: nobody compared it with what Bling has.
        PayableWrite.objects.filter(pk=row.pk).update(**decided(Decision.SUPPLIER, reason, user, now))


def contact_is(
    wanted: ContactWrite, contact: PersonFacts | None, now: datetime, *, as_now: DesiredContact | None = None
) -> None:
    """Take a contact of Bling for the one that is wanted; `None`: none of those that it has, one is created, `as_now`
    where more is known of it by now. Raises `Refused` where that is not (any more) asked, or where the contact has
    another CPF/CNPJ."""
    row = ContactWrite.objects.select_for_update().get(pk=wanted.pk)
    if row.state != DeliveryState.NEEDS_HUMAN:
        raise decided_meanwhile()
    if contact is not None and row.document and contact.document not in ("", row.document):
        raise Refused("other", _("This contact has another CPF/CNPJ."))
    outcome = Outcome.ADOPTED if contact else Outcome.TRANSIENT
    unresolved(row).update(outcome=outcome, ended_at=now, bling_id=contact and contact.bling_id)
    if contact is None:
        known = {"desired": as_now.to_json(), "desired_fingerprint": as_now.fingerprint} if as_now else {}
        free(row, now, create_anyway=True, **known)
    else:
        ContactWrite.objects.filter(pk=row.pk).update(
            state=DeliveryState.DELIVERED, bling_id=contact.bling_id, delivered=row.desired,
            delivered_fingerprint=row.desired_fingerprint, fence=row.fence + 1, **NO_REASON,
        )  # fmt: skip


def is_not_there(*, payable: PayableWrite, reason: str, user: User, now: datetime) -> None:
    """A person looked in Bling, and it is not there: it is sent again. Raises `Refused` without a reason, or where
    nothing is unknown."""
    need_reason(reason)
    with transaction.atomic():
        row = _locked(payable)
        if row.state != DeliveryState.NEEDS_HUMAN or not unresolved(row).exists():
            raise decided_meanwhile()
        call_absent(row, now, **decided(Decision.NOT_THERE, reason, user, now))


def is_unknown(row: PayableWrite | SettlementWrite | OrderWrite) -> bool:
    """Say whether nobody knows what became of its last write."""
    return bool(unresolved(row).exists())


def decided_meanwhile() -> Refused:
    return Refused("decided", _("This was decided meanwhile, or is no longer open."))


def _refuse_what_changed(rows: QuerySet[PayableWrite]) -> None:
    """Raise `Refused` where time made some payables wrong since they were entered: their month was closed, or Bling may
    have them by now."""
    payables = list(rows.select_related("connection__tenant", "supplier"))
    for payable in payables:
        if closed := closed_text(payable.connection, payable.get_desired().competence_date):
            raise Refused("closed", closed)
    came = came_since(payables)
    if came:
        names = ", ".join(str(payable) for payable in came[:MOST_NAMED])
        raise Refused("duplicate", _("Bling may have the same meanwhile: %(names)s. Leave that out; if it is another "
                                     "one, enter it again.") % {"names": names})  # fmt: skip


def _locked(payable: PayableWrite) -> PayableWrite:
    rows = PayableWrite.objects.select_for_update(of=("self",)).select_related("supplier")
    return rows.get(pk=payable.pk)


def unresolved(row: WriteUnit) -> Any:
    """Return the writes of one of which nobody knows what became."""
    return row.attempts.filter(outcome__in=BlingAttempt.UNRESOLVED)


def free(row: WriteUnit, now: datetime, **values: Any) -> None:
    """Let a unit be sent: claimed again, it is looked up first where its last write has no known outcome."""
    freed = type(row).objects.filter(pk=row.pk, state__in=(DeliveryState.NEEDS_HUMAN, DeliveryState.READY))
    freed.update(state=DeliveryState.READY, ready_at=now, tries=0, **NO_REASON, **values)


def link(row: PayableWrite | SettlementWrite | OrderWrite, bling_id: int, now: datetime, **values: Any) -> None:
    """Take what Bling has under this number for what was wanted: nothing more is sent."""
    unresolved(row).update(outcome=Outcome.ADOPTED, ended_at=now, bling_id=bling_id)
    type(row).objects.filter(pk=row.pk).update(
        state=DeliveryState.DELIVERED, bling_id=bling_id, delivered=row.desired,
        delivered_fingerprint=row.desired_fingerprint, fence=row.fence + 1, tries=0, lookups=0, **NO_REASON, **values,
    )  # fmt: skip


def call_absent(row: PayableWrite | SettlementWrite | OrderWrite, now: datetime, **values: Any) -> None:
    """Take the last write, of which nobody knew what became, for one that did nothing, and let it be sent anew."""
    failure = {"code": "not_there_twice", "service": "Bling"}
    unresolved(row).update(outcome=Outcome.TRANSIENT, ended_at=now, failure=failure)
    free(row, now, accepted_at=now, **values)


def decided(decision: str, reason: str, user: User, now: datetime) -> dict[str, Any]:
    """Return the columns that say who decided what."""
    return {"decision": decision, "decision_reason": reason.strip(), "decided_by": user, "decided_at": now}


def _move(batch: WriteBatch, before: WriteBatch.State, after: WriteBatch.State, **values: Any) -> None:
    if not WriteBatch.objects.filter(pk=batch.pk, state=before).update(state=after, **values):
        raise decided_meanwhile()
