"""Rows of Kamino's lists that nobody can read: one odd row costs one row. Nothing is created beside it, nothing is
believed gone, and the titles around it go on."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.domain.delivery import DeliveryState
from integrations.domain.desired import KaminoStatus
from integrations.domain.reasons import Reason
from integrations.models import Attempt, Discrepancy, KaminoConnection, KaminoItem, ListedSpan, PersonPosting, Posting
from sandbox.faults import Fault
from sandbox.kamino.fields import PAID
from sandbox.world import World
from tests.flows.helpers import Company

SAVE = "/financeiro/pagamento"
WITH_ID = {
    "text as amount": {"ValorVencimento": "1.234,56"},
    "huge amount": {"ValorVencimento": 1e16},
    "object as amount": {"ValorVencimento": {"valor": 1}},
    "no number as amount": {"ValorVencimento": float("nan")},
    "text as paid amount": {"ValorPagamento": "x"},
    "text as status": {"Situacao": "Pendente"},
    "no status": {"Situacao": None},
    "text as person": {"IDPessoa": "abc", "Pessoa": "Fulano", "CPFCNPJPessoa": 11222333000181},
    "no day as due date": {"DataVencimento": "32/13/2026"},
    "NUL and a list as texts": {"NomePessoa": "a\x00b", "NroNotaFiscal": [1, None]},
}
WITHOUT_ID: dict[str, Any] = {
    "no id": {"ID": None},
    "text as id": {"ID": "abc"},
    "huge id": {"ID": 10**30},
    "zero as id": {"ID": 0},
    "null as row": None,
    "text as row": "linha",
}
ODD: dict[str, Any] = WITH_ID | WITHOUT_ID
STATES = ("not sent", "delivered", "cancelled")


def spoil(company: Company, title: int, odd: Any) -> None:
    """Let Kamino's lists show a title's row oddly from now on."""
    company.kamino.odd_rows["payable", company.in_kamino("payable", title)["ID"]] = odd
    company.forget_snapshots()


def forget(company: Company, title: int) -> None:
    """Let the database be restored from before a title was sent."""
    Attempt.objects.filter(posting__title__bling_id=title).delete()
    ListedSpan.objects.all().delete()
    blank: dict[str, Any] = {"kamino_id": None, "delivered": None, "delivered_fingerprint": "", "state": "ready"}
    Posting.objects.filter(title__bling_id=title).update(**blank)


def ask_for(company: Company, titles: dict[str, int]) -> None:
    """Let something be sent for each title: created, settled, cancelled."""
    forget(company, titles["not sent"])
    company.bling.pay(titles["delivered"], account=company.bank)
    company.bling.cancel(titles["cancelled"])


def lose_answers(company: Company, world: World, settings: Any, titles: dict[str, int]) -> None:
    settings.UNCERTAIN_WAIT_SECONDS = 3600
    company.bling.edit_title(titles["not sent"], value=101)
    company.bling.pay(titles["delivered"], account=company.bank)
    company.bling.cancel(titles["cancelled"])
    for method, times in (("POST", 2), ("DELETE", 1)):
        world.faults.add(Fault(side="kamino", kind="cut_before", method=method, path=SAVE, times=times))
    company.sync()
    assert set(Posting.objects.values_list("state", flat=True)) == {"uncertain"}
    # Its first creation, not a change, is what nobody knows of.
    mine = Posting.objects.filter(title__bling_id=titles["not sent"])
    Attempt.objects.filter(posting__in=mine).exclude(outcome="uncertain").delete()
    mine.update(kamino_id=None, delivered=None, delivered_fingerprint="")


def reconcile(company: Company) -> None:
    KaminoConnection.objects.update(reconciled_at=timezone.now() - timedelta(days=1), reconcile_cursor={})
    company.work()
    assert KaminoConnection.objects.get().reconciled_at > timezone.now() - timedelta(hours=1)


@pytest.mark.some(28, drawn=3)
@pytest.mark.parametrize("reader", ["look-up", "creation", "reconciliation"])
@pytest.mark.parametrize("odd", ODD)
def test_nothing_is_doubled_or_believed_gone(
    company: Company, world: World, settings: Any, contact: int, odd: str, reader: str
) -> None:
    KaminoConnection.objects.update(lists_are_complete=True)
    titles = {state: company.add_title("payable", contact=contact) for state in STATES}
    company.sync()
    if reader == "look-up":
        lose_answers(company, world, settings, titles)
    for title in titles.values():
        spoil(company, title, ODD[odd])
    if reader == "look-up":
        for _ in range(2):
            company.forget_waits()
            company.work()
    elif reader == "creation":
        ask_for(company, titles)
        company.sync()
    else:
        forget(company, titles["not sent"])
        Posting.objects.filter(title__bling_id=titles["not sent"]).update(state="held")
        reconcile(company)
    for state, title in titles.items():
        row, posting = company.in_kamino("payable", title), company.posting(title)
        delivered = posting.get_delivered()
        is_cancelled = delivered is not None and delivered.status is KaminoStatus.CANCELLED
        assert (row is None) == is_cancelled, f"{state}: a cancellation is recorded just when it happened"
        assert posting.reason != Reason.GONE_FROM_KAMINO
    assert not Discrepancy.objects.filter(kind="missing_in_kamino", closed_at=None).exists()


@pytest.mark.parametrize("odd", ["huge amount", "text as status", "NUL and a list as texts", "no id"])
@pytest.mark.some(2)
def test_the_titles_around_an_odd_row_go_on(company: Company, contact: int, odd: str) -> None:
    """It stopped the settlements of its day, the reconciliation, and after two days every delivery of the company."""
    titles = [company.add_title("payable", contact=contact) for _ in range(2)]
    receivable = company.add_title("receivable", contact=contact)
    company.sync()
    person = company.kamino.add_person("Outra pessoa")
    theirs = company.kamino.add_title(
        "payable", person, "5.00", company.bling.world.today + timedelta(days=10), "À mão"
    )
    company.kamino.odd_rows["payable", theirs] = ODD[odd]
    company.kamino.edit_title("payable", company.in_kamino("payable", titles[1])["ID"], ValorVencimento="99.00")
    reconcile(company)
    assert Discrepancy.objects.get(kind="value", closed_at=None).posting == company.posting(titles[1])
    company.forget_snapshots()
    company.bling.pay(titles[0], account=company.bank)
    company.bling.pay(receivable, account=company.bank)
    company.sync()
    assert company.in_kamino("payable", titles[0])["Situacao"] == PAID
    assert company.in_kamino("receivable", receivable)["SitConta"] == PAID
    assert not KaminoConnection.objects.get().failure


def test_a_row_without_an_id_holds_creations_of_its_day_only(company: Company, contact: int) -> None:
    today = company.bling.world.today
    company.add_title("payable", contact=contact, due=today + timedelta(days=40))
    company.sync()
    person = company.kamino.add_person("Outra pessoa")
    theirs = company.kamino.add_title("payable", person, "5.00", today + timedelta(days=10), "À mão")
    company.kamino.odd_rows["payable", theirs] = {"ID": None}
    ListedSpan.objects.all().delete()  # ten minutes have passed
    held = company.add_title("payable", contact=contact, due=today + timedelta(days=10))
    other = company.add_title("payable", contact=contact, due=today + timedelta(days=11))
    company.sync()
    assert company.in_kamino("payable", other) is not None
    assert company.in_kamino("payable", held) is None
    assert company.posting(held).reason == Reason.LIST_INCOMPLETE
    for _ in range(10):
        company.forget_waits()
        company.work()
    assert (company.posting(held).state, company.posting(held).reason) == (
        DeliveryState.NEEDS_HUMAN, Reason.LIST_INCOMPLETE,
    )  # fmt: skip
    assert company.in_kamino("payable", held) is None


def test_a_payable_entered_by_hand_whose_amount_nobody_can_read_may_be_the_same(company: Company, contact: int) -> None:
    company.add_title("payable", contact=contact, value="1.00")
    company.sync()
    person = int(PersonPosting.objects.get().kamino_id or 0)
    due = company.bling.world.today + timedelta(days=11)
    theirs = company.kamino.add_title("payable", person, "250.00", due, "Digitado à mão")
    company.kamino.odd_rows["payable", theirs] = {"ValorVencimento": "duzentos e cinquenta"}
    reconcile(company)
    title = company.add_title("payable", contact=contact, value="250.00")
    company.sync()
    posting = company.posting(title)
    assert (posting.reason, posting.candidates) == (Reason.POSSIBLE_DUPLICATE, [theirs])
    assert company.in_kamino("payable", title) is None


@pytest.mark.some(15)
@pytest.mark.parametrize("register", ["charts", "cost_centers", "units", "bank_accounts"])
@pytest.mark.parametrize("no_id", [None, "", "x" * 50], ids=["none", "empty", "too long"])
def test_an_odd_row_of_a_register_costs_that_row(company: Company, contact: int, register: str, no_id: Any) -> None:
    """Without its cost centers, not a single title of a company was planned."""
    company.kamino.add_cost_center("Obra")
    company.kamino.add_business_unit("Matriz")
    title = company.add_title("payable", contact=contact)
    company.sync()
    company.forget_registers()
    rows = getattr(company.kamino, register)
    rows["odd"] = next(iter(rows.values())) | {"ID": no_id, "IDPlanoContaAtivo": no_id, "Nome": None}
    before = list(KaminoItem.objects.filter(is_active=True).order_by("pk").values_list("pk", flat=True))
    company.bling.edit_title(title, value=250)
    company.sync()
    assert company.in_kamino("payable", title)["ValorVencimento"] == 250
    assert list(KaminoItem.objects.filter(is_active=True).order_by("pk").values_list("pk", flat=True)) == before
