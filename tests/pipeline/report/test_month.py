"""Fechamento do mês and Posição em aberto: to the cent, every difference with its reason, frozen."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from threading import Thread

import openpyxl
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from integrations.domain.calendar import day_of, end_of
from integrations.domain.month import Difference
from integrations.domain.position import Age
from integrations.models import (
    Attempt,
    KaminoConnection,
    MonthClosing,
    PartPosting,
    Posting,
    Tenant,
    Title,
    TitleChange,
)
from integrations.models.confidential import WHOLE
from integrations.pipeline.report import both_sides, month, position
from integrations.pipeline.report.month import freeze, month_after, month_of
from integrations.pipeline.report.position import open_on, sums_of
from integrations.resources.reports import write_closing, write_position
from integrations.resources.titles import TitleResource
from sandbox.world import World
from tests.flows.helpers import Company
from tests.pipeline.compare.test_discrepancy_kinds import compare_again


@pytest.fixture
def user(transactional_db: None) -> User:
    return User.objects.create_user("financeiro")


@pytest.fixture
def busy(company: Company, world: World) -> Company:
    """A company with titles that are open, paid, paid without an account in Kamino, and held back."""
    unmapped = company.bling.add_category("Sem par", kind=1)
    elsewhere = company.bling.add_account("Cofre", kind="caixa")
    company.add_title("payable", value="100.00")
    paid = company.add_title("payable", value="50.55")
    company.bling.pay(paid, date=world.today, account=company.bank)
    waits = company.add_title("payable", value="30.00")
    company.bling.pay(waits, date=world.today, account=elsewhere)
    company.add_title("payable", value="7.01", category=unmapped)
    company.add_title("receivable", value="20.00")
    company.sync()
    return company


def first_day(world: World) -> date:
    return world.today.replace(day=1)


def frozen(company: Company, world: World, user: User) -> MonthClosing:
    found = month_of(company.tenant, first_day(world))
    return freeze(tenant=company.tenant, found=found, user=user, now=timezone.now(), accepts_as_sent=True)


def test_both_sides_add_up_to_the_cent_and_each_difference_has_its_reason(busy: Company, world: World) -> None:
    month = month_of(busy.tenant, first_day(world))
    assert sum(row.bling for row in month.competence.rows) == Decimal("207.56")
    assert sum(row.kamino for row in month.competence.rows) == Decimal("200.55")
    [held] = month.competence.differences
    assert (held.bling, held.kamino, held.place.category) == (Decimal("7.01"), 0, "Sem par")
    assert "Sem par" in " ".join(held.item.reasons)
    assert sum(row.bling for row in month.settled.rows) == Decimal("80.55")
    assert sum(row.kamino for row in month.settled.rows) == Decimal("50.55")
    [waiting] = month.settled.differences
    assert (waiting.place.account, waiting.difference) == ("Cofre", Decimal("-30.00"))
    assert "Cofre" in " ".join(waiting.item.reasons)
    rows = busy.kamino.payables.values()
    told = sum(Decimal(str(row["ValorPagamento"])) for row in rows if row.get("ValorPagamento"))
    assert told == Decimal("50.55")


def test_a_month_without_titles_is_empty(busy: Company, world: World) -> None:
    month = month_of(busy.tenant, date(2020, 2, 1))
    assert (month.competence.rows, month.settled.rows) == ((), ())


def test_what_was_frozen_never_changes_and_the_next_one_is_a_version(busy: Company, world: World, user: User) -> None:
    first = freeze(
        tenant=busy.tenant,
        found=month_of(busy.tenant, first_day(world)),
        user=user,
        now=timezone.now(),
        accepts_as_sent=True,
    )
    before = first.numbers
    busy.add_title("payable", value="1.00")
    busy.sync()
    second = freeze(
        tenant=busy.tenant,
        found=month_of(busy.tenant, first_day(world)),
        user=user,
        now=timezone.now(),
        accepts_as_sent=True,
    )
    assert [row.version for row in MonthClosing.objects.order_by("version")] == [1, 2]
    assert MonthClosing.objects.get(pk=first.pk).numbers == before != second.numbers


def test_the_workbook_holds_the_sums_and_the_reasons(busy: Company, world: World, user: User) -> None:
    out = BytesIO()
    write_closing(
        out,
        freeze(
            tenant=busy.tenant,
            found=month_of(busy.tenant, first_day(world)),
            user=user,
            now=timezone.now(),
            accepts_as_sent=True,
        ),
        WHOLE,
    )
    book = openpyxl.load_workbook(out)
    assert book.sheetnames == ["Competência", "Baixas", "Diferenças, competência", "Diferenças, baixas"]
    [total] = [row for row in book["Competência"].iter_rows(values_only=True) if row[0] == "Total"]
    assert (total[0], list(total[3:])) == ("Total", [5, 207.56, 200.55, pytest.approx(-7.01)])
    reasons = [cell.value for cell in list(book["Diferenças, baixas"].iter_rows())[-1]]
    assert "Cofre" in reasons[-1]


def test_a_payment_split_in_kamino_still_agrees(company: Company, world: World) -> None:
    company.bling.world.generous = True
    Tenant.objects.update(partial_policy="split")
    KaminoConnection.objects.update(lists_are_complete=True)
    title = company.add_title("payable", value="100.00")
    company.bling.pay(title, amount="40.00", date=world.today, account=company.bank)
    company.sync()
    month = month_of(company.tenant, first_day(world))
    assert (month.competence.differences, month.settled.differences) == ((), ())
    assert sum(row.kamino for row in month.settled.rows) == Decimal("40.00")
    assert company.posting(title).parts.count() == 1
    resource = TitleResource()
    [cells] = resource.cells(resource.every_row())
    assert cells[list(resource._meta.fields).index("kamino_value")] == 100


def test_what_was_open_on_a_day_on_both_sides(busy: Company, world: World) -> None:
    yesterday = world.today - timedelta(days=1)
    today = {(row.direction, row.bling, row.kamino) for row in sums_of(open_on(busy.tenant, world.today, WHOLE))}
    assert today == {
        ("payable", Decimal("107.01"), Decimal("130.00")), ("receivable", Decimal("20.00"), Decimal("20.00")),
    }  # fmt: skip
    before = {(row.direction, row.bling) for row in sums_of(open_on(busy.tenant, yesterday, WHOLE))}
    assert before in (set(), {("payable", Decimal("187.56")), ("receivable", Decimal("20.00"))})
    out = BytesIO()
    write_position(out, busy.tenant, world.today, WHOLE)
    book = openpyxl.load_workbook(out)
    assert [row[0].value for row in book["Resumo"].iter_rows()][:3] == ["Direção", "A pagar", "A receber"]
    assert book.worksheets[0].max_row == 1 + 4


@pytest.mark.parametrize(
    ("day", "after"), [(date(2026, 1, 1), date(2026, 2, 1)), (date(2026, 12, 1), date(2027, 1, 1))]
)
def test_the_month_after(day: date, after: date) -> None:
    assert month_after(day) == after


def there_of(row: Difference) -> tuple[str, int | None]:
    return row.place.direction, row.item.kamino_id


def test_kaminos_side_is_what_its_lists_show(busy: Company, world: World) -> None:
    world.generous = True
    there = {row["ID"]: row for row in busy.kamino.titles("payable")}
    first = next(kamino_id for kamino_id, row in there.items() if row["ValorVencimento"] == 100)
    [other] = [row["ID"] for row in busy.kamino.titles("receivable")]
    before = month_of(busy.tenant, first_day(world))
    assert {row.item.kamino_id for row in before.competence.differences} == {None}
    busy.kamino.edit_title("payable", first, ValorVencimento="90.00")
    busy.kamino.edit_title("receivable", other, DtaCompet="2020-01-05")
    person = busy.kamino.add_person("Contador")
    mine = busy.kamino.add_title(
        "payable", person, "12.34", world.today, "Digitado", DataCompetencia=str(world.today), NroNotaFiscal="77"
    )
    busy.kamino.pay_title("payable", mine)
    old = busy.kamino.add_title("payable", person, "1.00", world.today, "Antigo", DataCompetencia="2020-01-05")
    compare_again(busy)
    month = month_of(busy.tenant, first_day(world))
    assert month.read_at is not None
    found = {there_of(row): row for row in month.competence.differences}
    assert {key[1] for key in found} == {None, first, other, mine}
    assert (found["A pagar", first].bling, found["A pagar", first].kamino) == (Decimal("100.00"), Decimal("90.00"))
    assert "Valor diferente" in " ".join(found["A pagar", first].item.reasons)
    assert (found["A receber", other].bling, found["A receber", other].kamino) == (Decimal("20.00"), 0)
    assert "outra forma" in " ".join(found["A receber", other].item.reasons)
    only_there = found["A pagar", mine]
    assert (only_there.item.name, only_there.bling, only_there.kamino) == ("77", 0, Decimal("12.34"))
    assert only_there.place.category == "Só na Kamino"
    assert [row.kamino for row in month.settled.differences if there_of(row) == ("A pagar", mine)] == [Decimal("12.34")]
    long_ago = month_of(busy.tenant, date(2020, 1, 1)).competence.differences
    assert {there_of(row) for row in long_ago} == {("A receber", other), ("A pagar", old)}
    busy.kamino.delete_title("payable", first)
    compare_again(busy)
    rows = month_of(busy.tenant, first_day(world)).competence.differences
    [deleted] = [row for row in rows if there_of(row) == ("A pagar", first)]
    assert (deleted.kamino, "Falta na Kamino" in " ".join(deleted.item.reasons)) == (0, True)


def test_what_kamino_shows_with_a_status_that_we_do_not_know_is_no_part_of_its_side(
    busy: Company, world: World
) -> None:
    [first] = [row["ID"] for row in busy.kamino.titles("payable") if row["ValorVencimento"] == 100]
    busy.kamino.edit_title("payable", first, Situacao=4)
    compare_again(busy)
    rows = month_of(busy.tenant, first_day(world)).competence.differences
    [hidden] = [row for row in rows if row.item.kamino_id == first]
    assert (hidden.bling, hidden.kamino) == (Decimal("100.00"), 0)
    assert "Situação diferente" in " ".join(hidden.item.reasons)
    [payable] = [row for row in sums_of(open_on(busy.tenant, world.today, WHOLE)) if row.direction == "payable"]
    assert (payable.bling, payable.kamino) == (Decimal("107.01"), Decimal("30.00"))


def test_what_left_later_was_open_before(company: Company, world: World) -> None:
    title = company.add_title("payable", value="80.00", issue=world.today - timedelta(days=9))
    company.sync()
    company.bling.cancel(title)
    company.sync()
    yesterday, today = world.today - timedelta(days=1), day_of(timezone.now())
    assert sums_of(open_on(company.tenant, today, WHOLE)) == []
    TitleChange.objects.update(at=end_of(today) + timedelta(hours=1))
    Attempt.objects.update(ended_at=end_of(today) + timedelta(hours=1))
    assert [(row.bling, row.kamino) for row in sums_of(open_on(company.tenant, today, WHOLE))] == [(80, 80)]
    assert [(row.bling, row.kamino) for row in sums_of(open_on(company.tenant, yesterday, WHOLE))] == [(80, 80)]


def test_what_only_kamino_has_open_counts_on_its_side(company: Company, world: World) -> None:
    person, early = company.kamino.add_person("Contador"), world.today - timedelta(days=40)
    company.kamino.add_title("payable", person, "12.34", early, "Digitado")
    paid = company.kamino.add_title("payable", person, "5.00", early, "Pago")
    company.kamino.pay_title("payable", paid)
    company.add_title("payable")
    company.sync()
    compare_again(company)
    [row] = [row for row in open_on(company.tenant, world.today, WHOLE) if row.bling_id is None]
    assert (row.bling, row.kamino, row.age) == (0, Decimal("12.34"), Age.TWO_MONTHS)
    out = BytesIO()
    write_position(out, company.tenant, world.today, WHOLE)
    assert openpyxl.load_workbook(out).worksheets[0].max_row == 1 + 2


def test_a_part_that_kamino_keeps_in_an_earlier_month_is_seen_there(company: Company, world: World) -> None:
    company.bling.world.generous = True
    Tenant.objects.update(partial_policy="split")
    KaminoConnection.objects.update(lists_are_complete=True)
    title = company.add_title("payable", value="100.00")
    company.bling.pay(title, amount="40.00", date=world.today, account=company.bank)
    company.sync()
    part = company.posting(title).parts.get()
    before = first_day(world) - timedelta(days=40)
    part.delivered = {**(part.delivered or {}), "competence_date": before.isoformat()}
    part.save()
    rows = month_of(company.tenant, before.replace(day=1)).competence.rows
    assert [(row.bling, row.kamino) for row in rows] == [(0, Decimal("40.00"))]


@pytest.mark.parametrize("of_what", ["month", "position"])
def test_what_is_delivered_while_a_month_is_read_is_not_counted_twice(
    company: Company, world: World, monkeypatch: pytest.MonkeyPatch, of_what: str
) -> None:
    company.bling.world.generous = True
    Tenant.objects.update(partial_policy="split")
    KaminoConnection.objects.update(lists_are_complete=True)
    title = company.add_title("payable", value="100.00")
    company.bling.pay(title, amount="40.00", date=world.today, account=company.bank)
    company.sync()
    posting = company.posting(title)
    part, lowered = posting.parts.get(), posting.delivered or {}
    PartPosting.objects.filter(pk=part.pk).update(kamino_id=None)
    Posting.objects.filter(pk=posting.pk).update(delivered={**lowered, "value": "100.00"})

    def deliver() -> None:
        Posting.objects.filter(pk=posting.pk).update(delivered=lowered)
        PartPosting.objects.filter(pk=part.pk).update(kamino_id=part.kamino_id)
        connection.close()

    read = both_sides.batches

    def batches(titles: QuerySet[Title]) -> Iterator[list[Title]]:
        for batch in read(titles):
            worker = Thread(target=deliver)
            worker.start()
            worker.join()
            yield batch

    monkeypatch.setattr(month, "batches", batches)
    monkeypatch.setattr(position, "batches", batches)
    if of_what == "month":
        assert sum(row.kamino for row in month_of(company.tenant, first_day(world)).competence.rows) == 100
    else:
        yesterday = world.today - timedelta(days=1)
        Title.objects.update(issue_date=yesterday)
        assert [row.kamino for row in sums_of(open_on(company.tenant, yesterday, WHOLE))] == [100]
