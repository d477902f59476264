"""After an outage all tokens have expired, and Bling renews one in 4.3 seconds: people first, then whoever waited."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.models import BlingConnection, BlingToken, SyncRun, Title, TitleRead, Waiting
from integrations.pipeline.access import tokens
from integrations.pipeline.desk.commands import request_resync, request_sync
from integrations.pipeline.run import tick
from integrations.rest import limits
from tests.flows.helpers import Company
from tests.flows.virtual_time import VirtualTime, virtual_time

INTERVAL = 4.3
PEOPLE = 10
SLICE = timedelta(seconds=110)
"""How long a tick works."""
ASKED_AFTER = timedelta(seconds=30)


@pytest.fixture
def time(transactional_db: None, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[VirtualTime]:
    settings.LIMITS = replace(settings.LIMITS, bling_token_interval_ms=1000 * INTERVAL)
    with virtual_time(timezone.now() + timedelta(hours=6)) as time:
        for module in (limits, tokens, sys.modules["integrations.pipeline.outbox.drain"]):
            monkeypatch.setattr(module, "time", time)
        yield time


@dataclass
class Outage:
    """Companies whose tokens have expired, each with a run that is due; the last ones have titles."""

    companies: list[Company]
    time: VirtualTime
    began_at: datetime
    threads: int

    @property
    def workers(self) -> list[Callable[[], object]]:
        """Two worker processes, each with a thread for tokens, one for people and some for whatever is due, or for
        runs alone: a thousand new companies have hours of other work, which needs no token."""
        time = self.time
        mine = [
            lambda: tokens.refresh_line(clock=time, deadline=time() + SLICE),
            lambda: tick.serve_people(clock=time, deadline=time() + SLICE),
            *(lambda first=first: self._turn(first) for first in range(self.threads)),
        ]
        return mine * 2

    def _turn(self, first: int) -> None:
        tick.work_once(clock=self.time, deadline=self.time() + SLICE, first=first)

    def ask(self, title_of: list[Company]) -> None:
        titles = Title.objects.filter(connection__in=[company.connection for company in title_of])
        request_resync(titles=titles, user=User.objects.get(), now=self.time())

    def refreshes(self) -> list[datetime]:
        """Return when tokens were refreshed since the outage."""
        newer = BlingToken.objects.filter(refreshed_at__gte=self.began_at)
        return list(newer.order_by("refreshed_at").values_list("refreshed_at", flat=True))


@pytest.fixture
def outage(new_company: Callable[..., Company], user: User, time: VirtualTime) -> Callable[..., Outage]:
    def begin(count: int, threads: int) -> Outage:
        companies = [new_company(f"c{number}") for number in range(count)]
        for company in companies[-PEOPLE:]:
            company.add_title("payable")
            company.sync()
        for number, company in enumerate(companies):
            company.bling.expire_access_tokens()
            token = BlingToken.objects.filter(connection=company.connection)
            token.update(expires_at=time() - timedelta(hours=6) + timedelta(seconds=number))
        request_sync(connections=BlingConnection.objects.all(), user=None, now=time())
        SyncRun.objects.update(trigger=SyncRun.Trigger.SCHEDULE)
        return Outage(companies, time, time(), threads)

    return begin


def check_people_first(outage: Outage) -> None:
    """Ten people ask for titles of the companies that are last by age: each is served before any other company."""
    asked_at: list[datetime] = []

    def ask() -> None:
        if not asked_at and outage.time() >= outage.began_at + ASKED_AFTER:
            asked_at.append(outage.time())
            outage.ask(outage.companies[-PEOPLE:])

    asked = TitleRead.objects.filter(asked_at__isnull=False)
    outage.time.run([*outage.workers, ask], until=lambda: bool(asked_at) and not asked.exists())
    read = [row.read_at - asked_at[0] for row in TitleRead.objects.order_by("read_at")]
    waits = [wait.total_seconds() for wait in read if wait >= timedelta(0)]
    assert len(waits) == PEOPLE
    assert waits[4] <= 30, waits
    assert waits[9] <= 30 + 5 * INTERVAL, waits


def check_slots(outage: Outage) -> None:
    """No two refreshes are too near to one another, and no slot is left unused while somebody waits."""
    gaps = [(after - before).total_seconds() for before, after in pairwise(outage.refreshes())]
    assert min(gaps) >= INTERVAL - 0.01, sorted(gaps)[:3]
    assert max(gaps) <= INTERVAL + 1.5, sorted(gaps)[-3:]


@pytest.mark.long
def test_people_come_first_and_all_others_follow(outage: Callable[..., Outage]) -> None:
    some = outage(20, threads=4)
    check_people_first(some)
    runs = SyncRun.objects.filter(state=SyncRun.State.OPEN)
    some.time.run(some.workers, until=lambda: not runs.exists())
    assert not SyncRun.objects.exclude(state=SyncRun.State.DONE).exists()
    assert len(some.refreshes()) == 20
    check_slots(some)
    assert not BlingToken.objects.exclude(waiting=Waiting.NOBODY).exists()
