"""Several details under way at once: in order, each in its own slot, and as careful as one by one."""

from typing import Any

import pytest

from integrations.bling.client import Access, BlingClient
from integrations.domain.titles import Direction
from integrations.rest.errors import ApiError, NotFoundError, RateLimitedError
from sandbox.faults import Fault
from sandbox.server import SandboxServer
from sandbox.world import World
from tests.addresses import local


class CountedSlots:
    """Slots that are always free until `limit`, and remember what they were told."""

    gap = 0.0

    def __init__(self, limit: int = 1000) -> None:
        self.taken = 0
        self.limit = limit
        self.noted: list[ApiError | None] = []

    def reserve(self, count: int) -> list[float]:
        if self.taken >= self.limit:
            raise RateLimitedError("next slot in 60 s", seconds=60.0)
        count = min(count, self.limit - self.taken)
        self.taken += count
        return [0.0] * count

    def push_back(self, seconds: float) -> None:
        return

    def note(self, error: ApiError | None) -> None:
        self.noted.append(error)


class Reader:
    """A client on a sandbox account with some payables."""

    def __init__(self, world: World, server: SandboxServer, slots: CountedSlots) -> None:
        account = world.add_account("azul")
        self.bling, self.renewals = account.bling, 0
        contact = self.bling.add_contact(name="Sol", document="", kind="J")
        category = self.bling.add_category("Compras", kind=1)
        self.ids = [
            self.bling.add_title("payable", value=f"{number}.00", due=world.today, contact=contact, category=category)
            for number in range(10, 22)
        ]
        self.client = BlingClient(
            address=local(server.bling_url), access=self._access(), slots=slots, renew=self._renew
        )  # fmt: skip

    def _access(self) -> Access:
        return Access(self.bling.issue_tokens()["access_token"], "opaque")

    def _renew(self) -> Access:
        self.renewals += 1
        return self._access()

    def read(self) -> list[Any]:
        self.client.announce_titles((Direction.PAYABLE, bling_id) for bling_id in self.ids)
        return [self.client.title(Direction.PAYABLE, bling_id).value for bling_id in self.ids]


def test_answers_come_in_the_order_asked_and_each_took_one_slot(world: World, server: SandboxServer) -> None:
    slots = CountedSlots()
    reader = Reader(world, server, slots)
    assert reader.read() == list(range(10, 22))
    assert slots.taken == reader.client.requests == reader.bling.request_count == len(reader.ids)
    assert slots.noted == [None] * len(reader.ids)


def test_one_that_is_gone_is_one_error_and_the_others_arrive(world: World, server: SandboxServer) -> None:
    reader = Reader(world, server, CountedSlots())
    reader.bling.delete(reader.ids[3])
    reader.client.announce_titles((Direction.PAYABLE, bling_id) for bling_id in reader.ids)
    found = []
    for bling_id in reader.ids:
        try:
            found.append(reader.client.title(Direction.PAYABLE, bling_id).bling_id)
        except NotFoundError:
            found.append(0)
    assert found == [0 if bling_id == reader.ids[3] else bling_id for bling_id in reader.ids]


def test_a_token_that_expires_under_way_is_renewed_once(world: World, server: SandboxServer) -> None:
    reader = Reader(world, server, CountedSlots())
    reader.bling.expire_access_tokens()
    assert len(reader.read()) == len(reader.ids)
    assert reader.renewals == 1


def test_a_passing_failure_is_tried_again_in_a_new_slot(world: World, server: SandboxServer) -> None:
    slots = CountedSlots()
    reader = Reader(world, server, slots)
    world.faults.add(Fault(side="bling", kind="500", method="GET", path="/contas/pagar/", seconds=0))
    assert len(reader.read()) == len(reader.ids)
    assert slots.taken == len(reader.ids) + 1


def test_without_a_slot_nothing_more_is_sent(world: World, server: SandboxServer) -> None:
    reader = Reader(world, server, CountedSlots(limit=5))
    with pytest.raises(RateLimitedError):
        reader.read()
    assert reader.bling.request_count == 5
