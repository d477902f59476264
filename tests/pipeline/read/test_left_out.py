"""A list that cannot be read costs what it shows: the run goes on without it, says so, and is tried again soon."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from integrations.models import BlingConnection, CatalogItem, KaminoConnection, SyncRun, Tenant, Title
from integrations.pipeline.desk.commands import request_reconciliation, request_sync
from integrations.pipeline.run import tick
from integrations.pipeline.run.progress import progress
from integrations.words.errors import failure_text, note_text
from sandbox.world import World
from tests.flows.helpers import Company, in_days, payables
from tests.pipeline.plan.test_rules import UNIT, Shop
from tests.pipeline.read.test_gone import answer, last

ODD_PAGES: tuple[Any, ...] = (
    {"data": {"id": 1}}, {"data": "linhas"}, [], {"error": {"type": "SERVER_ERROR", "message": "x"}}, "erro", {},
)  # fmt: skip
LISTS = (
    "/contatos", "/contas/receber", "/contas-contabeis", "/formas-pagamentos", "/contatos/tipos",
    "/categorias/receitas-despesas",
)  # fmt: skip


def retry() -> SyncRun:
    return SyncRun.objects.get(state=SyncRun.State.OPEN)


def sync_through(company: Company) -> None:
    """Sync until the run has ended, without sitting out its pauses."""
    request_sync(connections=[company.connection], user=None, now=timezone.now())
    while SyncRun.objects.filter(state=SyncRun.State.OPEN, due_at__lte=timezone.now()).update(not_before=None):
        tick.work_once(clock=timezone.now, deadline=timezone.now() + timedelta(seconds=5))
    company.work()


def answer_list(world: World, path: str, body: Any) -> None:
    """Let one list answer oddly: details have no pages, and the list of contact types neither."""
    answer(world, path, 200, body, asks="" if path == "/contatos/tipos" else "pagina=")


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("body", ODD_PAGES[:2])
@pytest.mark.some(6, drawn=3)
def test_a_list_that_cannot_be_read_stops_no_other(company: Company, world: World, path: str, body: Any) -> None:
    Tenant.objects.update(cancel_deleted=True)
    changed, deleted, sold = company.add_title("payable"), company.add_title("payable"), company.add_title("receivable")
    company.sync()
    company.forget_registers()
    registers = CatalogItem.objects.filter(is_gone=False).count()
    company.bling.edit_title(changed, value="250.00")
    company.bling.delete(sold)
    fresh = company.add_title("payable", value="7.00")
    answer_list(world, path, body)
    for _ in range(2):
        sync_through(company)
        assert (last().state, last().failure["operation"]) == (SyncRun.State.FAILED, f"GET {path}")
        assert path in failure_text(last().failure)
        assert [note["what"] for note in last().failure_notes] == ["list"] * last().failures
        assert path in note_text(last().failure_notes[0])
    assert company.in_kamino("payable", changed)["ValorVencimento"] == 250
    assert company.in_kamino("payable", fresh) is not None
    assert (company.title(sold).status == "deleted") is (path != "/contas/receber")
    assert CatalogItem.objects.filter(is_gone=False).count() == registers
    world.faults.clear()
    company.bling.delete(deleted)
    for _ in range(2):
        sync_through(company)
    assert (last().state, company.title(sold).status) == (SyncRun.State.DONE, "deleted")
    assert payables(company) == 2


def test_it_is_tried_again_within_the_hour_and_then_more_rarely(company: Company, world: World) -> None:
    company.sync()
    company.forget_registers()
    answer_list(world, "/formas-pagamentos", {"data": "x"})
    waits = []
    for _ in range(7):
        before = timezone.now()
        sync_through(company)
        waits.append(round((retry().due_at - before) / timedelta(minutes=30)))
    assert waits == [1, 2, 4, 8, 12, 12, 12]
    world.faults.clear()
    sync_through(company)
    assert last().state == SyncRun.State.DONE
    assert not SyncRun.objects.filter(state=SyncRun.State.OPEN).exists()


def test_a_bling_that_does_not_answer_at_all_is_waited_for(company: Company, world: World) -> None:
    company.sync()
    answer(world, "/", 200, {"data": "x"})
    company.sync_once_without_lookup()
    run = retry()
    assert (run.cursor.get("tries"), "left_out" in run.cursor) == (1, False)
    assert run.not_before is not None


def test_no_new_title_is_released_where_nobody_looked_what_it_replaces(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A title that was deleted and entered again would be created beside the old one."""
    from integrations.pipeline.read.steps.gone import ReadGone
    from integrations.rest.errors import InternalError

    same = {"value": "7.00", "contact": company.bling.add_contact(name="Fornecedor", document="", kind="J")}
    old = company.add_title("payable", **same)
    company.sync()

    def fail(_step: ReadGone) -> bool:
        raise InternalError("unreadable", service="Bling", operation="GET /contas/pagar/{id}")

    company.bling.delete(old)
    new = company.add_title("payable", **same)
    monkeypatch.setattr(ReadGone, "advance", fail)
    sync_through(company)
    assert last().state == SyncRun.State.FAILED
    assert (company.title(new).is_released, payables(company)) == (False, 1)
    monkeypatch.undo()
    sync_through(company)
    assert last().state == SyncRun.State.DONE
    assert payables(company) == 1


@pytest.mark.some(2)
@pytest.mark.parametrize("is_mapped", [True, False])
def test_sales_channels_are_missed_only_where_a_mapping_needs_them(
    company: Company, world: World, is_mapped: bool
) -> None:
    shop = Shop(company)
    if is_mapped:
        shop.map("sales_channel", shop.channel.id, business_unit=UNIT)
    company.forget_registers()
    answer_list(world, "/canais-venda", {"data": "x"})
    title = company.add_title("payable")
    sync_through(company)
    assert company.in_kamino("payable", title) is not None
    assert (last().state == SyncRun.State.FAILED) is is_mapped
    if is_mapped:
        assert last().failure["operation"] == "GET /canais-venda"
        assert retry().due_at <= timezone.now() + timedelta(hours=1)
    assert CatalogItem.objects.filter(kind="sales_channel", is_gone=False).exists()


def test_a_sales_channel_that_cannot_be_read_is_noted_and_hides_no_other(company: Company, world: World) -> None:
    shop = Shop(company)
    bad = company.bling.add_channel("Feira")
    company.forget_registers()
    company.bling.edit_channel(shop.channel.id, name="Loja nova")
    answer(world, f"/canais-venda/{bad}", 200, {"data": {"id": "x"}})
    company.sync()
    assert [(note["what"], note["bling_id"]) for note in last().failure_notes] == [("register", bad)]
    names = CatalogItem.objects.filter(kind="sales_channel", is_gone=False).values_list("name", flat=True)
    assert list(names) == ["Loja nova"]


def test_a_first_sync_without_categories_sends_nothing(company: Company, world: World) -> None:
    title = company.add_title("payable", due=in_days(world, 5))
    answer_list(world, "/categorias/receitas-despesas", {"data": "x"})
    sync_through(company)
    assert company.problems(title) == ["category_unmapped"]
    assert payables(company) == 0
    world.faults.clear()
    sync_through(company)
    assert company.in_kamino("payable", title) is not None
    assert BlingConnection.objects.get().registers_read_at is not None


def test_nothing_is_read_of_an_account_that_nobody_identified(company: Company, world: World) -> None:
    """One odd answer must not let another company's titles in: the next one shows whose account it is."""
    company.add_title("payable")
    Tenant.objects.update(cnpj="04252011000110")
    BlingConnection.objects.update(company_id="", company_name="", company_cnpj="")
    answer(world, "/empresas/me/dados-basicos", 200, {"data": "x"}, times=1)
    company.sync()
    assert (Title.objects.count(), payables(company)) == (0, 0)


def test_a_sweep_that_left_details_out_is_not_over(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """What only a sweep shows would wait a week for the next one."""
    from integrations.pipeline.read.steps.details import ReadDetails
    from integrations.rest.errors import InternalError

    company.sync()
    swept_at = company.connection.swept_at

    def fail(_step: ReadDetails) -> bool:
        raise InternalError("unreadable", service="Bling", operation="GET /contas/pagar/{id}")

    monkeypatch.setattr(ReadDetails, "advance", fail)
    company.sync(full=True)
    assert last().state == SyncRun.State.FAILED
    assert company.connection.swept_at == swept_at
    monkeypatch.undo()
    company.sync(full=True)
    assert company.connection.swept_at != swept_at


def test_a_person_who_asks_for_a_sync_waits_for_no_pause(company: Company, world: World) -> None:
    company.sync()
    answer(world, "/", 200, {"data": "x"})
    company.sync_once_without_lookup()
    SyncRun.objects.filter(pk=retry().pk).update(not_before=timezone.now() + timedelta(hours=1))
    world.faults.clear()
    user = User.objects.create_user("maria")
    request_sync(connections=[company.connection], user=user, now=timezone.now())
    company.work()
    assert last().state == SyncRun.State.DONE
    assert not SyncRun.objects.filter(state=SyncRun.State.OPEN).exists()


def test_a_retry_that_is_only_planned_holds_nothing_up_and_is_not_called_running(
    company: Company, world: World, user: User, client: Client
) -> None:
    """While a list could not be read, a later run was always open: nothing was compared for a day at a time."""
    company.sync()
    company.forget_registers()
    answer_list(world, "/formas-pagamentos", {"data": "x"})
    sync_through(company)
    assert retry().due_at > timezone.now()
    before = timezone.now()
    request_reconciliation(tenants=Tenant.objects.all(), user=user, now=before)
    company.work()
    assert KaminoConnection.objects.get().reconciled_at > before
    client.force_login(user)
    page = client.get("/admin/", headers={"accept-language": "pt-BR"}).content.decode()
    assert ("Falhou" in page, "Em execução" in page) == (True, False)
    assert progress([company.tenant.pk], now=timezone.now()).open_runs == 0
