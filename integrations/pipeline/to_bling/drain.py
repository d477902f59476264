"""Drain: serve the Bling accounts that something is to be sent to, one write in flight each."""

from collections.abc import Sequence
from datetime import datetime

from integrations.bling.client import BlingClient
from integrations.bling.writer import BlingWriter
from integrations.models import WRITE_UNITS, BlingWriting, ContactWrite, OrderWrite, Waiting
from integrations.models.outbox import DeliveryUnit
from integrations.pipeline.access import restores
from integrations.pipeline.access.clients import open_bling, open_bling_writer
from integrations.pipeline.outbox import drain as outbox
from integrations.pipeline.outbox.destination import Clock
from integrations.pipeline.to_bling.bling import BLING
from integrations.pipeline.to_bling.customers import send_customer
from integrations.pipeline.to_bling.lookup import resolve
from integrations.pipeline.to_bling.orders import send_order
from integrations.pipeline.to_bling.ready import (
    in_turn,
    is_mine,
    next_contact,
    next_of_systems,
    next_payable,
    next_settlement,
    next_uncertain,
    writings_due,
)
from integrations.pipeline.to_bling.send import send_contact, send_payable
from integrations.pipeline.to_bling.settle import settle

MOST_TRIED = 10


class Accounts:
    """The accounts that something is to be sent to, as the outbox serves them."""

    to = BLING
    stage = "to_bling"

    def __init__(self, clock: Clock, deadline: datetime, tenant_ids: Sequence[int] | None) -> None:
        self._clock = clock
        self._deadline = deadline
        self._tenant_ids = tenant_ids

    def lease_next(self, now: datetime) -> tuple[BlingWriting | None, float | None]:
        for writing in in_turn(writings_due(now, self._tenant_ids))[:MOST_TRIED]:
            leased = BlingWriting.objects.filter(pk=writing.pk, fence=writing.fence).update(
                lease_until=now + self.to.lease, fence=writing.fence + 1, served_at=now
            )
            if leased:
                writing.fence += 1
                return writing, None
        return None, None

    def open(self, account: BlingWriting) -> outbox.Step:
        restores.look(self._clock())
        client = open_bling(account.connection, clock=self._clock, waiting=Waiting.PERSON)
        writer = open_bling_writer(account.connection, clock=self._clock, waiting=Waiting.PERSON)
        # Nothing begins that might not end within the lease.
        until = min(self._deadline, self._clock() + self.to.lease - 2 * self.to.longest_call)

        def step(working_on: list[DeliveryUnit]) -> bool:
            now = self._clock()
            if now >= until or not is_mine(account, now):
                return False
            return _work_on_one(client, writer, account.connection_id, self._clock, working_on)

        return step

    def free(self, account: BlingWriting) -> None:
        BlingWriting.objects.filter(pk=account.pk, fence=account.fence).update(lease_until=None)


def drain(*, clock: Clock, deadline: datetime, tenant_ids: Sequence[int] | None = None) -> outbox.DrainResult:
    """Work until `deadline` or until nothing is due."""
    return outbox.drain(Accounts(clock, deadline, tenant_ids), clock=clock, deadline=deadline, waiters=None)


def _work_on_one(
    client: BlingClient, writer: BlingWriter, connection_id: int, clock: Clock, working_on: list[DeliveryUnit]
) -> bool:
    """Look up, settle a payable, find or create a supplier, create a payable, or send what other systems sent; false
    when nothing is due. A program that settles waits for it, and there are few of them; thousands of payables may come
    out of one spreadsheet, and thousands of customers out of another system, for whom nobody waits."""
    now = clock()
    unknown = next_uncertain(connection_id, now)
    if unknown is not None:
        working_on.append(unknown)
        resolve(client, unknown, clock=clock)
        return True
    settlement = next_settlement(connection_id, now)
    if settlement is not None:
        working_on.append(settlement)
        settle(client, writer, settlement, clock=clock)
        return True
    contact = next_contact(connection_id, now)
    if contact is not None:
        working_on.append(contact)
        send_contact(client, writer, contact, clock=clock)
        return True
    payable = next_payable(connection_id, now)
    if payable is not None:
        working_on.append(payable)
        send_payable(client, writer, payable, clock=clock)
        return True
    sent = next_of_systems(connection_id, now)
    if sent is None:
        return False
    working_on.append(sent)
    if isinstance(sent, ContactWrite):
        send_contact(client, writer, sent, clock=clock)
    elif isinstance(sent, OrderWrite):
        send_order(client, writer, sent, clock=clock)
    else:
        send_customer(client, writer, sent, clock=clock)
    return True


def sweep(*, now: datetime) -> int:
    """Make units of dead workers visible."""
    return outbox.sweep(WRITE_UNITS, now=now)
