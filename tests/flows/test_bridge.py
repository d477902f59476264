"""Programs that still speak Bling's API v2: what they send is booked once, and answered as v2 did."""

import json
import threading
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone
from django_q.models import OrmQ

from integrations.bling_v2.codes import CODES
from integrations.domain.payables import marker_of
from integrations.models import ApiKey, Breaker, ContactWrite, PayableWrite, WriteBatch
from integrations.models.api_keys import new_key
from integrations.pipeline.payables import orders
from sandbox.faults import Fault
from sandbox.world import World
from tests.bling_v2.example import edited
from tests.flows.bridged import KEY, ONCE, booked, bridge, error_of, make_key, ours, send, send_plainly
from tests.flows.helpers import Company

EXAMPLE: Any = {
    "retorno": {
        "contaspagar": [[
            {"contapagar": {"id": "212454", "nroDocumento": "0123456/1", "vencimento": "2017-04-20"}},
            {"contapagar": {"id": "212458", "nroDocumento": "0123456/2", "vencimento": "2017-05-20"}},
        ]]
    }
}  # fmt: skip
POST = {"side": "bling", "method": "POST", "path": "/contas/pagar"}


@pytest.fixture
def bridged(company: Company, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Company:
    return bridge(company, settings, monkeypatch)


def test_the_example_is_booked_and_answered_as_it_stands(bridged: Company) -> None:
    answer = send()
    assert (answer.status_code, answer["Retry-After"], error_of(answer)) == (503, "60", (903, CODES[903]))
    answer = booked(bridged)
    assert answer.status_code == 201
    assert json.loads(answer.content) == EXAMPLE
    titles = ours(bridged)
    assert [(one.value, one.due, one.document_number, one.issue, one.competence) for one in titles] == [
        (Decimal("15.00"), date(2017, 4, 20), "0123456/1", date(2017, 4, 13), date(2017, 4, 1)),
        (Decimal("15.00"), date(2017, 5, 20), "0123456/2", date(2017, 4, 13), date(2017, 4, 1)),
    ]
    assert {one.payment_form for one in titles} == {785257}
    supplier = bridged.bling.contacts[titles[0].contact]
    assert (supplier.name, supplier.document, supplier.kind) == ("Organisys Software", "", "J")
    sent = ContactWrite.objects.get().get_desired()
    assert (sent.state_registration, sent.postal_code, sent.mobile) == ("3067663000", "95700-000", "")
    assert bridged.bling.calls["POST /contas/pagar"] == 2
    assert bridged.bling.calls["POST /contatos"] == 1


def test_the_workers_are_woken_for_what_is_new_alone(bridged: Company) -> None:
    OrmQ.objects.all().delete()
    send()
    assert [task.func() for task in OrmQ.objects.all()] == ["integrations.tasks.tick"]
    booked(bridged)
    OrmQ.objects.all().delete()
    send()
    assert not OrmQ.objects.exists()


@pytest.mark.parametrize(("value", "each"), [("15.00", ("7.50", "7.50")), ("15.01", ("7.50", "7.51"))])
def test_a_value_of_all_parcels_is_divided(bridged: Company, value: str, each: tuple[str, str]) -> None:
    ApiKey.objects.update(parcel_value="total")
    assert booked(bridged, edited("15.00", value)).status_code == 201
    assert tuple(str(title.value) for title in ours(bridged)) == each


@pytest.mark.parametrize("path", ["/Api/v2/contapagar/xml/", "/Api/v2/contapagar/", "/b/Api/v2/contapagar"])
def test_every_address_makes_the_same_titles(bridged: Company, path: str) -> None:
    answer = booked(bridged, path=path)
    assert answer.status_code == 201
    assert answer.content.count(b"<contapagar><id>2124") == 2
    assert answer["Content-Type"].startswith("text/xml")
    other = send(path="/b/Api/v2/contapagar/json")
    assert json.loads(other.content) == EXAMPLE
    assert len(ours(bridged)) == 2


class TestRepeated:
    def test_within_the_window_it_is_the_same(self, bridged: Company) -> None:
        booked(bridged)
        calls = dict(bridged.bling.calls)
        for key in (KEY, new_key()):
            if key != KEY:
                make_key(bridged, key)
            answer = booked(bridged, key=key)
            assert (answer.status_code, json.loads(answer.content)) == (201, EXAMPLE)
        bridged.work()
        assert dict(bridged.bling.calls) == calls
        assert WriteBatch.objects.count() == 1

    def test_after_the_window_it_is_a_new_one(self, bridged: Company) -> None:
        booked(bridged)
        then = timezone.now() - timedelta(hours=25)
        WriteBatch.objects.update(created_at=then, answered_at=then)
        for row in PayableWrite.objects.all():
            row.attempts.update(ended_at=then)
        ContactWrite.objects.get().attempts.update(ended_at=then)
        assert booked(bridged).status_code == 201
        assert len(ours(bridged)) == 4

    def test_by_several_at_once_it_is_booked_once(self, bridged: Company, settings: Any) -> None:
        settings.BRIDGE_WAIT_SECONDS = 20
        found: list[Any] = []

        def one() -> None:
            try:
                found.append(send())
            finally:
                connections.close_all()

        threads = [threading.Thread(target=one) for _ in range(2)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            bridged.work()
        assert [(answer.status_code, json.loads(answer.content)) for answer in found] == [(201, EXAMPLE)] * 2
        assert len(ours(bridged)) == 2

    @pytest.mark.parametrize("kind", ["cut_after", "cut_before", "500"])
    def test_after_a_lost_answer_it_is_booked_once(self, bridged: Company, world: World, kind: Any) -> None:
        world.faults.add(Fault(**POST, kind=kind))
        assert error_of(send())[0] == 903
        answer = booked(bridged)
        assert answer.status_code == 201
        numbers = [row["contapagar"]["nroDocumento"] for row in json.loads(answer.content)["retorno"]["contaspagar"][0]]
        assert numbers == ["0123456/1", "0123456/2"]
        assert len(ours(bridged)) == 2

    def test_another_value_meanwhile_is_held(self, bridged: Company, user: User) -> None:
        send()
        answer = send(edited("15.00", "16.00"))
        code, text = error_of(answer)
        held = PayableWrite.objects.filter(batch=WriteBatch.objects.latest("pk")).order_by("pk")
        assert (answer.status_code, code, str(held[0].pk) in text) == (503, 903, True)
        assert not answer.has_header("Retry-After")
        for _ in range(2):
            bridged.work()
        assert [title.value for title in ours(bridged)] == [Decimal("15.00")] * 2
        for row in held:
            orders.create_all_the_same(payable=row, reason="outra conta", user=user, now=timezone.now())
        assert booked(bridged, edited("15.00", "16.00")).status_code == 201
        assert len(ours(bridged)) == 4

    def test_what_is_held_may_be_left_out(self, bridged: Company, user: User) -> None:
        send()
        send(edited("15.00", "16.00"))
        for row in PayableWrite.objects.filter(batch=WriteBatch.objects.latest("pk")):
            orders.leave_out(payable=row, reason="a mesma", user=user, now=timezone.now())
        assert error_of(send(edited("15.00", "16.00")))[0] == 906

    def test_another_bill_of_one_new_supplier_makes_no_second_contact(self, bridged: Company) -> None:
        send()
        send(edited("0123456<", "0999999<"))
        booked(bridged)
        assert bridged.bling.calls["POST /contatos"] == 1
        assert len(ours(bridged)) == 4

    def test_what_waited_for_hours_is_a_person_s_decision(self, bridged: Company, user: User) -> None:
        send()
        PayableWrite.objects.update(accepted_at=timezone.now() - timedelta(hours=3))
        bridged.work()
        assert ours(bridged) == []
        answer = send()
        assert (error_of(answer)[0], answer.has_header("Retry-After")) == (903, False)
        for row in PayableWrite.objects.all():
            orders.send_again(payable=row, user=user, now=timezone.now())
        assert booked(bridged).status_code == 201
        assert len(ours(bridged)) == 2


class TestRefused:
    def test_nothing_stands_and_the_corrected_one_is_booked(self, bridged: Company) -> None:
        known = bridged.bling.add_category("Depois excluída", kind=3)
        bridged.forget_registers()
        bridged.sync()
        bridged.bling.categories[known].active = False
        answer = booked(bridged, edited("Vendas", "Depois excluída"))
        code, text = error_of(answer)
        assert (answer.status_code, code) == (200, 906)
        assert "categoria" in text
        assert bridged.bling.calls["POST /contas/pagar"] == 1
        assert WriteBatch.objects.get().state == WriteBatch.State.DISCARDED
        assert booked(bridged).status_code == 201
        assert len(ours(bridged)) == 2

    def test_thirty_parcels_are_refused_once_and_others_go_on(self, bridged: Company) -> None:
        known = bridged.bling.add_category("Depois excluída", kind=3)
        bridged.forget_registers()
        bridged.sync()
        bridged.bling.categories[known].active = False
        xml = edited("Vendas", "Depois excluída").replace("<nroParcelas>2", "<nroParcelas>30")
        assert error_of(booked(bridged, xml))[0] == 906
        assert bridged.bling.refused[400] == 1
        assert not Breaker.objects.filter(open_until__gt=timezone.now()).exists()
        assert booked(bridged).status_code == 201

    def test_five_refusals_stop_a_key_for_a_while(self, bridged: Company) -> None:
        known = bridged.bling.add_category("Depois excluída", kind=3)
        bridged.forget_registers()
        bridged.sync()
        bridged.bling.categories[known].active = False
        for number in range(5):
            xml = edited("Vendas", "Depois excluída").replace("0123456<", f"77{number}<")
            assert error_of(booked(bridged, xml))[0] == 906
        answer = send()
        assert (answer.status_code, error_of(answer)[0]) == (429, 907)
        assert bridged.bling.refused[400] == 5
        then = timezone.now() - timedelta(minutes=6)
        WriteBatch.objects.update(created_at=then)
        assert booked(bridged).status_code == 201

    def test_a_later_parcel_refused_is_partly_booked(self, bridged: Company, world: World) -> None:
        answer = '{"error": {"type": "VALIDATION_ERROR", "message": "Parcela recusada"}}'
        world.faults.add(Fault(**POST, kind="answer", status=400, answer=answer, after=1))
        xml = edited("<nroParcelas>2", "<nroParcelas>3")
        send(xml)
        bridged.work()
        found = send(xml)
        code, text = error_of(found)
        [title] = ours(bridged)
        assert (found.status_code, code) == (503, 903)
        assert f"ids {title.id}" in text
        send(edited("15.00", "16.00"))
        bridged.work()
        assert len(ours(bridged)) == 1

    def test_several_contacts_of_one_name_are_a_person_s_decision(self, bridged: Company) -> None:
        for _ in range(2):
            bridged.bling.add_contact("Organisys Software")
        send()
        bridged.work()
        answer = send()
        assert (answer.status_code, error_of(answer)[0]) == (200, 906)
        assert "pessoa decide" in error_of(answer)[1]
        assert ours(bridged) == []

    def test_a_contact_that_bling_does_not_have(self, bridged: Company) -> None:
        assert error_of(booked(bridged, edited("<nome>", "<id>1</id><nome>"))) == (81, CODES[81])
        assert ours(bridged) == []


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (("<valor>15.00</valor>", ""), 66), (("Organisys Software", ""), 69), (("Vendas", "Nada"), 70),
        (("CEF", "Nada"), 71), (("<ocorrenciaTipo>P", "<ocorrenciaTipo>X"), 73), (("785257", "1"), 84),
        (("00000000000000", "11222333000182"), 79), (("20/04/2017", "20.04.2017"), 902),
    ],
)  # fmt: skip
def test_a_mistake_has_its_code_and_writes_nothing(bridged: Company, edit: tuple[str, str], code: int) -> None:
    ApiKey.objects.update(unknown_names="refuse")
    answer = send(edited(*edit))
    assert (answer.status_code, error_of(answer)) == (200, (code, CODES[code]))
    assert not WriteBatch.objects.exists()


def test_what_v2_let_pass(bridged: Company) -> None:
    xml = ONCE.replace("dataEmissao", "dataEmissão").replace("<nome>", "<id/><nome>").replace("CEF", "CEF ")
    answer = booked(bridged, xml)
    assert answer.status_code == 201
    assert json.loads(answer.content) == {
        "retorno": {
            "contaspagar": [{"contapagar": {"id": "212454", "nroDocumento": "0123456", "vencimento": "2017-04-20"}}]
        }
    }


def test_a_name_that_is_longer_without_its_capitals(bridged: Company) -> None:
    assert booked(bridged, ONCE.replace("Organisys Software", "ß" * 120)).status_code == 201


def test_the_text_of_an_unencoded_body_arrives_whole(bridged: Company) -> None:
    xml = ONCE.replace("Teste de conta a pagar", "Boleto A&amp;B 10% + frete")
    assert send_plainly(xml).status_code == 503
    bridged.work()
    assert send_plainly(xml).status_code == 201
    [title] = ours(bridged)
    assert title.history == f"Boleto A&B 10% + frete [#K{marker_of(title.history)}]"


def test_what_a_person_entered_is_seen(bridged: Company) -> None:
    known = bridged.bling.add_contact("Organisys Software")
    bridged.bling.add_title("payable", "15.00", date(2017, 4, 20), known, document_number="0123456/1")
    bridged.sync()
    code, text = error_of(send())
    assert (code, "duplicado" in text) == (903, True)
    bridged.work()
    assert ours(bridged) == []
