"""The probes: one row per endpoint, with what was seen."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from integrations.bling.write_probe import CONTACT, FAR
from integrations.bling.writer import BlingWriter
from integrations.domain.calendar import day_of
from integrations.models import KaminoConnection, SyncRun
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company


def output(capsys: pytest.CaptureFixture[str], *arguments: str, fails: bool = False) -> str:
    capsys.readouterr()
    if fails:
        with pytest.raises(SystemExit):
            call_command(*arguments)
    else:
        call_command(*arguments)
    return capsys.readouterr().out


def test_bling_s_scopes_are_listed(company: Company, capsys: pytest.CaptureFixture[str]) -> None:
    assert output(capsys, "bling_probe", "azul").count("ok ") == 8
    company.bling.missing_scopes = {"contatos"}
    text = output(capsys, "bling_probe", "azul", fails=True)
    assert "FAILED  contacts" in text


def test_kamino_s_endpoints_are_listed_and_nothing_is_written(
    company: Company, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    text = output(capsys, "kamino_probe", "azul", fails=True)
    assert "FAILED  receivable.list (confirmed)" in text
    assert "FAILED  receivable.list.other (unconfirmed)" in text
    assert company.kamino.write_count == 0
    world.receivable_list = "second"
    text = output(capsys, "kamino_probe", "azul")
    assert "ok      receivable.list.other (unconfirmed)" in text
    assert "FAILED" not in text
    assert KaminoConnection.objects.get().receivable_list == "second"


def test_a_write_probe_leaves_no_open_title(company: Company, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.generous = True
    text = output(capsys, "kamino_probe", "azul", "--write")
    assert text.count("payable.") == 5
    assert company.kamino.titles("payable") == []
    assert company.kamino.titles("receivable") == []
    assert company.kamino.charges == 0


def test_a_write_probe_says_which_document_numbers_kamino_takes(
    company: Company, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.generous = company.kamino.numbers_only = True
    lines = output(capsys, "kamino_probe", "azul", "--write", fails=True).splitlines()
    saves = [line for line in lines if "payable.save" in line and "document number" in line]
    assert ["FAILED" in line for line in saves] == [True, False]
    assert "'NF 1/A'" in saves[0]
    assert "'1'" in saves[1]
    assert company.kamino.titles("payable") == []


def test_an_unknown_company_is_named(new_company: Callable[..., Company]) -> None:
    with pytest.raises(CommandError, match="cinza"):
        call_command("kamino_probe", "cinza")


def test_numbers_of_api_v2_are_looked_for_in_v3(company: Company, capsys: pytest.CaptureFixture[str]) -> None:
    company.sync()
    contact, form = company.bling.add_contact("Padaria Lua"), next(iter(company.bling.payment_forms))
    text = output(capsys, "bling_probe", "azul", "--v2-contact", str(contact), "--v2-payment-form", str(form))
    assert "Padaria Lua" in next(line for line in text.splitlines() if f"ok      v2 contact {contact}" in line)
    assert f"ok      v2 payment form {form}" in text
    text = output(capsys, "bling_probe", "azul", "--v2-contact", "1", "--v2-payment-form", "1", fails=True)
    assert "FAILED  v2 contact 1" in text
    assert "FAILED  v2 payment form 1" in text


class Settling(Fault):
    """A fault of settling alone: its path is that of a payable."""

    def matches(self, *call: Any, **more: Any) -> bool:
        return call[1] == "POST" and call[2].endswith("/baixar")


class TestWritesToBling:
    @pytest.fixture
    def synced(self, company: Company) -> Company:
        company.sync()
        return company

    def test_nothing_stays_but_the_contact(self, synced: Company, capsys: pytest.CaptureFixture[str]) -> None:
        before = {title.id for title in synced.bling.titles_of("payable")}
        text = output(capsys, "bling_probe", "azul", "--write")
        assert "ok      historico of 5000" in text
        assert "the same payable again" in text
        assert "refused: " in next(line for line in text.splitlines() if "unknown contato" in line)
        assert text.count("ok      delete payable") > 5
        assert {title.id for title in synced.bling.titles_of("payable")} == before
        assert [row.name for row in synced.bling.contacts.values()].count(CONTACT.name) == 1
        output(capsys, "bling_probe", "azul", "--write")
        assert [row.name for row in synced.bling.contacts.values()].count(CONTACT.name) == 1

    def test_a_settlement_is_tried_twice_and_undone(self, synced: Company, capsys: pytest.CaptureFixture[str]) -> None:
        before = len(synced.bling.borderos)
        text = output(capsys, "bling_probe", "azul", "--write")
        assert "ok      settlement, far ahead" in text
        assert "refused: " in next(line for line in text.splitlines() if "the same settlement again" in line)
        assert "refused: " in next(line for line in text.splitlines() if "delete a settled payable" in line)
        assert synced.bling.calls["POST /contas/pagar/{id}/baixar"] == 2
        assert len(synced.bling.borderos) == before

    def test_a_bordero_with_other_payments_is_left_to_a_person(
        self, synced: Company, world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = synced.add_title("payable")
        pay = synced.bling.pay

        def grouped(id: int, **options: Any) -> int:
            number: int = pay(id, **options)
            synced.bling.borderos[number].lines.append(replace(synced.bling.borderos[number].lines[0], title=other))
            return number

        monkeypatch.setattr(synced.bling, "pay", grouped)
        text = output(capsys, "bling_probe", "azul", "--write", fails=True)
        [line] = [line for line in text.splitlines() if "FAILED" in line and "undo settlement" in line]
        assert "other payments" in line
        assert synced.bling.calls["DELETE /borderos/{id}"] == 0

    def test_what_a_change_does_to_other_fields_is_told(
        self, synced: Company, capsys: pytest.CaptureFixture[str]
    ) -> None:
        lines = output(capsys, "bling_probe", "azul", "--write").splitlines()
        assert "different now: nothing" in next(line for line in lines if "without historico" in line)
        assert "refused: " in next(line for line in lines if "contact changed by one field" in line)

    def test_what_no_answer_named_is_deleted_too(
        self, synced: Company, world: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        before = {title.id for title in synced.bling.titles_of("payable")}
        world.faults.add(Fault("bling", "cut_after", "POST", "/contas/pagar", after=2))
        output(capsys, "bling_probe", "azul", "--write", fails=True)
        assert {title.id for title in synced.bling.titles_of("payable")} == before

    def test_what_is_not_its_own_stays(self, synced: Company, capsys: pytest.CaptureFixture[str]) -> None:
        contact = synced.bling.add_contact(CONTACT.name)
        day = day_of(timezone.now()) + FAR
        more = {"document_number": "NF 9", "category": synced.category}
        theirs = synced.bling.add_title("payable", "0.02", day, contact, history=f"{CONTACT.name} 2", **more)
        output(capsys, "bling_probe", "azul", "--write")
        assert theirs in {title.id for title in synced.bling.titles_of("payable")}

    def test_the_payment_of_another_payable_stays_whatever_number_bling_answers(
        self, synced: Company, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        contact = synced.bling.add_contact(CONTACT.name)
        day = day_of(timezone.now())
        theirs = synced.bling.add_title("payable", "0.01", day, contact, category=synced.category)
        old = synced.bling.pay(theirs, date=day, account=synced.bank, category=synced.category)
        pay = synced.bling.pay
        monkeypatch.setattr(synced.bling, "pay", lambda *args, **options: (pay(*args, **options), old)[1])
        output(capsys, "bling_probe", "azul", "--write")
        assert list(synced.bling.borderos) == [old]

    def test_a_lost_answer_to_a_settlement_leaves_no_payment(
        self, synced: Company, world: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        world.faults.add(Settling("bling", "cut_after", "POST", "/contas/pagar"))
        output(capsys, "bling_probe", "azul", "--write", fails=True)
        assert not synced.bling.borderos
        assert not [title for title in synced.bling.titles_of("payable") if title.document_number.startswith("PROBE")]

    def test_a_run_that_begins_meanwhile_is_told(
        self, synced: Company, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settle = BlingWriter.settle_payable

        def begun(*args: Any, **options: Any) -> int:
            SyncRun.objects.update(started_at=timezone.now() + timedelta(minutes=1))
            return settle(*args, **options)

        monkeypatch.setattr(BlingWriter, "settle_payable", begun)
        assert "one began meanwhile" in output(capsys, "bling_probe", "azul", "--write", fails=True)

    def test_without_permission_nothing_is_made(self, synced: Company, capsys: pytest.CaptureFixture[str]) -> None:
        synced.bling.missing_scopes = {"contas-pagar:write"}
        text = output(capsys, "bling_probe", "azul", "--write", fails=True)
        assert "FAILED  writing" in text
        assert synced.bling.calls["POST /contas/pagar"] == 1

    def test_what_cannot_be_deleted_is_named(
        self, synced: Company, world: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        world.faults.add(Fault("bling", "500", "DELETE", "/contas/pagar", after=1))
        text = output(capsys, "bling_probe", "azul", "--write", fails=True)
        [line] = [line for line in text.splitlines() if "FAILED" in line]
        assert "delete it in Bling" in line
        [left] = [title for title in synced.bling.titles_of("payable") if title.document_number == "PROBE"]
        assert str(left.id) in line

    def test_a_lost_answer_says_what_to_look_for(
        self, synced: Company, world: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        world.faults.add(Fault("bling", "cut_after", "POST", "/contas/pagar", after=2))
        text = output(capsys, "bling_probe", "azul", "--write", fails=True)
        [line] = [line for line in text.splitlines() if "FAILED" in line]
        assert "look in Bling for a payable of 0.01" in line

    def test_a_run_that_reads_the_account_is_waited_for(
        self, synced: Company, capsys: pytest.CaptureFixture[str]
    ) -> None:
        SyncRun.objects.update(state=SyncRun.State.OPEN)
        text = output(capsys, "bling_probe", "azul", "--write", fails=True)
        assert "wait for its end" in text
        assert synced.bling.calls["POST /contatos"] == 0
