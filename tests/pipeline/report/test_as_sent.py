"""Month closing and open position: what no list of Kamino showed is named, and frozen only on a person's word."""

from collections.abc import Callable
from decimal import Decimal
from io import BytesIO

import openpyxl
import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.domain.as_sent import AsSent, NotRead, merged
from integrations.models import KaminoConnection, MonthClosing, Tenant
from integrations.models.confidential import WHOLE
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.report.month import freeze, month_of
from integrations.pipeline.report.month_numbers import Month, visible_numbers
from integrations.pipeline.report.position import open_on, totals_of
from integrations.resources.reports import write_closing, write_position
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company
from tests.pipeline.compare.test_discrepancy_kinds import compare_again

WORDS = {"payable": "A pagar", "receivable": "A receber"}


@pytest.fixture
def user(transactional_db: None) -> User:
    return User.objects.create_user("financeiro")


@pytest.fixture(params=["strict", "generous"])
def mirrored(request: pytest.FixtureRequest, new_company: Callable[..., Company]) -> Company:
    """A company with titles of both directions, open and paid, one of which somebody changed in Kamino."""
    company = new_company("azul")
    world: World = company.bling.world
    world.generous = request.param == "generous"
    if world.generous:
        KaminoConnection.objects.update(receivable_list="unknown")
    for direction, value in (
        ("payable", "100.10"),
        ("payable", "7.03"),
        ("receivable", "345.67"),
        ("receivable", "9.99"),
    ):
        title = company.add_title(direction, value=value)
        if value in ("7.03", "9.99"):
            company.bling.pay(title, account=company.bank)
        if value == "345.67":
            changed = title
    company.sync()
    there = company.in_kamino("receivable", changed)
    company.kamino.edit_title("receivable", there["ID"], **{value_field(there): "999.99"})
    compare_again(company)
    return company


def value_field(row: dict[str, object]) -> str:
    return next(name for name in row if str(row[name]) == "345.67")


def found_of(company: Company) -> Month:
    return month_of(company.tenant, company.bling.world.today.replace(day=1))


def of(month: Month, direction: str) -> Decimal:
    rows = [row for row in month.competence.rows if row.place.direction == WORDS[direction]]
    return sum((row.kamino for row in rows), Decimal(0))


def held(company: Company, direction: str) -> Decimal:
    """Return what Kamino really holds, summed up from the sandbox's own rows."""
    names = ("ValorVencimento",) if direction == "payable" else ("VlrVenc", "ValorVencimento", "Vlr", "VlrTitulo")
    total = Decimal(0)
    for row in company.kamino.titles(direction):
        total += Decimal(str(next(row[name] for name in names if name in row)))
    return total


def test_both_sides_equal_an_independent_sum_or_the_direction_is_named(mirrored: Company) -> None:
    month = found_of(mirrored)
    assert of(month, "payable") == held(mirrored, "payable") == Decimal("107.13")
    assert held(mirrored, "receivable") == Decimal("1009.98")
    if mirrored.bling.world.generous:
        assert of(month, "receivable") == Decimal("1009.98")
        assert month.is_read
        return
    assert of(month, "receivable") == Decimal("355.66")
    assert {name: merged(rows) for name, rows in month.as_sent.items()} == {
        "competence": [AsSent("A receber", NotRead.ABSENT, 2, Decimal("355.66"))],
        "settled": [AsSent("A receber", NotRead.ABSENT, 1, Decimal("9.99"))],
    }


def test_what_was_not_read_is_frozen_only_on_a_word(company: Company, user: User) -> None:
    company.add_title("receivable", value="20.00")
    company.sync()
    compare_again(company)
    found = found_of(company)
    with pytest.raises(Refused):
        freeze(tenant=company.tenant, found=found, user=user, now=timezone.now())
    assert not MonthClosing.objects.exists()
    closing = freeze(tenant=company.tenant, found=found, user=user, now=timezone.now(), accepts_as_sent=True)
    assert closing.as_sent_accepted_by == user
    shown = visible_numbers(closing.numbers, company.tenant, WHOLE)
    assert shown["competence"]["as_sent"] == [AsSent("A receber", NotRead.ABSENT, 1, Decimal("20.00"))]
    out = BytesIO()
    write_closing(out, MonthClosing.objects.get(), WHOLE)
    texts = [row[0].value for row in openpyxl.load_workbook(out)["Competência"].iter_rows()]
    assert "A receber" in texts[-2]
    assert "R$\u00a020,00" in texts[-2]
    assert texts[-1] == "Aceito como foi enviado por financeiro."


def test_what_was_read_needs_no_word(company: Company, user: User) -> None:
    payables_only(company)
    company.add_title("payable", value="20.00")
    company.sync()
    compare_again(company)
    closing = freeze(tenant=company.tenant, found=found_of(company), user=user, now=timezone.now())
    assert closing.as_sent_accepted_by is None


def payables_only(company: Company) -> None:
    Tenant.objects.update(sync_receivables=False)
    company.tenant.refresh_from_db()


def never_read(company: Company) -> None:
    KaminoConnection.objects.update(reconciled_at=None)


def unknown(company: Company) -> None:
    KaminoConnection.objects.update(payable_list="unknown")


def failed(company: Company) -> None:
    company.bling.world.faults.add(Fault(side="kamino", kind="500", path="/financeiro/pagamento", times=99))
    compare_again(company)


def sent_since(company: Company) -> None:
    company.add_title("payable", value="5.00")
    company.sync()


@pytest.mark.parametrize(
    ("happens", "why", "titles"),
    [
        (never_read, NotRead.NEVER, 1),
        (unknown, NotRead.UNKNOWN, 0),
        (failed, NotRead.FAILED, 0),
        (sent_since, NotRead.SENT_SINCE, 1),
    ],
)
@pytest.mark.some(2)
def test_why_a_direction_is_not_read(
    company: Company, happens: Callable[[Company], None], why: NotRead, titles: int
) -> None:
    payables_only(company)
    company.add_title("payable", value="20.00")
    company.sync()
    compare_again(company)
    assert found_of(company).is_read
    happens(company)
    [row] = merged(found_of(company).as_sent["competence"])
    assert (row.why, row.titles) == (why, titles)


def test_the_open_position_names_what_was_not_read(company: Company, world: World) -> None:
    company.add_title("receivable", value="20.00")
    company.add_title("payable", value="3.00")
    company.sync()
    compare_again(company)
    totals = totals_of(open_on(company.tenant, world.today, WHOLE))
    assert totals.as_sent(company.tenant) == [AsSent("receivable", NotRead.ABSENT, 1, Decimal("20.00"))]
    out = BytesIO()
    write_position(out, company.tenant, world.today, WHOLE)
    book = openpyxl.load_workbook(out)
    shown = {row[0].value: row[-1].value for row in book.worksheets[0].iter_rows()}
    assert (shown["A pagar"], shown["A receber"]) == ("lido", "enviado, não lido")
    assert "A receber" in [row[0].value for row in book["Resumo"].iter_rows()][-1]
