"""A title that is not here is looked for in Bling itself, and the answer says why."""

import json
import socket
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.domain.absence import Absence
from integrations.domain.titles import Direction
from integrations.models import (
    BlingConnection,
    SyncRun,
    Tenant,
    Title,
)
from integrations.pipeline.desk import live_search
from integrations.pipeline.desk.refusal import Refused
from sandbox.faults import Fault
from sandbox.server import bling_addresses
from sandbox.world import World
from tests.flows.helpers import Company


@pytest.fixture
def user(transactional_db: None) -> User:
    return User.objects.create_user("maria")


def look(company: Company, **wanted: Any) -> live_search.Answer:
    search = live_search.Search(**wanted)
    return live_search.search(
        company.connection, search, visible=Title.objects.all(), hidden=frozenset(), clock=timezone.now
    )


def explained(company: Company, **wanted: Any) -> list[tuple[int, Absence | None]]:
    return sorted((hit.bling_id, hit.why) for hit in look(company, **wanted).hits)


def code_of(call: Callable[..., Any], **order: Any) -> str:
    with pytest.raises(Refused) as caught:
        call(**order)
    return caught.value.code


def test_each_absence_is_explained(company: Company) -> None:
    Tenant.objects.filter(pk=company.tenant.pk).update(sync_from=company.bling.world.today - timedelta(days=30))
    here = company.add_title("payable", value="11.00")
    company.sync()
    new = company.add_title("payable", value="12.00")
    long_ago = company.add_title("payable", value="13.00")
    company.bling.pay(long_ago, date=company.bling.world.today - timedelta(days=60))
    lately = company.add_title("receivable", value="14.00")
    company.bling.pay(lately, date=company.bling.world.today - timedelta(days=2))
    over = company.add_title("payable", value="15.00")
    company.bling.cancel(over)
    assert explained(company, bling_id=new) == [(new, Absence.NOT_READ)]
    assert explained(company, bling_id=long_ago) == [(long_ago, Absence.PAID_BEFORE)]
    assert explained(company, bling_id=lately) == [(lately, Absence.NOT_READ)]
    assert explained(company, bling_id=over) == [(over, Absence.OVER)]
    [hit] = look(company, bling_id=here).hits
    assert (hit.title, hit.is_gone) == (company.title(here), False)
    assert look(company, bling_id=1).hits == []
    assert Title.objects.count() == 1  # looking changes nothing


def test_a_deleted_title_that_was_here_is_shown_as_gone(company: Company) -> None:
    title = company.add_title("payable")
    company.sync()
    company.bling.delete(title)
    [hit] = look(company, bling_id=title).hits
    assert (hit.title, hit.is_gone) == (company.title(title), True)


def test_an_id_of_another_connection_is_found_there(company: Company) -> None:
    company.add_title("payable")
    company.sync()
    other = BlingConnection.objects.create(
        tenant=Tenant.objects.create(slug="outra", name="Outra", sync_from="2026-01-01")
    )
    Title.objects.update(connection=other, bling_id=77)
    [hit] = look(company, bling_id=77).hits
    assert (hit.is_elsewhere, hit.title) == (True, Title.objects.get())
    hidden = live_search.search(
        company.connection,
        live_search.Search(bling_id=77),
        visible=Title.objects.none(),
        hidden=frozenset(),
        clock=timezone.now,
    )
    assert hidden.hits == []


def test_it_is_found_by_person_value_number_and_due_date(company: Company) -> None:
    contact = company.bling.add_contact(name="Papelaria Azul", document="11.222.333/0001-81", kind="J")
    title = company.add_title("payable", contact=contact, value="33.33", document_number="NF 4711")
    company.add_title("payable", value="99.00")
    found = [(title, Absence.NOT_READ)]
    assert explained(company, person="papelaria azul") == found
    assert explained(company, person="11222333000181") == found
    assert explained(company, value=Decimal("33.33")) == found
    due = company.bling.world.today + timedelta(days=10)
    assert explained(company, number="4711", due_from=due, due_to=due) == found
    assert explained(company, number="4712", due_from=due, due_to=due) == []
    assert explained(company, person="papelaria azul", directions=[Direction.RECEIVABLE]) == []


def test_more_than_one_search_reads_is_said(company: Company) -> None:
    for _ in range(live_search.MOST_DETAILS + 2):
        company.add_title("payable", value="5.00")
    before = sum(company.bling.calls.values())
    found = look(company, value=Decimal("5.00"), directions=[Direction.PAYABLE])
    assert (len(found.hits), found.left) == (live_search.MOST_DETAILS, 2)
    assert sum(company.bling.calls.values()) - before <= 25


def test_money_booked_straight_to_cash_has_no_title(company: Company) -> None:
    company.bling.book_cash("250.00", "Tarifa bancária")
    company.bling.book_cash("250.00", "Rendimento", is_out=False)
    company.bling.book_cash("251.00", "Outra")
    paid = company.add_title("payable", value="250.00")
    company.bling.pay(paid)
    found = look(company, value=Decimal("250.00"))
    assert [(row.descricao, row.valor) for row in found.cash] == [("Tarifa bancária", -250), ("Rendimento", 250)]
    assert [hit.bling_id for hit in found.hits] == [paid]
    company.bling.missing_scopes.add("caixas")
    found = look(company, value=Decimal("250.00"))
    assert (found.cash, found.cash_unread) == ([], True)


@pytest.mark.parametrize("status", [400, 403, 404, 500])
@pytest.mark.parametrize("after", [0, 1])
def test_a_refused_look_into_cash_throws_nothing_away(company: Company, world: World, status: int, after: int) -> None:
    company.bling.book_cash("250.00", "Rendimento", is_out=False)
    title = company.add_title("payable", value="250.00")
    body = json.dumps({"error": {"type": "VALIDATION_ERROR", "message": "A data é inválida", "description": ""}})
    world.faults.add(Fault("bling", "answer", path="/caixas", answer=body, status=status, after=after, times=9))
    found = look(company, value=Decimal("250.00"))
    assert [hit.bling_id for hit in found.hits] == [title]
    assert [row.descricao for row in found.cash] == ["Rendimento"][:after]
    assert len(found.failures) <= 1
    assert bool(found.failures) != found.cash_unread


def test_a_cash_list_that_ignores_its_filter_costs_no_title_that_was_found(company: Company, world: World) -> None:
    for value in ("250.00", "1.00", "2.00"):
        company.bling.book_cash(value, "Tarifa bancária")
    title = company.add_title("payable", value="250.00")
    world.faults.add(Fault("bling", "ignore_filter", path="/caixas"))
    found = look(company, value=Decimal("250.00"))
    assert [hit.bling_id for hit in found.hits] == [title]
    assert (found.cash, len(found.failures), "(2/3)" in found.failures[0]) == ([], 1, True)


def test_a_list_of_titles_that_ignores_its_filter_says_so(company: Company, world: World) -> None:
    company.add_title("payable", due=company.bling.world.today + timedelta(days=300))
    world.faults.add(Fault("bling", "ignore_filter", path="/contas/pagar", times=9))
    with pytest.raises(Refused, match=r"\(1/1\)"):
        look(company, value=Decimal("250.00"))


def test_a_title_is_brought_and_then_sent_like_every_other(company: Company, user: User) -> None:
    company.add_title("payable")
    company.sync()
    far = company.add_title("receivable", due=company.bling.world.today + timedelta(days=900))
    company.sync()
    assert not Title.objects.filter(bling_id=far).exists()  # beyond what a daily run lists
    order = {"connection": company.connection, "direction": "receivable", "bling_id": far, "user": user}
    live_search.bring(**order, now=timezone.now())
    live_search.bring(**order, now=timezone.now())  # a double click
    company.work()
    assert company.in_kamino("receivable", far) is not None
    assert SyncRun.objects.filter(user=user).count() == 1


def test_nothing_is_brought_into_a_sync_that_has_read_its_lists(company: Company, user: User) -> None:
    title = company.add_title("payable")
    SyncRun.objects.create(connection=company.connection, step="gone", due_at=timezone.now())
    with pytest.raises(Refused) as refusal:
        live_search.bring(
            connection=company.connection, direction="payable", bling_id=title, user=user, now=timezone.now()
        )
    assert refusal.value.code == "busy"


def test_without_a_connection_nothing_is_asked(company: Company, user: User) -> None:
    BlingConnection.objects.update(status="revoked")
    for act in (
        lambda: look(company, bling_id=5),
        lambda: live_search.bring(
            connection=company.connection, direction="payable", bling_id=5, user=user, now=timezone.now()
        ),
    ):
        with pytest.raises(Refused) as refusal:
            act()
        assert refusal.value.code == "unconnected"


def test_a_bling_that_does_not_answer_is_said(company: Company) -> None:
    company.bling.revoke_all()
    with pytest.raises(Refused) as refusal:
        look(company, bling_id=5)
    assert refusal.value.code == "api"


def test_an_answer_that_never_comes_ends_a_search_before_the_web_server_does(
    company: Company, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_search, "PATIENCE", 2.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.BLING_ADDRESSES = bling_addresses(f"http://127.0.0.1:{silent.getsockname()[1]}")
        started, wanted = time.monotonic(), live_search.Search(bling_id=5)
        order = {"visible": Title.objects.all(), "hidden": frozenset(), "clock": timezone.now}
        assert live_search.search(company.connection, wanted, **order).failures  # type: ignore[arg-type]
        wanted = live_search.Search(value=Decimal(5))
        assert code_of(live_search.search, connection=company.connection, wanted=wanted, **order) == "api"
        assert time.monotonic() - started < 20
