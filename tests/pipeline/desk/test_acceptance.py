"""What a person says is meant to be so is no discrepancy any more, until one of its sides changes."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import RequestFactory
from django.utils import timezone

from integrations.admin.titles.page import title_context
from integrations.domain.discrepancies import ACCEPTABLE
from integrations.models import Discrepancy, KaminoConnection, PartPosting, PersonAction, Posting
from integrations.pipeline.compare import discrepancies
from integrations.pipeline.desk import acceptance, commands
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.report.both_sides import held_in_kamino
from sandbox.kamino.fields import FIELDS
from tests.flows.helpers import Company
from tests.locks import wait_for_a_lock
from tests.pipeline.compare.test_discrepancy_kinds import MADE, compare_again


@pytest.fixture
def user(transactional_db: None) -> User:
    return User.objects.create_superuser("chefe", password="x")


def open_of(kind: str) -> list[Discrepancy]:
    return list(Discrepancy.objects.filter(kind=kind, closed_at=None))


def change_again(company: Company, posting: Posting, kind: str) -> None:
    """Let people change in Kamino once more what the difference is about."""
    there, fields = posting.kamino_id, FIELDS["payable"]
    changes: dict[str, dict[str, Any]] = {
        "classification": {fields.chart: company.kamino.add_chart_account("Ainda outras")},
        "person": {"IDPessoa": company.kamino.add_person("Mais uma pessoa")},
        "edited_in_kamino": {"Descricao": "Outro texto"},
    }
    if kind == "paid_from":
        company.kamino.pay_title("payable", there, account=company.kamino.add_bank_account("Outro caixa"))
        return
    if kind in changes:
        company.kamino.edit_title("payable", there, **changes[kind])
        return
    row = company.in_kamino("payable", posting.title.bling_id)
    company.kamino.add_title("payable", row["IDPessoa"], "100.00", posting.due_date, "Mais um")


def headline(posting: Posting, user: User) -> str:
    request = RequestFactory().get("/")
    request.user = user
    return str(title_context(posting.title, request)["answer"])


@pytest.mark.some(3)
@pytest.mark.parametrize("kind", ACCEPTABLE)
def test_an_accepted_difference_is_told_again_once_it_changes(company: Company, user: User, kind: str) -> None:
    KaminoConnection.objects.update(lists_are_complete=True)
    MADE[kind](company)
    compare_again(company)
    [row] = open_of(kind)
    assert (row.get_kind_display() in headline(row.posting, user)) is (kind == "look_alike")
    order = {"posting": row.posting, "user": user, "now": timezone.now()}
    shown = [(row.kind, row.bling_value, row.kamino_value)]
    with pytest.raises(Refused):
        acceptance.accept(**order, shown=shown, reason=" ")
    with pytest.raises(Refused):
        acceptance.accept(**order, shown=[(row.kind, row.bling_value, "outra coisa")], reason="Combinado")
    assert open_of(kind)
    assert acceptance.accept(**order, shown=shown, reason="Combinado") == 1
    for _ in range(2):
        compare_again(company)
        assert open_of(kind) == []
    assert kind == "paid_from" or "também está em aberto" in headline(row.posting, user)
    assert PersonAction.objects.get(kind="accept").reason == "Combinado"
    change_again(company, row.posting, kind)
    compare_again(company)
    assert len(open_of(kind)) == 1


def test_a_comparison_that_meets_an_acceptance_leaves_it(company: Company, user: User) -> None:
    KaminoConnection.objects.update(lists_are_complete=True)
    MADE["person"](company)
    compare_again(company)
    [row] = open_of("person")

    def compare() -> None:
        try:
            compare_again(company)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            acceptance.accept(
                posting=row.posting, shown=[(row.kind, row.bling_value, row.kamino_value)], reason="Combinado",
                user=user, now=timezone.now(),
            )  # fmt: skip
            compared = other.submit(compare)
            wait_for_a_lock()
        compared.result(60)
    assert open_of("person") == []


def test_what_is_about_money_cannot_be_accepted(company: Company, user: User) -> None:
    MADE["value"](company)
    compare_again(company)
    [row] = open_of("value")
    shown = [(row.kind, row.bling_value, row.kamino_value)]
    with pytest.raises(Refused):
        acceptance.accept(posting=row.posting, shown=shown, reason="x", user=user, now=timezone.now())
    assert open_of("value")


def test_a_copy_that_a_person_called_another_one_is_none(company: Company) -> None:
    """ "É outro: criar" answered the question before the title was created."""
    fix = MADE["possible_duplicate"](company)
    compare_again(company)
    assert open_of("possible_duplicate")
    fix()
    for _ in range(2):
        compare_again(company)
    assert not Discrepancy.objects.filter(closed_at=None, kind__in=("possible_duplicate", "look_alike")).exists()


def test_what_nobody_syncs_may_be_missing_in_kamino(company: Company, user: User) -> None:
    """ "Não sincronizar este título" is advised where people deleted it there, and has to end that."""
    KaminoConnection.objects.update(lists_are_complete=True)
    MADE["missing_in_kamino"](company)
    compare_again(company)
    [row] = open_of("missing_in_kamino")
    order = {"posting": row.posting, "reason": "Combinado", "user": user, "now": timezone.now()}
    commands.set_ignored(**order, ignored=True)
    for _ in range(2):
        compare_again(company)
        assert not Discrepancy.objects.filter(closed_at=None).exists()
    assert held_in_kamino(company.tenant, [row.posting.title]) == {}
    posting = Posting.objects.get(pk=row.posting_id)
    assert "não está na lista da Kamino" in headline(posting, user)
    commands.set_ignored(**order | {"posting": posting}, ignored=False)
    compare_again(company)
    assert open_of("missing_in_kamino")


def test_a_title_that_was_ignored_before_it_went_missing_is_told_by_none(company: Company, user: User) -> None:
    KaminoConnection.objects.update(lists_are_complete=True)
    title = company.add_title("payable", value="100.00")
    company.sync()
    posting = company.posting(title)
    commands.set_ignored(posting=posting, reason="Combinado", user=user, now=timezone.now(), ignored=True)
    company.kamino.delete_title("payable", posting.kamino_id)
    for _ in range(2):
        compare_again(company)
        assert not Discrepancy.objects.filter(closed_at=None).exists()
    assert held_in_kamino(company.tenant, [company.title(title)]) == {}


def accept(row: Discrepancy, user: User) -> None:
    shown = [(row.kind, row.bling_value, row.kamino_value)]
    acceptance.accept(posting=row.posting, shown=shown, reason="Combinado", user=user, now=timezone.now())


def test_another_person_of_the_same_name_is_told(company: Company, user: User) -> None:
    MADE["person"](company)
    compare_again(company)
    [row] = open_of("person")
    accept(row, user)
    company.kamino.edit_title("payable", row.posting.kamino_id, IDPessoa=company.kamino.add_person("Outra pessoa"))
    compare_again(company)
    assert len(open_of("person")) == 1


@pytest.mark.parametrize("kind", ["edited_in_kamino", "classification"])
def test_what_was_put_right_and_is_so_again_is_told(company: Company, user: User, kind: str) -> None:
    put_right = MADE[kind](company)
    compare_again(company)
    [row] = open_of(kind)
    before = dict(company.in_kamino("payable", row.posting.title.bling_id))
    accept(row, user)
    put_right()
    compare_again(company)
    assert (open_of(kind), acceptance.accepted_kinds(row.posting)) == ([], set())
    name = "Descricao" if kind == "edited_in_kamino" else FIELDS["payable"].chart
    company.kamino.edit_title("payable", row.posting.kamino_id, **{name: before[name]})
    compare_again(company)
    assert len(open_of(kind)) == 1


def test_what_is_accepted_of_a_title_is_told_of_its_part(company: Company, user: User) -> None:
    company.split_payments()
    title = company.add_title("payable", value="100.00")
    company.bling.pay(title, amount="40.00", account=company.bank)
    for _ in range(2):
        company.sync()
    part, other = PartPosting.objects.get(), company.kamino.add_person("Outra pessoa")
    company.kamino.edit_title("payable", company.posting(title).kamino_id, IDPessoa=other)
    compare_again(company)
    [row] = open_of("person")
    accept(row, user)
    company.kamino.edit_title("payable", part.kamino_id, IDPessoa=other)
    compare_again(company)
    assert [row.bordero_id for row in open_of("person")] == [part.bordero_id]


def test_what_is_missing_is_told_of_a_title_that_was_resumed_while_it_was_compared(
    company: Company, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    KaminoConnection.objects.update(lists_are_complete=True)
    title = company.add_title("payable", value="100.00")
    company.sync()
    posting, store = company.posting(title), discrepancies._store
    order = {"posting": posting, "reason": "Combinado", "user": user, "now": timezone.now()}
    commands.set_ignored(**order, ignored=True)
    company.kamino.delete_title("payable", posting.kamino_id)

    def resumed_before(*args: Any, **options: Any) -> None:
        if Posting.objects.filter(state="ignored").exists():
            commands.set_ignored(**order, ignored=False)
        store(*args, **options)

    monkeypatch.setattr(discrepancies, "_store", resumed_before)
    compare_again(company)
    monkeypatch.undo()
    compare_again(company)
    assert len(open_of("missing_in_kamino")) == 1
