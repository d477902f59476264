"""What is gone from Kamino is created again by a person's word, after a fresh look, and by two people above a limit."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.domain.delivery import DeliveryState
from integrations.models import Attempt, KaminoConnection, PersonAction, Tenant
from integrations.pipeline.desk import commands, recreation
from sandbox.faults import Fault
from tests.flows.helpers import Company, payables
from tests.pipeline.desk.test_commands import code_of


@pytest.fixture
def user(transactional_db: None) -> User:
    return User.objects.create_user("maria")


@pytest.fixture
def other(transactional_db: None) -> User:
    return User.objects.create_user("joana")


def deleted(company: Company, user: User, *, is_paid: bool = False) -> int:
    """Return a title that somebody deleted in Kamino, and that a resync did not find there."""
    title = company.add_title("payable", value="100.00")
    company.sync()
    there = company.in_kamino("payable", title)["ID"]
    company.kamino.delete_title("payable", there)
    company.forget_snapshots()
    if is_paid:
        company.bling.pay(title, date=company.bling.world.today, account=company.bank)
    company.resync(title, user)
    assert company.posting(title).reason == "gone_from_kamino"
    return title


def again(company: Company, title: int, user: User) -> bool:
    order = {"posting": company.posting(title), "reason": "Excluído por engano", "user": user, "has_looked": True}
    return recreation.create_again(**order, now=timezone.now())


@pytest.mark.some(2)
@pytest.mark.parametrize("is_paid", [False, True], ids=["open", "paid"])
def test_it_is_created_again_and_counts_as_new(company: Company, user: User, is_paid: bool) -> None:
    title = deleted(company, user, is_paid=is_paid)
    assert again(company, title, user)
    company.work()
    row = company.in_kamino("payable", title)
    assert (row["ValorVencimento"], row["Situacao"]) == (100, 2 if is_paid else 1)
    assert company.posting(title).state == DeliveryState.DELIVERED
    assert Attempt.objects.filter(settles=True, outcome="delivered").count() == is_paid
    writes = company.kamino.write_count
    company.sync()
    assert company.kamino.write_count == writes


@pytest.mark.long
def test_a_settled_one_is_created_settled_and_its_old_settlement_is_none(company: Company, user: User) -> None:
    title = company.add_title("payable", value="100.00")
    company.sync()
    company.bling.pay(title, date=company.bling.world.today, account=company.bank)
    company.sync()
    there = company.in_kamino("payable", title)["ID"]
    company.kamino.reopen_title("payable", there)
    company.kamino.delete_title("payable", there)
    company.forget_snapshots()
    company.posting(title).kamino_connection.__class__.objects.update(lists_are_complete=True)
    company.resync(title, user)
    assert again(company, title, user)
    company.work()
    assert company.in_kamino("payable", title)["Situacao"] == 2
    assert Attempt.objects.filter(settles=True).count() == 1


def test_what_came_back_meanwhile_is_linked_and_not_created(company: Company, user: User) -> None:
    title = deleted(company, user)
    [(_direction, there)] = company.kamino.deleted
    company.kamino.restore_title("payable", there)
    company.kamino.edit_title("payable", there, DataVencimento=company.bling.world.today + timedelta(days=25))
    assert again(company, title, user)
    company.work()
    posting = company.posting(title)
    assert (payables(company), posting.kamino_id, posting.state) == (1, there, DeliveryState.DELIVERED)


def test_what_a_person_entered_in_its_place_is_offered(company: Company, user: User) -> None:
    title = deleted(company, user)
    person = company.title(title).person
    assert person is not None
    due = company.bling.world.today + timedelta(days=11)
    theirs = company.kamino.add_title("payable", person.posting.kamino_id, "100.00", due, "Lançado de novo")
    again(company, title, user)
    company.work()
    posting = company.posting(title)
    assert (posting.reason, posting.candidates, payables(company)) == ("possible_duplicate", [theirs], 1)


def test_above_the_limit_a_second_person_approves(company: Company, user: User, other: User) -> None:
    Tenant.objects.update(force_limit=Decimal("50.00"))
    title = deleted(company, user)
    assert not again(company, title, user)
    company.sync()
    posting = company.posting(title)
    assert (posting.state, posting.reason, payables(company)) == ("needs_human", "creation_awaits", 0)
    order = {"posting": posting, "now": timezone.now(), "has_looked": True}
    assert code_of(recreation.approve_again, user=user, **order) == "own"
    recreation.approve_again(user=other, **order)
    company.work()
    assert (payables(company), company.posting(title).state) == (1, DeliveryState.DELIVERED)
    assert code_of(recreation.approve_again, user=other, **order) == "decided"
    kinds = list(PersonAction.objects.order_by("pk").values_list("kind", "user__username"))
    assert kinds == [("resync", "maria"), ("ask_again", "maria"), ("create_again", "joana")]


@pytest.mark.parametrize("was_hidden", [True, False], ids=["hidden", "hidden since"])
def test_who_approves_looks_in_kamino_too(company: Company, user: User, other: User, was_hidden: bool) -> None:
    """Between the order and its approval somebody restored the title, and paid it, which its list may hide."""
    Tenant.objects.update(force_limit=Decimal("50.00"))
    title = deleted(company, user)
    KaminoConnection.objects.update(lists_are_complete=not was_hidden)
    assert not again(company, title, user)
    KaminoConnection.objects.update(lists_are_complete=False)
    [(direction, there)] = company.kamino.deleted
    company.kamino.restore_title(direction, there)
    company.kamino.pay_title(direction, there, account=company.kamino_bank)
    empty = {"PaginaAtual": 1, "TamanhoPagina": 100, "TotalLinhas": 0, "TotalPaginas": 0, "Dados": []}
    path = "/financeiro/pagamento/lista"
    company.bling.world.faults.add(Fault("kamino", "answer", "GET", path, 1000, status=200, answer=json.dumps(empty)))
    company.forget_snapshots()
    order = {"posting": company.posting(title), "user": other, "now": timezone.now()}
    assert code_of(recreation.approve_again, **order) == "hidden"
    company.work()
    assert payables(company) == 1


def test_a_refused_order_creates_nothing_and_may_be_given_again(company: Company, user: User, other: User) -> None:
    Tenant.objects.update(force_limit=Decimal("50.00"))
    title = deleted(company, user)
    again(company, title, user)
    posting = company.posting(title)
    recreation.refuse_again(posting=posting, reason="Não é devido", user=other, now=timezone.now())
    company.work()
    assert (company.posting(title).reason, payables(company)) == ("gone_from_kamino", 0)
    assert recreation.awaits_approval(company.posting(title)) is None
    assert not again(company, title, user)
    company.posting(title)
    assert recreation.awaits_approval(company.posting(title)) is not None


@pytest.mark.long
def test_an_order_above_the_limit_survives_a_resync(company: Company, user: User) -> None:
    Tenant.objects.update(force_limit=Decimal("50.00"))
    title = deleted(company, user)
    again(company, title, user)
    company.resync(title, user)
    assert payables(company) == 0
    assert recreation.awaits_approval(company.posting(title)) is not None


@pytest.mark.parametrize("case", ["there", "no reason", "unresolved", "hidden"])
@pytest.mark.some(2)
def test_it_is_refused(company: Company, user: User, case: str) -> None:
    if case == "there":
        title = company.add_title("payable", value="100.00")
        company.sync()
    else:
        title = deleted(company, user)
    if case == "unresolved":
        Attempt.objects.filter(posting=company.posting(title)).update(outcome="adopted")
        Attempt.objects.filter(pk=Attempt.objects.latest("pk").pk).update(outcome="uncertain")
    order = {"posting": company.posting(title), "reason": "" if case == "no reason" else "x", "user": user}
    refused = code_of(recreation.create_again, **order, now=timezone.now())
    assert refused == {"no reason": "reason", "unresolved": "in_flight"}.get(case, case)


def test_what_bling_has_open_again_after_a_cancellation_is_created_again(company: Company, user: User) -> None:
    title = company.add_title("payable", value="100.00")
    company.sync()
    company.bling.cancel(title)
    company.sync()
    assert payables(company) == 0
    company.bling.edit_title(title, status=1)
    company.resync(title, user)
    assert company.posting(title).reason == "reopened_after_cancellation"
    assert again(company, title, user)
    company.work()
    assert (payables(company), company.posting(title).state) == (1, DeliveryState.DELIVERED)


@pytest.mark.long
def test_a_title_moved_beyond_its_list_goes_on_when_it_is_shown_again(company: Company, user: User) -> None:
    """Deleted and restored in Kamino: nobody has to do anything here."""
    title = deleted(company, user)
    [(direction, there)] = company.kamino.deleted
    company.kamino.restore_title(direction, there)
    commands.request_reconciliation(tenants=Tenant.objects.all(), user=user, now=timezone.now())
    company.work()
    company.resync(title, user)
    posting = company.posting(title)
    assert (posting.state, posting.reason, posting.reason_params) == (DeliveryState.DELIVERED, "", {})


def asked_and_found(company: Company, user: User) -> tuple[int, int]:
    """Return a title whose creation somebody ordered above the limit, and its Kamino id: it was restored and found."""
    Tenant.objects.update(force_limit=Decimal("50.00"))
    title = deleted(company, user)
    assert not again(company, title, user)
    [(direction, there)] = company.kamino.deleted
    company.kamino.restore_title(direction, there)
    commands.request_reconciliation(tenants=Tenant.objects.all(), user=user, now=timezone.now())
    company.work()
    company.look_again()
    assert company.posting(title).state == DeliveryState.DELIVERED
    return title, there


def test_an_order_ends_when_the_title_was_found_again(company: Company, user: User, other: User) -> None:
    """Months later it is gone once more: what one person ordered then is no half of two words now."""
    title, there = asked_and_found(company, user)
    company.kamino.delete_title("payable", there)
    company.forget_snapshots()
    company.resync(title, other)
    posting = company.posting(title)
    assert posting.reason == "gone_from_kamino"
    assert recreation.awaits_approval(posting) is None
    assert code_of(recreation.approve_again, posting=posting, user=other, now=timezone.now(), has_looked=True) == (
        "decided"
    )
    company.work()
    assert payables(company) == 0


@pytest.mark.some(2)
@pytest.mark.parametrize("ending", ["cancelled in Bling", "left out"])
def test_an_order_ends_with_what_became_of_its_title(company: Company, user: User, other: User, ending: str) -> None:
    Tenant.objects.update(force_limit=Decimal("50.00"))
    title = deleted(company, user)
    assert not again(company, title, user)
    if ending == "left out":
        given = {"posting": company.posting(title), "reason": "x", "user": user, "now": timezone.now()}
        commands.set_ignored(ignored=True, **given)
        commands.set_ignored(ignored=False, **given)
    else:
        company.bling.cancel(title)
        company.resync(title, user)
        company.bling.edit_title(title, status=1)
    company.resync(title, user)
    posting = company.posting(title)
    assert (posting.state, payables(company)) == ("needs_human", 0)
    assert recreation.may_be_created_again(posting)
    assert recreation.awaits_approval(posting) is None
