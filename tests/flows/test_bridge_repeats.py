"""What programs send again: at once, by two keys, over midnight, long after a lost answer, and while workers die."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.utils import timezone

from integrations.domain.calendar import day_of
from integrations.domain.delivery import DeliveryState
from integrations.models import BlingAttempt, PayableWrite, WriteBatch
from integrations.models.api_keys import new_key
from integrations.pipeline.access.failpoints import WRITE_FAILPOINTS
from sandbox.faults import Fault
from sandbox.world import World
from tests.bling_v2.example import XML
from tests.flows.bridged import KEY, ONCE, booked, bridge, error_of, make_key, may_settle, ours, put, send, settled
from tests.flows.helpers import Company
from tests.flows.mortal import Killed, at_failpoint, die
from tests.flows.test_into_bling_kills import at_once, let_leases_end

UNDATED = "".join(
    line for line in ONCE.splitlines(keepends=True)
    if not any(name in line for name in ("dataEmissao", "vencimentoOriginal", "competencia"))
)  # fmt: skip
MILESTONES = (*WRITE_FAILPOINTS, "lookup.read", "lookup.done")


@pytest.fixture
def bridged(company: Company, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Company:
    return bridge(company, settings, monkeypatch)


@contextmanager
def later(world: World, moment: datetime) -> Iterator[None]:
    """Let it be another moment, for us and for Bling."""
    with time_machine.travel(moment):
        world.today, before = day_of(moment), world.today
        yield
    world.today = before


def suppliers(company: Company) -> int:
    return [contact.name for contact in company.bling.contacts.values()].count("Organisys Software")


class TestAtOnce:
    def test_by_two_keys(self, bridged: Company) -> None:
        other = new_key()
        make_key(bridged, other)
        found = at_once(*[lambda key=key: send(key=key) for key in (KEY, other)])
        assert [error_of(answer)[0] for answer in found] == [903, 903]
        assert WriteBatch.objects.count() == 1
        assert [booked(bridged, key=key).status_code for key in (KEY, other)] == [201, 201]
        assert len(ours(bridged)) == 2

    def test_two_bills_of_one_new_supplier(self, bridged: Company) -> None:
        bills = (ONCE, ONCE.replace("0123456<", "0999999<"))
        found = at_once(*[lambda xml=xml: send(xml) for xml in bills])
        assert [error_of(answer)[0] for answer in found] == [903, 903]
        assert [booked(bridged, xml).status_code for xml in bills] == [201, 201]
        assert (len(ours(bridged)), suppliers(bridged), bridged.bling.calls["POST /contatos"]) == (2, 1, 1)

    def test_a_changed_one(self, bridged: Company) -> None:
        """Whichever came first is booked; the other one waits for a person."""
        found = at_once(lambda: send(ONCE), lambda: send(ONCE.replace("15.00", "16.00")))
        assert [error_of(answer)[0] for answer in found] == [903, 903]
        for _ in range(2):
            bridged.work()
        assert len(ours(bridged)) == 1
        assert sorted(PayableWrite.objects.values_list("state", flat=True)) == ["delivered", "needs_human"]


class TestLater:
    def test_over_midnight_it_is_the_same_day_s(self, bridged: Company, world: World) -> None:
        now = timezone.localtime()
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        with later(world, midnight - timedelta(minutes=1)):
            assert error_of(send(UNDATED))[0] == 903
        with later(world, midnight + timedelta(minutes=1)):
            assert error_of(send(UNDATED))[0] == 903
            assert booked(bridged, UNDATED).status_code == 201
        [title] = ours(bridged)
        assert {title.due, title.issue, title.competence} == {day_of(midnight - timedelta(minutes=1))}
        with later(world, midnight + timedelta(hours=2)):
            assert booked(bridged, UNDATED).status_code == 201
        assert len(ours(bridged)) == 1

    @pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
    def test_a_quarter_of_an_hour_after_a_lost_answer(
        self, bridged: Company, world: World, settings: Any, kind: Any
    ) -> None:
        settings.UNCERTAIN_WAIT_SECONDS = 420
        world.faults.add(Fault("bling", kind, "POST", "/contas/pagar"))
        now = timezone.now()
        send()
        bridged.work(waits=False)
        for minutes in (5, 8):
            with later(world, now + timedelta(minutes=minutes)):
                assert error_of(send())[0] == 903
                bridged.work(waits=False)
        with later(world, now + timedelta(minutes=15, seconds=30)):
            assert booked(bridged).status_code == 201
        assert (len(ours(bridged)), suppliers(bridged)) == (2, 1)
        assert WriteBatch.objects.count() == 1


@pytest.mark.parametrize("passing", [1, 2])
@pytest.mark.parametrize("name", MILESTONES)
@pytest.mark.parametrize("kind", ["", "cut_after"])
@pytest.mark.some(4, drawn=2)
def test_a_worker_that_dies_at_a_milestone_books_two_titles_and_one_contact(
    bridged: Company, world: World, name: str, passing: int, kind: Any
) -> None:
    if kind:
        world.faults.add(Fault("bling", kind, "POST", "/contas/pagar"))
    send()
    with at_failpoint(name, passing, die) as passed:
        try:
            bridged.work()
        except Killed:
            assert passed[-1] == name
        else:
            assert passed.count(name) < passing
    let_leases_end()
    assert booked(bridged).status_code == 201
    assert (len(ours(bridged)), suppliers(bridged)) == (2, 1)
    assert sorted(title.document_number for title in ours(bridged)) == ["0123456/1", "0123456/2"]
    assert set(PayableWrite.objects.values_list("state", flat=True)) == {DeliveryState.DELIVERED}
    assert not BlingAttempt.objects.filter(outcome__in=BlingAttempt.UNRESOLVED).exists()


class TestStrangers:
    """What is said of requests to settle is the same as of those to enter."""

    @pytest.mark.parametrize("dtd", ["<!DOCTYPE c [<!ENTITY x SYSTEM 'file:///etc/hostname'>]>", "<!DOCTYPE c>"])
    def test_a_dtd_is_not_read(self, bridged: Company, dtd: str) -> None:
        name = Path("/etc/hostname").read_text(encoding="utf-8").strip()
        xml = f"{dtd}<contapagar><dataLiquidacao>&x;</dataLiquidacao></contapagar>"
        entered = send(f"{dtd}{XML[XML.index('<contapagar>') :]}".replace("Teste de", "&x;"))
        for answer in (put(1, xml), entered):
            assert error_of(answer)[0] == 901
            assert name not in answer.content.decode()

    def test_too_much(self, bridged: Company) -> None:
        answer = put(1, f"<contapagar><juros>{'1' * 66_000}</juros></contapagar>")
        assert (answer.status_code, error_of(answer)[0]) == (413, 908)

    def test_who_tries_keys_is_stopped(self, bridged: Company) -> None:
        assert [put(1, key=new_key()).status_code for _ in range(12)] == [401] * 10 + [429] * 2

    def test_the_key_stands_nowhere(self, bridged: Company, caplog: pytest.LogCaptureFixture) -> None:
        may_settle()
        caplog.set_level("DEBUG")
        booked(bridged, ONCE)
        [title] = ours(bridged)
        settled(bridged, title.id)
        told = caplog.text
        for model in apps.get_models():
            if model._meta.managed:
                told += "".join(str(row) for row in model._default_manager.values())
        assert str(title.id) in told
        for secret in (KEY, "<dataLiquidacao>", "%3CdataLiquidacao"):
            assert secret not in told
