"""Programs that settle payables by the bridge: once, whole, and only what they may."""

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from integrations.bling_v2.codes import CODES, NOT_SETTLED
from integrations.domain.calendar import day_of
from integrations.models import (
    ApiKey,
    Attempt,
    BlingAttempt,
    BlingWriting,
    ConfidentialCategory,
    PayableWrite,
    SettlementWrite,
    Tenant,
    Title,
    WriteBatch,
    WriteMode,
)
from integrations.models.api_keys import new_key
from integrations.pipeline.payables.standing import Standing, standing_of_settlement
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.bridged import (
    KEY,
    ONCE,
    booked,
    error_of,
    make_key,
    may_settle,
    ours,
    put,
    send,
    settled,
    settlement,
)
from tests.flows.checks import check_kamino, check_rest
from tests.flows.helpers import Company
from tests.flows.settling import bridged, title

__all__ = ["bridged", "title"]

SETTLE = "POST /contas/pagar/{id}/baixar"


def yesterday() -> date:
    return day_of(timezone.now()) - timedelta(days=1)


def paid(company: Company, title: Any) -> list[Any]:
    return [(day, line.amount) for day, line in company.bling.payments_of(title.id)]


class TestOnce:
    def test_however_often_it_is_asked_for(self, bridged: Company, title: Any) -> None:
        answer = put(title.id)
        assert (answer.status_code, error_of(answer)[0], answer["Retry-After"]) == (503, 903, "60")
        for _ in range(3):
            answer = settled(bridged, title.id)
            assert answer.status_code == 200
            told = {"id": str(title.id), "nroDocumento": "0123456", "vencimento": "2017-04-20"}
            assert json.loads(answer.content) == {"retorno": {"contaspagar": [{"contapagar": told}]}}
        assert bridged.bling.calls[SETTLE] == 1
        assert paid(bridged, title) == [(day_of(timezone.now()), Decimal("15.00"))]
        [bordero] = bridged.bling.borderos.values()
        assert bordero.account == title.account
        assert SettlementWrite.objects.get().bling_id == bordero.id

    def test_by_two_keys(self, bridged: Company, title: Any) -> None:
        other = new_key()
        make_key(bridged, other)
        may_settle()
        answers = [settled(bridged, title.id, key=key) for key in (KEY, other, KEY)]
        assert [answer.status_code for answer in answers] == [200] * 3
        assert bridged.bling.calls[SETTLE] == 1

    @pytest.mark.parametrize(
        "path",
        [
            "/Api/v2/contapagar/{}", "/Api/v2/contapagar/{}/", "/b/Api/v2/contapagar/{}/xml",
            "/b/Api/v2/contapagar/{}/xml/",
        ],
    )  # fmt: skip
    def test_at_every_address(self, bridged: Company, title: Any, path: str) -> None:
        answer = settled(bridged, title.id, path=path)
        assert answer.status_code == 200
        assert f"<contapagar><id>{title.id}</id>".encode() in answer.content
        assert settled(bridged, title.id, path="/Api/v2/contapagar/{}/json/").status_code == 200
        assert bridged.bling.calls[SETTLE] == 1

    @pytest.mark.parametrize("more", ["<juros>1,00</juros>", "<valor>14.00</valor>"])
    def test_another_amount_is_refused(self, bridged: Company, title: Any, more: str) -> None:
        assert settled(bridged, title.id).status_code == 200
        assert error_of(put(title.id, settlement(more=more)))[0] == NOT_SETTLED

    def test_another_day_is_refused_while_the_first_waits_and_later(self, bridged: Company, title: Any) -> None:
        put(title.id)
        assert error_of(put(title.id, settlement(yesterday())))[0] == NOT_SETTLED
        assert settled(bridged, title.id).status_code == 200
        assert error_of(put(title.id, settlement(yesterday())))[0] == NOT_SETTLED
        assert bridged.bling.calls[SETTLE] == 1

    def test_it_stays_answered_after_people_switched_it_off(self, bridged: Company, title: Any) -> None:
        settled(bridged, title.id)
        BlingWriting.objects.update(settles=False)
        assert put(title.id).status_code == 200

    def test_what_is_beside_the_value_is_sent(self, bridged: Company, title: Any) -> None:
        more = "<juros>1,50</juros><desconto/><acrescimo>0</acrescimo><tarifa>2.00</tarifa><valor>15,00</valor>"
        assert settled(bridged, title.id, settlement(yesterday(), more)).status_code == 200
        [(day, line)] = bridged.bling.payments_of(title.id)
        assert (day, line.amount, line.interest, line.discount, line.fee) == (
            yesterday(), Decimal("15.00"), Decimal("1.50"), Decimal("0.00"), Decimal("2.00")
        )  # fmt: skip


class TestRefused:
    def test_a_program_is_told_why(self, bridged: Company, title: Any) -> None:
        other = bridged.add_title("payable")
        bridged.sync()
        bridged.bling.pay(other)
        bridged.sync()
        assert error_of(put(other)) == (86, f"{CODES[86]}: não foi lançada por esta ponte")
        ApiKey.objects.update(settles_any=True)
        assert "não está em aberto" in error_of(put(other))[1]
        bridged.bling.edit_title(title.id, account=0)
        assert "portador" in error_of(settled(bridged, title.id))[1]
        ApiKey.objects.update(settle_account_id=bridged.bank)
        assert settled(bridged, title.id).status_code == 200
        assert "outro dia" in error_of(put(title.id, settlement(yesterday())))[1]
        assert "ainda não chegou" in error_of(put(title.id, settlement(date(2098, 1, 1))))[1]

    @pytest.mark.parametrize(
        "more", ["<juros>15,01</juros>", "<juros>10</juros><tarifa>5,01</tarifa>", "<desconto>15</desconto>"]
    )
    def test_what_is_more_than_the_payable_is_a_slip(self, bridged: Company, title: Any, more: str) -> None:
        code, said = error_of(settled(bridged, title.id, settlement(more=more)))
        assert (code, "mais do que o valor" in said) == (86, True)
        assert not SettlementWrite.objects.exists()
        assert settled(bridged, title.id, settlement(more="<juros>15,00</juros>")).status_code == 200

    def test_what_is_not_ours(self, bridged: Company, title: Any) -> None:
        other = bridged.add_title("payable")
        bridged.sync()
        for title_id in (other, 99, 10**17):
            assert error_of(put(title_id))[0] == NOT_SETTLED
        bridged.work()
        assert not SettlementWrite.objects.exists()
        assert bridged.bling.calls[SETTLE] == 0

    def test_what_a_person_entered_here(self, bridged: Company, title: Any) -> None:
        WriteBatch.objects.update(source="form")
        assert error_of(put(title.id))[0] == NOT_SETTLED

    def test_what_is_ours_of_another_company(self, bridged: Company, title: Any, new_company: Any) -> None:
        other, key = new_company("outra"), new_key()
        BlingWriting.objects.create(connection=other.connection, mode=WriteMode.LIVE)
        make_key(other, key)
        may_settle()
        assert error_of(put(title.id, key=key))[0] == NOT_SETTLED

    def test_an_uncertain_create(self, bridged: Company, world: World, settings: Any) -> None:
        settings.UNCERTAIN_WAIT_SECONDS = 3600
        world.faults.add(Fault("bling", "cut_after", "POST", "/contas/pagar"))
        send(ONCE)
        bridged.work()
        [title] = ours(bridged)
        assert error_of(put(title.id))[0] == NOT_SETTLED
        bridged.sync()
        ApiKey.objects.update(settles_any=True)
        answer = put(title.id)
        assert (answer.status_code, error_of(answer)[0], answer["Retry-After"]) == (503, 903, "60")
        assert not SettlementWrite.objects.exists()
        PayableWrite.objects.update(ready_at=timezone.now())
        bridged.work()
        assert settled(bridged, title.id).status_code == 200
        assert len(ours(bridged)) == 1

    @pytest.mark.parametrize("amount", [None, "5.00"])
    @pytest.mark.parametrize("is_mirrored", [True, False])
    def test_what_somebody_paid(self, bridged: Company, title: Any, amount: Any, is_mirrored: bool) -> None:
        bridged.bling.pay(title.id, amount=amount)
        if is_mirrored:
            bridged.sync()
        assert error_of(settled(bridged, title.id))[0] == NOT_SETTLED
        assert len(paid(bridged, title)) == 1
        assert bridged.bling.calls[SETTLE] == 0
        # Its program may ask again, and learns the same: nobody else has to decide about it.
        assert error_of(settled(bridged, title.id, settlement(yesterday())))[0] == NOT_SETTLED
        assert not SettlementWrite.objects.exclude(state="ignored").exists()

    def test_what_the_mirror_saw_paid_between_acceptance_and_sending(self, bridged: Company, title: Any) -> None:
        """Whatever Bling's detail shows right then."""
        bridged.sync()
        put(title.id)
        Title.objects.filter(bling_id=title.id).update(status="settled")
        assert error_of(settled(bridged, title.id))[0] == NOT_SETTLED
        assert paid(bridged, title) == []

    @pytest.mark.parametrize("change", ["cancel", "delete"])
    def test_what_is_not_owed_any_more(self, bridged: Company, title: Any, change: str) -> None:
        getattr(bridged.bling, change)(title.id)
        assert error_of(settled(bridged, title.id))[0] == NOT_SETTLED
        assert bridged.bling.calls[SETTLE] == 0

    def test_another_value_than_bling_has(self, bridged: Company, title: Any) -> None:
        assert error_of(settled(bridged, title.id, settlement(more="<valor>14,99</valor>")))[0] == NOT_SETTLED
        assert settled(bridged, title.id).status_code == 200

    def test_without_portador_the_key_names_it(self, bridged: Company, title: Any) -> None:
        bridged.bling.edit_title(title.id, account=0)
        assert error_of(settled(bridged, title.id))[0] == NOT_SETTLED
        assert SettlementWrite.objects.get().reason == "bank_account_missing"
        ApiKey.objects.update(settle_account_id=bridged.bank)
        assert settled(bridged, title.id).status_code == 200
        assert [bordero.account for bordero in bridged.bling.borderos.values()] == [bridged.bank]

    def test_without_category(self, bridged: Company, title: Any) -> None:
        bridged.bling.edit_title(title.id, category=0)
        assert error_of(settled(bridged, title.id))[0] == NOT_SETTLED
        assert SettlementWrite.objects.get().reason == "category_missing"

    def test_what_bling_refuses_is_said_and_may_be_asked_again(
        self, bridged: Company, title: Any, world: World
    ) -> None:
        refusal = '{"error": {"type": "VALIDATION_ERROR", "message": "Caixa fechado"}}'
        world.faults.add(Fault("bling", "answer", "POST", "/contas/pagar", status=400, answer=refusal))
        assert error_of(settled(bridged, title.id)) == (86, f"{CODES[86]}: Caixa fechado")
        assert settled(bridged, title.id).status_code == 200
        assert len(paid(bridged, title)) == 1

    def test_what_bling_lets_nobody_settle_waits_alone(self, bridged: Company, title: Any, world: World) -> None:
        refusal = '{"error": {"type": "FORBIDDEN", "message": "Acesso negado"}}'
        fault = Fault("bling", "answer", "POST", f"/contas/pagar/{title.id}", status=403, answer=refusal)
        world.faults.add(fault)
        assert error_of(settled(bridged, title.id))[0] == 903
        row, now = BlingWriting.objects.get(), timezone.now()
        assert ("“Borderôs”" in row.error, row.paused_until, row.payables_wait_until) == (True, None, None)
        waiting = SettlementWrite.objects.select_related("api_key", "connection__writing").get()
        assert standing_of_settlement(waiting, now).standing == Standing.PAUSED
        BlingWriting.objects.update(settlements_wait_until=now)
        SettlementWrite.objects.update(ready_at=now)
        assert settled(bridged, title.id).status_code == 200
        assert BlingWriting.objects.get().error == ""
        assert len(paid(bridged, title)) == 1

    def test_five_refusals_stop_a_key_for_a_while(self, bridged: Company, title: Any) -> None:
        bridged.bling.cancel(title.id)
        for _ in range(5):
            assert error_of(settled(bridged, title.id))[0] == NOT_SETTLED
        answer = put(title.id)
        assert (answer.status_code, error_of(answer)[0]) == (429, 907)
        BlingAttempt.objects.update(started_at=timezone.now() - timedelta(minutes=6))
        assert error_of(settled(bridged, title.id))[0] == NOT_SETTLED

    @pytest.mark.parametrize(
        ("xml", "code"),
        [
            ("<contapagar><juros>1</juros></contapagar>", 902), (settlement().replace("/20", "-20", 1), 902),
            (settlement(date(2098, 1, 1)), 86), (settlement(more="<juros>muito</juros>"), 906),
            (settlement(more="<valor>0</valor>"), 906), ("<contareceber/>", 901),
            (settlement().replace("<dataL", "<dataLiquidacao>31/02/2026</dataLiquidacao><dataL"), 901),
            ("<contapagar><dataLiquidacao>31/02/2026</dataLiquidacao></contapagar>", 902),
        ],
    )  # fmt: skip
    def test_what_cannot_be_read(self, bridged: Company, title: Any, xml: str, code: int) -> None:
        assert error_of(put(title.id, xml))[0] == code
        assert not SettlementWrite.objects.exists()

    def test_a_day_in_a_closed_month(self, bridged: Company, title: Any) -> None:
        Tenant.objects.update(closed_until=yesterday())
        code, text = error_of(put(title.id, settlement(yesterday())))
        assert (code, "fechado" in text) == (906, True)
        assert settled(bridged, title.id).status_code == 200


class TestFenced:
    @pytest.mark.parametrize(
        "switch",
        [
            lambda: BlingWriting.objects.update(settles=False),
            lambda: BlingWriting.objects.update(mode=WriteMode.SIMULATION),
            lambda: ApiKey.objects.update(settles=False),
            lambda: ApiKey.objects.update(settle_approved_by=None),
        ],
        ids=["account", "simulation", "key", "second person"],
    )
    def test_nothing_is_stored_where_it_is_off(self, bridged: Company, title: Any, switch: Any) -> None:
        switch()
        answer = put(title.id)
        assert (answer.status_code, error_of(answer)[0], answer.has_header("Retry-After")) == (503, 905, False)
        assert not SettlementWrite.objects.exists()

    def test_what_waits_is_not_sent_once_it_is_switched_off(self, bridged: Company, title: Any) -> None:
        put(title.id)
        BlingWriting.objects.update(settles=False)
        bridged.work()
        assert paid(bridged, title) == []
        BlingWriting.objects.update(settles=True)
        assert settled(bridged, title.id).status_code == 200

    def test_an_unknown_key(self, bridged: Company, title: Any) -> None:
        assert error_of(put(title.id, key=new_key()))[0] == 3

    def test_another_method(self, bridged: Company, title: Any) -> None:
        path = f"/Api/v2/contapagar/{title.id}/json/"
        assert [Client().get(path).status_code, Client().post(path).status_code] == [405, 405]
        assert Client().put("/Api/v2/contapagar/json/").status_code == 405

    def test_without_encryption(self, bridged: Company, title: Any, settings: Any) -> None:
        settings.SECURE_SSL_REDIRECT = True
        answer = put(title.id)
        assert (answer.status_code, answer.has_header("Location")) == (403, False)
        assert not SettlementWrite.objects.exists()

    def test_every_open_one_where_the_key_may(self, bridged: Company, title: Any) -> None:
        other, secret = (bridged.add_title("payable", account=bridged.bank) for _ in range(2))
        hidden = bridged.bling.add_category("Folha", kind=1)
        bridged.bling.edit_title(secret, category=hidden)
        bridged.forget_registers()
        bridged.sync()
        ApiKey.objects.update(settles_any=True)
        item = bridged.connection.catalog.get(kind="category", bling_id=hidden)
        ConfidentialCategory.objects.create(connection=bridged.connection, item=item)
        assert settled(bridged, other).status_code == 200
        assert error_of(put(secret))[0] == NOT_SETTLED
        assert error_of(put(4711))[0] == NOT_SETTLED
        assert bridged.bling.calls[SETTLE] == 1


class TestOld:
    def test_what_waited_too_long_is_not_sent_by_itself(self, bridged: Company, title: Any) -> None:
        put(title.id)
        SettlementWrite.objects.update(accepted_at=timezone.now() - timedelta(hours=3))
        bridged.work()
        assert paid(bridged, title) == []
        # Its program says it anew, for another day if it likes.
        assert settled(bridged, title.id, settlement(yesterday())).status_code == 200
        assert [day for day, _amount in paid(bridged, title)] == [yesterday()]

    def test_what_was_asked_before_live_delivery_is_not_sent_by_itself(self, bridged: Company, title: Any) -> None:
        put(title.id)
        BlingWriting.objects.update(live_since=timezone.now())
        bridged.work()
        assert paid(bridged, title) == []
        assert settled(bridged, title.id).status_code == 200


def test_it_is_settled_while_another_parcel_waits(bridged: Company, world: World) -> None:
    busy = '{"error": {"type": "TOO_MANY_REQUESTS", "message": "espere"}}'
    world.faults.add(Fault("bling", "answer", "POST", "/contas/pagar", status=429, answer=busy, after=1, times=99))
    send()
    bridged.work(waits=False)
    [first] = ours(bridged)
    world.faults.clear()
    PayableWrite.objects.filter(bling_id=None).update(ready_at=timezone.now() + timedelta(hours=1))
    put(first.id)
    bridged.work(waits=False)
    assert put(first.id).status_code == 200
    PayableWrite.objects.update(ready_at=timezone.now())
    assert booked(bridged).status_code == 201
    assert sorted((one.due, one.status) for one in ours(bridged)) == [(date(2017, 4, 20), 2), (date(2017, 5, 20), 1)]


def test_the_settlement_reaches_kamino_once(bridged: Company) -> None:
    due = day_of(timezone.now()) + timedelta(days=5)
    xml = ONCE.replace("Vendas", "Categoria de teste").replace("CEF", "Banco de Teste")
    xml = xml.replace("20/04/2017", f"{due:%d/%m/%Y}").replace("01/04/2017", f"{due:%d/%m/%Y}")
    assert booked(bridged, xml).status_code == 201
    [title] = ours(bridged)
    bridged.sync()
    assert not bridged.in_kamino("payable", title.id)["DataPagamento"]
    assert settled(bridged, title.id).status_code == 200
    bridged.sync()
    row = bridged.in_kamino("payable", title.id)
    assert (row["DataPagamento"][:10], row["ValorPagamento"]) == (str(day_of(timezone.now())), 15.0)
    for _ in range(2):
        assert settled(bridged, title.id).status_code == 200
        check_rest(bridged, bridged.sync)
    assert bridged.in_kamino("payable", title.id) == row
    assert Attempt.objects.filter(settles=True).count() == 1
    check_kamino(bridged)
