"""What a person who waits asks of Bling, and decisions that rest on what it shows now."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations.bling.client import BlingClient
from integrations.domain.titles import Direction
from integrations.models import BlingConnection, PayableWrite, SettlementWrite, Waiting
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


def supplier_is(*, payable: PayableWrite, contact_id: int, reason: str, user: User, now: datetime) -> None:
    """Take a contact of Bling for the supplier of a payable, after a look at it; 0: none of those that Bling has.
    Raises `Refused`."""
    need_reason(reason)
    contact = None
    if contact_id:
        try:
            with asking(payable.connection, timezone.now) as client:
                contact = client.contact(contact_id)
        except NotFoundError as error:
            raise Refused("not_there", _("Bling has no contact with this number.")) from error
    orders.supplier_is(payable=payable, contact=contact, reason=reason, user=user, now=now)
