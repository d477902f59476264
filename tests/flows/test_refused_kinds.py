"""What Bling lets nobody write stops that kind alone, with one alert that names what is to be ticked."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.domain.alerts import AlertCause
from integrations.domain.delivery import DeliveryState
from integrations.domain.occurrences import Recurrence
from integrations.models import (
    Alert,
    BlingAttempt,
    BlingWriting,
    ContactWrite,
    PayableWrite,
    RateLimit,
    WakeUp,
    WakeUpKind,
)
from integrations.pipeline.payables.entry import Supplier
from integrations.pipeline.payables.standing import Standing, standing_of
from integrations.pipeline.report.alerts import review_alerts
from integrations.pipeline.report.causes import find_causes
from integrations.words.alerts import alert_text
from integrations.words.values import moment_text
from integrations.words.writes import write_texts
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company
from tests.flows.payables import enter, entry, ours, states

FORBIDDEN = json.dumps({"error": {"type": "FORBIDDEN", "message": "Acesso negado", "description": "Sem permissão."}})


def known(company: Company, name: str = "Padaria Lua") -> Supplier:
    return Supplier(name, "11222333000181", company.bling.add_contact(name, document="11222333000181"))


def alerts(company: Company) -> list[str]:
    """Return what people are told of refused writing, and let it be an alert."""
    now = timezone.now()
    WakeUp.objects.filter(kind=WakeUpKind.ALERTS).update(due_at=now)
    review_alerts(now=now)
    found = find_causes([company.tenant], now=now)[company.tenant.pk]
    mine = [one for one in found if one.cause is AlertCause.WRITING]
    assert Alert.objects.filter(cause=AlertCause.WRITING, closed_at=None).count() == len(mine)
    return [alert_text(one.cause, one.params, is_whole=True) for one in mine]


def later() -> None:
    """Let the quarter of an hour be over."""
    now = timezone.now()
    BlingWriting.objects.exclude(payables_wait_until=None).update(payables_wait_until=now)
    BlingWriting.objects.exclude(contacts_wait_until=None).update(contacts_wait_until=now)
    for model in (PayableWrite, ContactWrite):
        model.objects.filter(state=DeliveryState.READY).update(ready_at=now)


@pytest.mark.parametrize("how", ["scope", "user"])
def test_refused_suppliers_do_not_hold_up_payables_of_known_ones(
    writing: Company, ana: User, world: World, how: str
) -> None:
    if how == "scope":
        writing.bling.missing_scopes = {"contatos:write"}
    else:
        world.faults.add(Fault("bling", "answer", "POST", "/contatos", times=9, status=403, answer=FORBIDDEN))
    enter(writing, ana, entry(writing), entry(writing, supplier=known(writing), document_number="NF 78"))
    writing.work()
    assert sorted(states()) == [DeliveryState.DELIVERED, DeliveryState.READY]
    assert ContactWrite.objects.get().state == DeliveryState.READY
    row = BlingWriting.objects.get()
    assert "“Clientes e Fornecedores”" in row.error
    assert row.paused_until is None
    waits = PayableWrite.objects.select_related("batch", "supplier", "connection__writing").get(state="ready")
    assert standing_of(waits, timezone.now()).standing == Standing.PAUSED


def test_refused_payables_create_no_suppliers(writing: Company, ana: User) -> None:
    writing.bling.missing_scopes = {"contas-pagar:write"}
    enter(writing, ana, entry(writing, supplier=known(writing)))
    writing.work()
    enter(writing, ana)
    writing.work()
    assert writing.bling.calls["POST /contatos"] == 0
    assert states() == [DeliveryState.READY] * 2


def test_one_alert_names_the_tick_until_it_is_let(writing: Company, ana: User) -> None:
    writing.bling.missing_scopes = {"contas-pagar:write"}
    enter(writing, ana, entry(writing, supplier=known(writing), recurrence=Recurrence.INSTALLMENTS, installments=3))
    for _ in range(3):
        writing.work()
        [text] = alerts(writing)
        assert "“Contas a Pagar”" in text
        later()
        [text] = alerts(writing)  # between two tries it stays the same one
    assert Alert.objects.filter(cause=AlertCause.WRITING).count() == 1
    assert writing.bling.refused[403] == 3
    writing.bling.missing_scopes = set()
    writing.work()
    assert len(ours(writing)) == 3
    assert alerts(writing) == []
    assert BlingWriting.objects.get().error == ""


def test_an_alert_ends_where_nothing_asks_any_more(writing: Company, ana: User) -> None:
    writing.bling.missing_scopes = {"contas-pagar:write"}
    enter(writing, ana, entry(writing, supplier=known(writing)))
    writing.work()
    assert len(alerts(writing)) == 1
    BlingWriting.objects.update(payables_wait_until=timezone.now() - timedelta(hours=2))
    assert alerts(writing) == []


def test_a_blocked_account_is_paused_as_a_whole(writing: Company, ana: User) -> None:
    enter(writing, ana, entry(writing, supplier=known(writing)))
    writing.bling.revoke_all()
    writing.work()
    row = BlingWriting.objects.get()
    assert row.refused_since(timezone.now()) == []
    assert ours(writing) == []


def test_a_spent_daily_limit_is_met_once_for_all_and_named_with_its_end(
    writing: Company, ana: User, world: World
) -> None:
    enter(writing, ana)
    writing.work()  # its supplier is known from now on
    world.faults.add(Fault("bling", "429_day", "POST", "/contas/pagar", times=99))
    bill = entry(writing, document_number="NF 78", recurrence=Recurrence.INSTALLMENTS, installments=9)
    enter(writing, ana, bill)
    writing.work(waits=False)
    assert len(world.faults.fired) == 1
    assert BlingAttempt.objects.filter(outcome="transient").count() == 1
    last = PayableWrite.objects.select_related("batch", "supplier", "connection__writing").latest("pk")
    answer = standing_of(last, timezone.now())
    said, _advice = write_texts(answer.standing, answer.why)
    paused = BlingWriting.objects.get().paused_until
    assert paused is not None
    assert f"continua sozinho em {moment_text(paused.isoformat())}" in said
    assert alerts(writing) == []
    world.faults.clear()
    RateLimit.objects.update(next_at=timezone.now())
    PayableWrite.objects.update(ready_at=timezone.now())
    BlingWriting.objects.update(paused_until=timezone.now())
    writing.work()
    assert len(ours(writing)) == 10
