"""What people bring to its end in Kamino by hand: it is seen there, or a person says so where no list shows it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.models import Attempt, Discrepancy, KaminoConnection
from integrations.pipeline.desk import decisions
from tests.flows.helpers import Company

By = Callable[[Company, str, int, int], Any]


def _settled(company: Company, direction: str) -> tuple[int, int]:
    title = company.add_title(direction, value="100.00")
    company.sync()
    company.bling.pay(title, date=company.bling.world.today, account=company.bank)
    company.sync()
    company.forget_snapshots()
    return title, company.in_kamino(direction, title)["ID"]


def _reverse(company: Company, title: int) -> None:
    company.bling.reverse_payment(title, company.bling.titles[title].borderos[0])


@pytest.fixture
def user(transactional_db: None) -> User:
    return User.objects.create_user("maria")


def stands(company: Company, title: int) -> tuple[str, str]:
    posting = company.posting(title)
    return posting.state, posting.reason


def test_a_settlement_that_was_undone_in_kamino_is_none_and_the_next_one_is_sent(company: Company, user: User) -> None:
    title, there = _settled(company, "payable")
    _reverse(company, title)
    company.sync()
    assert stands(company, title) == ("needs_human", "reversed_after_settlement")
    company.an_hour_later()
    assert stands(company, title) == ("needs_human", "reversed_after_settlement")
    company.kamino.reopen_title("payable", there)
    company.an_hour_later()
    assert stands(company, title) == ("delivered", "")
    company.bling.pay(title, date=company.bling.world.today, account=company.bank)
    company.sync()
    row = company.in_kamino("payable", title)
    assert (row["Situacao"], stands(company, title)[0]) == (2, "delivered")
    assert Attempt.objects.filter(settles=True).count() == 1


def test_a_settlement_that_was_corrected_in_kamino_is_equal(company: Company, user: User, world: Any) -> None:
    title, there = _settled(company, "payable")
    _reverse(company, title)
    company.bling.pay(title, date=world.today - timedelta(days=2), account=company.bank)
    company.resync(title, user)
    assert stands(company, title) == ("needs_human", "settlement_differs")
    company.kamino.pay_title("payable", there, date=world.today - timedelta(days=2), account=company.kamino_bank)
    company.an_hour_later()
    assert stands(company, title) == ("delivered", "")
    assert Attempt.objects.filter(settles=True, outcome="delivered").count() == 1


def test_a_resync_sees_at_once_what_was_done_by_hand(company: Company, user: User) -> None:
    title, there = _settled(company, "payable")
    _reverse(company, title)
    company.sync()
    company.kamino.reopen_title("payable", there)
    company.resync(title, user)
    assert stands(company, title) == ("delivered", "")


@pytest.mark.parametrize("direction", ["payable", "receivable"])
@pytest.mark.some(2)
def test_where_no_list_shows_it_a_person_says_so(company: Company, user: User, direction: str) -> None:
    title, there = _settled(company, direction)
    _reverse(company, title)
    company.sync()
    codes = [option.code for option in decisions.options(company.posting(title))]
    assert codes == ([] if direction == "payable" else ["done_by_hand"])
    if direction == "payable":
        return
    company.kamino.reopen_title(direction, there)
    decisions.decide(
        posting=company.posting(title), code="done_by_hand", number=0, reason="Estornei", user=user, now=timezone.now()
    )
    company.work()
    assert stands(company, title) == ("delivered", "")


@pytest.mark.parametrize("answer", ["cancel_deleted", "keep"])
def test_what_bling_deleted_is_cancelled_or_kept_by_a_person(company: Company, user: User, answer: str) -> None:
    title = company.add_title("payable", value="100.00")
    company.sync()
    company.bling.delete(title)
    for _ in range(2):
        company.sync()
    assert stands(company, title) == ("needs_human", "deleted_in_bling")
    decisions.decide(
        posting=company.posting(title), code=answer, number=0, reason="Engano", user=user, now=timezone.now()
    )
    company.work()
    rows = company.kamino.titles("payable")
    if answer == "cancel_deleted":
        assert (rows, stands(company, title)) == ([], ("delivered", ""))
    else:
        assert (len(rows), stands(company, title)[0]) == (1, "ignored")


def test_what_bling_deleted_and_people_deleted_in_kamino_needs_nothing(company: Company, user: User) -> None:
    KaminoConnection.objects.update(lists_are_complete=True)
    title = company.add_title("payable", value="100.00")
    company.sync()
    company.bling.delete(title)
    for _ in range(2):
        company.sync()
    company.kamino.delete_title("payable", company.in_kamino("payable", title)["ID"])
    company.an_hour_later()  # its whole list is read
    company.look_again()
    assert stands(company, title) == ("delivered", "")


def test_persons_that_were_merged_in_kamino_let_their_titles_go(company: Company) -> None:
    document = "11222333000181"
    contact = company.bling.add_contact(name="Dobrada", document=document, kind="J")
    first, second = (company.kamino.add_person(name="Dobrada", document=document) for _ in range(2))
    title = company.add_title("payable", contact=contact)
    company.sync()
    assert (stands(company, title)[0], company.problems(title)) == ("held", ["person_undecided"])
    company.kamino.edit_person(second, CPFCNPJ="")
    company.an_hour_later()
    assert stands(company, title) == ("delivered", "")
    assert company.in_kamino("payable", title)["IDPessoa"] == first


def test_nothing_goes_on_while_nobody_knows_what_became_of_a_write(company: Company, user: User) -> None:
    title, there = _settled(company, "payable")
    _reverse(company, title)
    company.sync()
    Attempt.objects.filter(settles=True).update(outcome="uncertain")
    company.kamino.reopen_title("payable", there)
    company.an_hour_later()
    assert company.posting(title).get_delivered().status == "settled"


@pytest.mark.parametrize("is_same", [True, False])
def test_a_payment_that_people_entered_from_another_account_is_not_called_sent(
    company: Company, user: User, is_same: bool
) -> None:
    """The page said that the settlement had been sent from Bling's account, for good."""
    title = company.add_title("payable", value="100.00")
    company.sync()
    there, other = company.in_kamino("payable", title)["ID"], company.kamino.add_bank_account("Caixa da loja")
    company.kamino.pay_title("payable", there, account=company.kamino_bank if is_same else other)
    writes = company.kamino.write_count
    company.bling.pay(title, date=company.bling.world.today, account=company.bank)
    company.resync(title, user)
    posting = company.posting(title)
    rows = Discrepancy.objects.filter(posting=posting, closed_at=None)
    assert company.kamino.write_count == writes
    assert posting.get_delivered().payment.account == (company.kamino_bank if is_same else other).strip()
    if is_same:
        assert stands(company, title) == ("delivered", "")
        assert not rows.exists()
        return
    assert (stands(company, title), company.problems(title)) == (("delivered", ""), ["paid_from_another_account"])
    [row] = rows
    assert row.kind == "paid_from"
    assert row.kamino_value.startswith(other.strip())
    company.kamino.pay_title("payable", there, account=company.kamino_bank)
    company.forget_snapshots()
    company.resync(title, user)
    assert stands(company, title) == ("delivered", "")
    assert not rows.all().exists()
    assert company.kamino.write_count == writes


def test_another_account_hides_no_other_value(company: Company, user: User) -> None:
    """Of a title that people paid from another account, a value that changed in Bling since was told by nothing."""
    title = company.add_title("payable", value="100.00")
    company.sync()
    there, other = company.in_kamino("payable", title)["ID"], company.kamino.add_bank_account("Caixa da loja")
    company.kamino.pay_title("payable", there, account=other)
    company.bling.pay(title, date=company.bling.world.today, account=company.bank)
    company.resync(title, user)
    kinds = Discrepancy.objects.filter(closed_at=None).order_by("kind").values_list("kind", flat=True)
    for value, problem, told in (
        ("110.00", "value_after_settlement", ["paid_from", "settled_value"]),
        ("100.00", "paid_from_another_account", ["paid_from"]),
    ):
        company.bling.edit_title(title, value=value)
        company.resync(title, user)
        assert (stands(company, title), company.problems(title)) == (("delivered", ""), [problem])
        assert list(kinds.all()) == told
