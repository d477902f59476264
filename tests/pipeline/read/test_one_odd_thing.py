"""One odd thing in Bling stops only itself: a refused object, an unreadable row, what no column holds."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from integrations.models import BlingConnection, CatalogItem, GoneInBling, Person, SyncRun, Tenant, Title, TitleRead
from integrations.pipeline.desk import commands
from sandbox.world import World
from tests.flows.helpers import Company, in_days, payables
from tests.pipeline.read.test_gone import NOTHING, OWN, answer, last
from tests.pipeline.read.test_reading import one_run

FORBIDDEN = {"error": {"type": "FORBIDDEN", "message": "Acesso negado", "description": ""}}
BEYOND = 10**19


def noted() -> set[int]:
    return {note["bling_id"] for note in last().failure_notes}


def row(company: Company, title: int, **changes: Any) -> dict[str, Any]:
    """Return the row of a payable as Bling's list shows it."""
    shown = company.bling.titles[title]
    return {
        "id": title, "situacao": shown.status, "vencimento": str(shown.due), "valor": float(shown.value),
        "contato": {"id": shown.contact}, "formaPagamento": {"id": shown.payment_form}, **changes,
    }  # fmt: skip


def detail(company: Company, title: int, **changes: Any) -> dict[str, Any]:
    return {"data": {**row(company, title), "saldo": 1, "borderos": [], **changes}}


def test_a_refused_payable_starves_nothing(company: Company, world: World) -> None:
    refused, payable, receivable = (company.add_title(kind) for kind in ("payable", "payable", "receivable"))
    answer(world, f"/contas/pagar/{refused}", 403, FORBIDDEN)
    for _ in range(2):
        company.sync()
        assert (last().state, noted()) == (SyncRun.State.DONE, {refused})
    assert company.in_kamino("payable", payable) is not None
    assert company.in_kamino("receivable", receivable) is not None
    assert not Title.objects.filter(bling_id=refused).exists()


@pytest.mark.parametrize("what", ["borderos", "contatos"])
def test_a_refused_bordero_or_contact_stops_only_its_titles(company: Company, world: World, what: str) -> None:
    stuck, good = (company.add_title("payable") for _ in range(2))
    bordero = company.bling.pay(stuck, account=company.bank)
    refused = bordero if what == "borderos" else company.bling.titles[stuck].contact
    answer(world, f"/{what}/{refused}", 403, FORBIDDEN)
    company.sync()
    assert (last().state, noted()) == (SyncRun.State.DONE, {stuck if what == "borderos" else refused})
    assert company.in_kamino("payable", good) is not None


def test_a_permission_that_is_missing_still_ends_the_run(company: Company) -> None:
    company.add_title("payable")
    company.bling.missing_scopes.add("borderos")
    company.bling.pay(company.add_title("payable"), account=company.bank)
    company.sync()
    assert (last().state, last().failure["kind"]) == (SyncRun.State.FAILED, "config")


def test_a_title_whose_token_is_never_accepted_stops_only_itself(company: Company, world: World) -> None:
    odd, good = (company.add_title("payable") for _ in range(2))
    answer(world, f"/contas/pagar/{odd}", 401, {"error": {"type": "invalid_token", "message": "invalid_token"}})
    company.sync()
    assert (last().state, noted()) == (SyncRun.State.DONE, {odd})
    assert company.in_kamino("payable", good) is not None


@pytest.mark.some(12, drawn=3)
@pytest.mark.parametrize(
    ("odd", "is_seen"),
    [
        ({"valor": None}, True), ({"valor": "1.234,56"}, True), ({"valor": 1e16}, True), ({"situacao": None}, True),
        ({"situacao": "Em aberto"}, True), ({"contato": 5}, True), ({"contato": {"id": BEYOND}}, True),
        ({"id": "x"}, False), ({"id": None}, False), ({"id": BEYOND}, False),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_read_stops_no_list(company: Company, world: World, odd: Any, is_seen: bool) -> None:
    Tenant.objects.update(cancel_deleted=True)
    title, other, deleted = (company.add_title("payable") for _ in range(3))
    company.sync()
    company.bling.delete(deleted)
    company.bling.edit_title(title, due=in_days(company.bling.world, 30))
    fresh = company.add_title("receivable")
    for _ in range(2):
        rows = [row(company, title) | odd, row(company, other)]
        answer(world, "/contas/pagar", 200, {"data": rows}, times=1, asks="situacao=1")
        company.sync()
        assert last().state == SyncRun.State.DONE
        assert noted() == {title if is_seen else 0}
    assert company.in_kamino("receivable", fresh) is not None
    # What has an id is read; but nothing is called gone that may be the row without one.
    assert not is_seen or company.title(title).due_date == in_days(company.bling.world, 30)
    assert (company.title(deleted).status == "deleted") is is_seen
    assert payables(company) == (2 if is_seen else 3)
    company.sync()
    company.sync()
    assert (company.title(deleted).status, payables(company)) == ("deleted", 2)


@pytest.mark.some(8, drawn=3)
@pytest.mark.parametrize("body", [{}, {"data": None}, {"error": {"type": "SERVER_ERROR", "message": "x"}}, [], "x"])
@pytest.mark.parametrize("path", ["/contas/pagar", "/contas-contabeis", "/contatos/tipos"])
def test_a_list_without_data_is_asked_for_again(company: Company, world: World, path: str, body: Any) -> None:
    title = company.add_title("payable")
    answer(world, path, 200, body, times=1)
    assert one_run(company).state == SyncRun.State.DONE
    assert company.in_kamino("payable", title) is not None
    assert CatalogItem.objects.filter(is_gone=True).count() == 0


@pytest.mark.some(3)
@pytest.mark.parametrize("body", [{}, [], "x"])
def test_contact_types_that_are_no_list_are_not_gone(company: Company, world: World, body: Any) -> None:
    company.sync()
    known = CatalogItem.objects.filter(kind="contact_type", is_gone=False).count()
    company.forget_registers()
    answer(world, "/contatos/tipos", 200, body, times=1)
    one_run(company)
    assert CatalogItem.objects.filter(kind="contact_type", is_gone=False).count() == known > 0


def test_registers_without_names_or_ids_stop_nobody(company: Company, world: World) -> None:
    title = company.add_title("payable")
    company.sync()
    company.forget_registers()
    rows = [{"id": 77, "descricao": None}, {"id": 78, "descricao": "x" * 500}, {"id": None, "descricao": "Caixa"}]
    answer(world, "/contas-contabeis", 200, {"data": rows}, times=1)
    company.sync()
    assert (last().state, noted()) == (SyncRun.State.DONE, {0})
    assert CatalogItem.objects.get(bling_id=77).name == "Cadastro 77"
    assert not CatalogItem.objects.filter(is_gone=True).exists()
    assert company.in_kamino("payable", title) is not None


@pytest.mark.parametrize(
    "odd",
    [
        {"financeiro": {"categoria": {"id": BEYOND}}}, {"tiposContato": [{"id": BEYOND}]}, {"tiposContato": 5},
        {"id": BEYOND},
    ],
)  # fmt: skip
@pytest.mark.some(2)
def test_a_contact_that_no_column_holds_costs_its_own_titles(company: Company, world: World, odd: Any) -> None:
    stuck, good = (company.add_title("payable") for _ in range(2))
    contact = company.bling.titles[stuck].contact
    shown = {"data": {"id": contact, "nome": "Loja", "numeroDocumento": "", "tipo": "J", **odd}}
    answer(world, f"/contatos/{contact}", 200, shown)
    company.sync()
    assert (last().state, noted()) == (SyncRun.State.DONE, {contact})
    assert company.problems(stuck) == ["person_unread"]
    assert company.in_kamino("payable", good) is not None
    world.faults.clear()
    company.sync()
    assert company.in_kamino("payable", stuck) is not None


def test_half_an_emoji_is_no_text(company: Company, world: World) -> None:
    title = company.add_title("payable")
    contact = company.bling.titles[title].contact
    shown = {"data": {"id": contact, "nome": "Loja \ud83d", "numeroDocumento": "", "tipo": "J"}}
    answer(world, f"/contatos/{contact}", 200, shown)
    company.sync()
    assert Person.objects.get().name == "Loja \ufffd"
    assert company.in_kamino("payable", title) is not None


def refuse_history(text: str) -> str:
    """Return the statement that lets the database refuse titles with a description."""
    return f"ALTER TABLE integrations_title ADD CONSTRAINT refused CHECK (history <> '{text}')"


def test_a_title_that_the_database_refuses_cancels_nobody_s_resync(company: Company, user: User) -> None:
    titles = [company.add_title("payable") for _ in range(4)]
    company.sync()
    with connection.cursor() as cursor:
        cursor.execute(refuse_history("recusado"))
    try:
        company.bling.edit_title(titles[1], history="recusado")
        for title in (titles[0], titles[2], titles[3]):
            company.bling.edit_title(title, history="novo")
        commands.request_resync(titles=Title.objects.filter(bling_id__in=titles), user=user, now=timezone.now())
        company.work()
        assert [company.title(title).history == "novo" for title in titles] == [True, False, True, True]
        failed = TitleRead.objects.filter(failure__isnull=False)
        assert [read.title.bling_id for read in failed] == [titles[1]]
        assert not TitleRead.objects.filter(asked_at__isnull=False).exists()
        company.bling.edit_title(titles[1], value="250.00")
        company.bling.edit_title(titles[0], value="251.00")
        company.sync()
        assert (last().state, noted()) == (SyncRun.State.DONE, {titles[1]})
        assert company.title(titles[0]).value == 251
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE integrations_title DROP CONSTRAINT refused")


@pytest.mark.parametrize("odd", [{"valor": 1e16}, {"situacao": 2**40}, {"borderos": [BEYOND]}, {"borderos": 5}])
@pytest.mark.some(2)
def test_a_detail_that_no_column_holds_is_one_failure(company: Company, world: World, odd: Any, user: User) -> None:
    titles = [company.add_title("payable", value="100.00") for _ in range(3)]
    company.sync()
    answer(world, f"/contas/pagar/{titles[0]}", 200, detail(company, titles[0], **odd))
    company.bling.edit_title(titles[1], value="250.00")
    commands.request_resync(titles=Title.objects.filter(bling_id__in=titles), user=user, now=timezone.now())
    company.work()
    assert [company.title(title).value for title in titles] == [100, 250, 100]
    failed = TitleRead.objects.filter(failure__isnull=False)
    assert [read.title.bling_id for read in failed] == [titles[0]]


def test_a_detail_of_another_title_is_not_stored_as_this_one(company: Company, world: World) -> None:
    asked, other = (company.add_title("payable", value=value) for value in ("100.00", "200.00"))
    company.sync()
    company.bling.edit_title(asked, due=in_days(company.bling.world, 30))
    answer(world, f"/contas/pagar/{asked}", 200, detail(company, other))
    company.sync()
    assert noted() == {asked}
    assert [company.title(title).value for title in (asked, other)] == [100, 200]


def test_a_bordero_of_no_number_or_named_twice_is_no_bordero(company: Company, world: World) -> None:
    title = company.add_title("payable")
    bordero = company.bling.pay(title, account=company.bank)
    shown = detail(company, title, borderos=[0, bordero, bordero], saldo=0, categoria={"id": company.category})
    answer(world, f"/contas/pagar/{title}", 200, shown)
    company.sync()
    assert last().failures == 0
    assert company.title(title).bordero_ids == [bordero]
    assert company.in_kamino("payable", title)["Situacao"] == 2


@pytest.mark.parametrize(
    ("shown", "is_split"),
    [
        ([{"id": 14690001, "valor": 6}, {"id": 14690002, "valor": 4}], True), ([5, None, "x"], True),
        ([{"valor": 1}], True), ([None, {}], False), ([], False), ("rateio", False), ({"id": 7}, False), (None, False),
    ],
)  # fmt: skip
@pytest.mark.some(4)
def test_a_title_that_is_divided_among_categories_is_held_and_says_so(
    company: Company, world: World, shown: Any, is_split: bool
) -> None:
    """Only one client shows `categorias`, and nobody its form: nothing is guessed from it."""
    title = company.add_title("payable")
    answer(
        world, f"/contas/pagar/{title}", 200,
        detail(company, title, categorias=shown, categoria={"id": company.category}),
    )  # fmt: skip
    company.sync()
    assert company.problems(title) == (["category_split"] if is_split else [])
    assert (company.in_kamino("payable", title) is None) is is_split


def test_one_category_in_both_forms_is_that_category(company: Company, world: World) -> None:
    title = company.add_title("payable")
    own = {"id": company.category}
    answer(world, f"/contas/pagar/{title}", 200, detail(company, title, categorias=[own], categoria=own))
    company.sync()
    assert company.in_kamino("payable", title) is not None


def test_a_receivable_that_shows_its_origin_by_id_alone_keeps_it(company: Company, world: World) -> None:
    company.bling.shows_origin_ids = True
    title = company.add_title("receivable", origin={"id": 5, "tipoOrigem": "venda", "numero": "77"})
    company.sync()
    assert company.title(title).origin_id == 5
    shown = {**detail(company, title)["data"], "idOrigem": 6, "categoria": {"id": company.category}}
    answer(world, f"/contas/receber/{title}", 200, {"data": shown})
    company.bling.edit_title(title, value="77.00")
    company.sync()
    assert company.title(title).origin_id == 6


def test_a_contact_whose_detail_fails_for_days_is_asked_for_until_it_was_read(company: Company, world: World) -> None:
    title = company.add_title("payable")
    company.sync()
    contact = company.bling.titles[title].contact
    company.bling.edit_contact(contact, name="Novo nome")
    for body in (NOTHING, FORBIDDEN, OWN):
        answer(world, f"/contatos/{contact}", 200 if body is NOTHING else 403 if body is FORBIDDEN else 404, body)
        company.sync()
        assert noted() == {contact}
        world.faults.clear()
        # Days later Bling's list of changes no longer shows it.
        company.bling.age_contact(contact, company.bling.world.now() - timedelta(days=3))
    GoneInBling.objects.update(asked_at=timezone.now() - timedelta(days=1))  # Bling said that it does not have it
    company.sync()
    assert Person.objects.get().name == "Novo nome"
    assert not Person.objects.filter(is_stale=True).exists()


def test_a_connection_that_was_away_for_years_syncs_again(company: Company) -> None:
    title = company.add_title("payable")
    company.sync()
    contact = company.bling.titles[title].contact
    company.bling.edit_contact(contact, name="Novo nome")
    BlingConnection.objects.update(contacts_read_until=timezone.now() - timedelta(days=800))
    company.sync()
    assert last().state == SyncRun.State.DONE
    assert Person.objects.get().name == "Novo nome"


def test_contacts_that_cannot_be_listed_by_name_are_read(company: Company, world: World) -> None:
    title = company.add_title("payable")
    company.sync()
    contact = company.bling.titles[title].contact
    company.bling.edit_contact(contact, name="Novo nome")
    rows = [{"id": contact, "nome": None}, {"id": BEYOND, "nome": "x"}, {"id": None}]
    answer(world, "/contatos", 200, {"data": rows}, times=1)
    company.sync()
    assert (last().state, noted()) == (SyncRun.State.DONE, {0})
    assert Person.objects.get().name == "Novo nome"


@pytest.mark.parametrize("status", [403, 404])
def test_what_cannot_be_read_takes_no_other_s_turn(company: Company, world: World, status: int) -> None:
    """Each run reads the few open titles again that were read longest ago."""
    odd, other = (company.add_title("payable") for _ in range(2))
    company.sync()
    answer(world, f"/contas/pagar/{odd}", status, FORBIDDEN)
    category = company.bling.add_category("Outra", kind=3)
    company.bling.edit_title(other, category=category)
    for _ in range(2):
        company.sync()
    assert company.title(other).category_id == category


def test_a_partial_title_that_cannot_be_read_is_asked_for_once_in_a_run(company: Company, world: World) -> None:
    odd, other = (company.add_title("payable") for _ in range(2))
    for title in (odd, other):
        company.bling.pay(title, amount="40.00", account=company.bank)
    company.sync()
    answer(world, f"/contas/pagar/{odd}", 403, FORBIDDEN)
    asked = company.bling.calls["GET /contas/pagar/{id}"]
    company.sync()
    assert (last().state, last().failures) == (SyncRun.State.DONE, 1)
    assert company.bling.calls["GET /contas/pagar/{id}"] <= asked + 3  # both, and whether any may be read
