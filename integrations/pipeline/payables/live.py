"""What a person who waits asks of Bling, and decisions that rest on what it shows now."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations.bling.client import BlingClient
from integrations.domain.titles import Direction, PersonFacts
from integrations.models import BlingAttempt, BlingConnection, PayableWrite, SettlementWrite, Waiting
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.access.clients import PATIENCE, open_bling
from integrations.pipeline.access.error_texts import live_error_text
from integrations.pipeline.desk.refusal import Refused, need_reason
from integrations.pipeline.payables import orders, settlement_orders
from integrations.rest.errors import ApiError, NotFoundError
from integrations.rest.session import Patience

Clock = Callable[[], datetime]


@contextmanager
def asking(connection: BlingConnection, clock: Clock) -> Iterator[BlingClient]:
    """Give a client for a person who waits. Raises `Refused` where the account is not connected, or Bling does not
    answer; what it does not have is still a `NotFoundError`."""
    if connection.status != ConnectionStatus.CONNECTED:
        raise Refused("unconnected", _("This company's Bling is not connected. Connect it first."))
    try:
        yield open_bling(connection, clock=clock, patience=Patience(PATIENCE), waiting=Waiting.PERSON)
    except NotFoundError:
        raise
    except ApiError as error:
        raise Refused("api", live_error_text(error)) from error


def is_there(*, payable: PayableWrite, bling_id: int, reason: str, user: User, now: datetime) -> None:
    """Link a payable with the one that a person found in Bling, after a look at it. Raises `Refused`."""
    need_reason(reason)
    try:
        with asking(payable.connection, timezone.now) as client:
            facts = client.title(Direction.PAYABLE, bling_id)
    except NotFoundError as error:
        raise Refused("not_there", _("Bling has no payable with this number.")) from error
    orders.is_there(payable=payable, facts=facts, reason=reason, user=user, now=now)


def is_settled(*, settlement: SettlementWrite, bordero_id: int, reason: str, user: User, now: datetime) -> None:
    """Say which borderô settled a payable, after a look at both. Raises `Refused`."""
    need_reason(reason)
    try:
        with asking(settlement.connection, timezone.now) as client:
            facts = client.title(Direction.PAYABLE, settlement.title_id)
            bordero = client.bordero(bordero_id)
    except NotFoundError as error:
        raise Refused("not_there", _("Bling does not have this payable, or no borderô with this number.")) from error
    settlement_orders.is_settled(
        settlement=settlement, facts=facts, bordero=bordero, reason=reason, user=user, now=now
    )  # fmt: skip


def surplus_is_gone(*, unit: PayableWrite | SettlementWrite, reason: str, user: User, now: datetime) -> None:
    """Say that what Bling had once too often was removed there, after a look: payables by their numbers, borderôs of a
    payable by what it shows. Raises `Refused` where one is still there."""
    need_reason(reason)
    numbers = [attempt.surplus_id or 0 for attempt in unit.attempts.filter(BlingAttempt.HAS_SURPLUS)]
    with asking(unit.connection, timezone.now) as client:
        there = [number for number in numbers if _is_there(client, unit, number)]
    if there:
        raise still_there(there)
    if not unit.attempts.filter(BlingAttempt.HAS_SURPLUS, surplus_id__in=numbers).update(surplus_gone_at=now):
        raise orders.decided_meanwhile()
    values = {"decision_reason": reason.strip(), "decided_by": user, "decided_at": now}
    type(unit).objects.filter(pk=unit.pk).update(**values)


def _is_there(client: BlingClient, unit: PayableWrite | SettlementWrite, number: int) -> bool:
    """Say whether Bling has a payable with this number, or this borderô on the payable of a settlement."""
    try:
        if isinstance(unit, PayableWrite):
            return client.title(Direction.PAYABLE, number).bling_id == number
        return number in client.title(Direction.PAYABLE, unit.title_id).bordero_ids
    except NotFoundError:
        return False


def still_there(numbers: Iterable[int]) -> Refused:
    """Return the refusal of who says that these numbers were removed in Bling, which shows them."""
    names = ", ".join(str(number) for number in numbers)
    return Refused("still_there", _("Bling still has it: %(numbers)s. Remove it there first.") % {"numbers": names})


def contact_in_bling(connection: BlingConnection, contact_id: int) -> PersonFacts | None:
    """Return the contact that a person names, after a look at it; `None` for 0: none of those that Bling has. Raises
    `Refused` for one that cannot be used."""
    if not contact_id:
        return None
    with asking(connection, timezone.now) as client:
        found = client.usable_contact(contact_id)
    if found is None:
        raise Refused("not_there", _("Bling has no contact with this number, or it is deleted or inactive there."))
    return found


def supplier_is(*, payable: PayableWrite, contact_id: int, reason: str, user: User, now: datetime) -> None:
    """Take a contact of Bling for the supplier of a payable, after a look at it; 0: none of those that Bling has.
    Raises `Refused`."""
    need_reason(reason)
    contact = contact_in_bling(payable.connection, contact_id)
    orders.supplier_is(payable=payable, contact=contact, reason=reason, user=user, now=now)
