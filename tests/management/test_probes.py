"""The probes: one row per endpoint, with what was seen."""

from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from integrations.bling.write_probe import CONTACT
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
        assert text.count("gone") == synced.bling.calls["POST /contas/pagar"] - synced.bling.refused[400] > 5
        assert {title.id for title in synced.bling.titles_of("payable")} == before
        assert [row.name for row in synced.bling.contacts.values()].count(CONTACT.name) == 1
        output(capsys, "bling_probe", "azul", "--write")
        assert [row.name for row in synced.bling.contacts.values()].count(CONTACT.name) == 1

    def test_without_permission_nothing_is_made(self, synced: Company, capsys: pytest.CaptureFixture[str]) -> None:
        synced.bling.missing_scopes = {"contas-pagar:write"}
        text = output(capsys, "bling_probe", "azul", "--write", fails=True)
        assert "FAILED  writing" in text
        assert synced.bling.calls["POST /contas/pagar"] == 1

    def test_what_cannot_be_deleted_is_named(
        self, synced: Company, world: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        world.faults.add(Fault("bling", "500", "DELETE", "/contas/pagar"))
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
