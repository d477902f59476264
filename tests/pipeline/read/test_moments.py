"""What is read at two moments is never stored as one: listings and details, titles and borderôs."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from integrations.domain.titles import BorderoFacts
from integrations.models import Bordero, Payment
from integrations.pipeline.read.batch import Chunk
from integrations.pipeline.read.mirror import save_chunk
from tests.flows.helpers import Company, in_days
from tests.pipeline.read.test_relaunches import once_before


def others(company: Company) -> None:
    """Add titles that were read longer ago: the few that each run reads again are among them."""
    for _ in range(5):
        company.add_title("payable")


BOTH = pytest.mark.parametrize("direction", ["payable", "receivable"])


@BOTH
@pytest.mark.parametrize("is_full", [False, True])
@pytest.mark.some(2)
def test_a_payment_between_listing_and_detail_may_be_taken_back(
    company: Company, monkeypatch: pytest.MonkeyPatch, direction: str, is_full: bool
) -> None:
    company.to_shadow()
    title = company.add_title(direction)
    company.sync()
    company.bling.edit_title(title, due=in_days(company.bling.world, 20))
    paid: list[int] = []
    once_before(monkeypatch, "details", lambda: paid.append(company.bling.pay(title, account=company.bank)))
    company.sync()
    assert company.title(title).status == "settled"
    company.bling.reverse_payment(title, paid[0])
    company.go_live()
    company.sync(full=is_full)
    assert company.title(title).status == "open"
    assert company.problems(title) == []


@BOTH
@pytest.mark.some(2)
def test_a_value_between_listing_and_detail_may_be_taken_back(
    company: Company, monkeypatch: pytest.MonkeyPatch, direction: str
) -> None:
    others(company)
    title = company.add_title(direction, value="100.00")
    company.sync()
    company.bling.edit_title(title, due=in_days(company.bling.world, 20))
    once_before(monkeypatch, "details", lambda: company.bling.edit_title(title, value="999.00"))
    company.sync()
    assert company.title(title).value == Decimal("999.00")
    company.bling.edit_title(title, value="100.00")
    company.sync()
    row = company.in_kamino(direction, title)
    assert row["ValorVencimento" if direction == "payable" else "VlrVenc"] == Decimal("100.00")


def test_a_new_title_that_changes_between_listing_and_detail(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    others(company)
    company.sync()
    title = company.add_title("payable", value="100.00")
    once_before(monkeypatch, "details", lambda: company.bling.edit_title(title, value="999.00"))
    company.sync()
    company.bling.edit_title(title, value="100.00")
    company.sync()
    assert company.in_kamino("payable", title)["ValorVencimento"] == Decimal("100.00")


def test_a_detail_that_contradicts_its_row_is_read_again_though_no_list_shows_it(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A title paid long ago, changed while a full sweep reads: the runs after it list only what was paid lately."""
    title = company.add_title("payable", value="100.00")
    company.bling.pay(title, date=in_days(company.bling.world, -60), account=company.bank)
    company.connection.tenant.__class__.objects.update(sync_from=in_days(company.bling.world, -90))
    company.to_shadow()
    company.sync()
    due = in_days(company.bling.world, -40)
    company.bling.edit_title(title, due=due)
    once_before(monkeypatch, "details", lambda: company.bling.edit_title(title, due=in_days(company.bling.world, -30)))
    company.sync(full=True)
    assert company.title(title).due_date == in_days(company.bling.world, -30)
    company.bling.edit_title(title, due=due)
    company.sync()
    assert company.title(title).due_date == due


def without_lines(company: Company, *borderos: int) -> Callable[[], None]:
    """Hide the lines of borderôs, as in a reading at a bad moment; returns what brings them back."""
    lines = {bordero: list(company.bling.borderos[bordero].lines) for bordero in borderos}
    for bordero in borderos:
        company.bling.borderos[bordero].lines.clear()

    def back() -> None:
        for bordero in borderos:
            company.bling.borderos[bordero].lines.extend(lines[bordero])

    return back


@BOTH
def test_a_bordero_that_gets_its_line_later(company: Company, direction: str) -> None:
    title = company.add_title(direction)
    company.sync()
    back = without_lines(company, company.bling.pay(title, account=company.bank))
    company.sync()
    assert company.problems(title) == ["payment_ambiguous"]
    back()
    company.sync()
    assert company.problems(title) == []
    row = company.in_kamino(direction, title)
    assert row["Situacao" if direction == "payable" else "SitConta"] == 2


def test_another_title_of_a_bordero_follows_it_too(company: Company, user: Any) -> None:
    """Only the first one is read again; what the other one was paid stands in the same borderô."""
    contact = company.bling.add_contact(name="Fornecedor", document="", kind="J")
    titles = [
        company.add_title("payable", contact=contact, document_number=f"NF {n}", value=f"{n}0.00") for n in (1, 2)
    ]
    company.sync()
    back = without_lines(company, company.bling.pay_together(titles, account=company.bank))
    company.sync()
    assert [company.problems(title) for title in titles] == [["payment_ambiguous"]] * 2
    back()
    company.resync(titles[0], user)
    assert [company.problems(title) for title in titles] == [[], []]
    paid = [company.in_kamino("payable", title)["ValorPagamento"] for title in titles]
    assert paid == [Decimal("10.00"), Decimal("20.00")]


def test_an_older_reading_of_a_bordero_replaces_no_newer_one(company: Company) -> None:
    title = company.add_title("payable")
    company.bling.pay(title, account=company.bank)
    company.sync()
    row = Bordero.objects.get()
    older = BorderoFacts(row.bling_id, in_days(company.bling.world, -9), row.account_id, ())
    chunk = Chunk(borderos=[(older, row.read_at)])
    with transaction.atomic():
        save_chunk(company.connection, chunk, now=timezone.now(), run=None)
    assert Bordero.objects.get().date == row.date
    assert Payment.objects.get().date == row.date
