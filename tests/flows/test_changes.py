"""What changes in Bling changes in Kamino: once, and never against what people did there."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.contrib.auth.models import User

from integrations.domain.delivery import DeliveryState
from integrations.models import Attempt, Discrepancy
from sandbox.world import World
from tests.flows.helpers import Company, in_days
from tests.pipeline.mapping.edits import map_name

BOTH = pytest.mark.parametrize("direction", ["payable", "receivable"])
MODES = pytest.mark.parametrize("generous", [False, True])
NAMES = {
    "payable": ("ValorVencimento", "DataVencimento", "IDPlanoContaClassificacao", "Situacao", "ValorPagamento"),
    "receivable": ("VlrVenc", "DtaVenc", "IDPlanoContaOrigem", "SitConta", "VlrPagto"),
}


@BOTH
@MODES
@pytest.mark.some(2)
def test_value_and_due_date_follow_bling(company: Company, world: World, direction: str, generous: bool) -> None:
    world.generous = generous
    title = company.add_title(direction, value="100.00")
    company.sync()
    company.bling.edit_title(title, value="123.45", due=in_days(world, 33))
    report = company.sync_and_report()
    row = company.in_kamino(direction, title)
    value, due, *_ = NAMES[direction]
    assert (row[value], row[due][:10]) == (Decimal("123.45"), str(in_days(world, 33)))
    assert (report.updated, report.created) == (1, 0)


@BOTH
def test_a_new_category_moves_the_title_to_another_account(company: Company, direction: str) -> None:
    title = company.add_title(direction, value="100.00")
    company.sync()
    account = company.kamino.add_chart_account("Outra Conta")
    # The category is in no list row: a change of value makes the detail be read, as the rolling re-read would.
    company.bling.edit_title(title, category=company.bling.add_category("Outra conta", kind=3), value="101.00")
    company.forget_registers()
    company.sync()
    row = company.in_kamino(direction, title)
    assert row[NAMES[direction][2]].strip() == account.strip()


@BOTH
@MODES
@pytest.mark.some(2)
def test_a_payment_settles_the_title_once(company: Company, world: World, direction: str, generous: bool) -> None:
    world.generous = generous
    title = company.add_title(direction, value="100.00")
    company.sync()
    company.bling.pay(title, date=in_days(world, -1), account=company.bank)
    report = company.sync_and_report()
    row = company.in_kamino(direction, title)
    assert (row[NAMES[direction][3]], row[NAMES[direction][4]]) == (2, Decimal("100.00"))
    assert report.settled == 1
    assert company.sync_and_report().settled == 0
    assert Attempt.objects.filter(settles=True).count() == 1


def test_a_partly_paid_title_stays_open_with_its_whole_value_and_says_so(company: Company) -> None:
    title = company.add_title("payable", value="100.00")
    company.sync()
    company.bling.pay(title, amount="40.00", account=company.bank)
    report = company.sync_and_report()
    row = company.in_kamino("payable", title)
    assert (row["Situacao"], row["ValorVencimento"]) == (1, Decimal("100.00"))
    assert company.problems(title) == ["partially_paid"]
    assert report.settled == 0
    company.bling.pay(title, account=company.bank)
    company.sync()
    assert company.in_kamino("payable", title)["Situacao"] == 2


def test_payments_on_two_days_wait_for_a_person(company: Company, world: World) -> None:
    title = company.add_title("payable", value="100.00")
    company.bling.pay(title, amount="40.00", date=in_days(world, -4), account=company.bank)
    company.bling.pay(title, date=in_days(world, -2), account=company.bank)
    company.sync()
    assert company.in_kamino("payable", title)["Situacao"] == 1
    assert company.problems(title) == ["payments_several"]


@pytest.mark.some(3)
@pytest.mark.parametrize("numbers", [("NF 1", "NF 2"), ("", ""), ("NF 9", "NF 9")])
def test_one_bordero_for_two_titles_settles_each_with_its_own_amount(
    company: Company, numbers: tuple[str, str]
) -> None:
    contact = company.bling.add_contact(name="Fornecedor", document="", kind="J")
    titles = [
        company.add_title("payable", value=value, contact=contact, document_number=number)
        for value, number in zip(("70.00", "30.00"), numbers, strict=True)
    ]
    company.bling.pay_together(titles, account=company.bank)
    company.sync()
    paid = [company.in_kamino("payable", title)["ValorPagamento"] for title in titles]
    assert paid == [Decimal("70.00"), Decimal("30.00")]


def test_a_reversal_before_delivery_leaves_the_title_open(new_company: Callable[..., Company]) -> None:
    company = new_company(delivery_mode="shadow")
    title = company.add_title("payable", value="100.00")
    bordero = company.bling.pay(title, account=company.bank)
    company.sync()
    company.bling.reverse_payment(title, bordero)
    company.go_live()
    company.sync()
    assert company.in_kamino("payable", title)["Situacao"] == 1


def test_a_reversal_after_the_settlement_asks_a_person_and_writes_nothing(company: Company) -> None:
    title = company.add_title("payable", value="100.00")
    bordero = company.bling.pay(title, account=company.bank)
    company.sync()
    writes = company.kamino.write_count
    company.bling.reverse_payment(title, bordero)
    report = company.sync_and_report()
    assert company.kamino.write_count == writes
    assert company.in_kamino("payable", title)["Situacao"] == 2
    posting = company.posting(title)
    assert (posting.state, posting.reason) == (DeliveryState.NEEDS_HUMAN, "reversed_after_settlement")
    assert company.problems(title) == ["reversed_after_settlement"]
    assert report.exit_code == 1


def test_a_settlement_that_changed_in_bling_is_never_sent_again(company: Company) -> None:
    title = company.add_title("payable", value="100.00")
    bordero = company.bling.pay(title, account=company.bank)
    company.sync()
    company.bling.reverse_payment(title, bordero)
    company.bling.edit_title(title, value="110.00")
    company.bling.pay(title, account=company.bank)
    report = company.sync_and_report()
    assert company.in_kamino("payable", title)["ValorPagamento"] == Decimal("100.00")
    assert company.problems(title) == ["settlement_differs"]
    assert report.settled == 0


@BOTH
@MODES
@pytest.mark.some(2)
def test_a_cancellation_is_mirrored(company: Company, world: World, direction: str, generous: bool) -> None:
    world.generous = generous
    title = company.add_title(direction)
    company.sync()
    company.bling.cancel(title)
    report = company.sync_and_report()
    assert company.in_kamino(direction, title) is None
    assert (report.cancelled, report.needs_human) == (1, 0)
    assert company.sync_and_report().cancelled == 0


def test_a_title_cancelled_before_it_was_sent_needs_nothing(company: Company) -> None:
    title = company.add_title("payable", category=company.bling.add_category("Sem par", kind=1))
    company.sync()
    company.bling.cancel(title)
    report = company.sync_and_report()
    assert company.problems(title) == ["cancelled_before_sending"]
    assert report.exit_code == 0


def test_a_cancelled_title_with_a_payment_asks_a_person(company: Company) -> None:
    title = company.add_title("payable", value="100.00")
    company.sync()
    company.bling.pay(title, amount="40.00", account=company.bank)
    company.bling.edit_title(title, status=5)
    company.sync()
    assert company.in_kamino("payable", title) is not None
    assert company.problems(title) == ["cancelled_with_payment"]


def test_a_deleted_title_asks_a_person_after_two_runs(company: Company) -> None:
    title = company.add_title("payable")
    company.sync()
    company.bling.delete(title)
    assert company.sync_and_report().needs_human == 0
    report = company.sync_and_report()
    assert company.in_kamino("payable", title) is not None
    assert company.problems(title) == ["deleted_in_bling"]
    assert report.needs_human == 1


def test_a_deleted_title_is_cancelled_where_the_company_says_so(company: Company) -> None:
    type(company.tenant).objects.update(cancel_deleted=True)
    title = company.add_title("payable")
    company.sync()
    company.bling.delete(title)
    company.sync()
    company.sync()
    assert company.in_kamino("payable", title) is None


def test_a_person_changed_in_bling_changes_in_kamino_only_where_we_wrote(company: Company) -> None:
    contact = company.bling.add_contact(name="Sol", document="11.222.333/0001-81", kind="J", email="a@sol.example")
    title = company.add_title("payable", contact=contact)
    company.sync()
    person = company.in_kamino("payable", title)["IDPessoa"]
    company.kamino.edit_person(person, NomeFantasia="Escrito na Kamino")
    company.bling.edit_contact(contact, email="b@sol.example", fantasia="Escrito no Bling")
    company.sync()
    row = company.kamino.persons[person]
    assert (row["Email"], row["NomeFantasia"]) == ("b@sol.example", "Escrito na Kamino")


def test_a_new_unmapped_name_waits_and_is_delivered_once_mapped(company: Company) -> None:
    category = company.bling.add_category("Nome que a Kamino não tem", kind=1)
    title = company.add_title("payable", category=category)
    company.sync()
    assert company.problems(title) == ["category_unmapped"]
    assert map_name(company, "category", category, chart_account="Categoria de Teste").titles_planned == 1
    company.work()
    assert company.in_kamino("payable", title) is not None
    company.sync()
    assert not Discrepancy.objects.filter(closed_at=None, posting__title__bling_id=title).exists()


def test_mappings_given_by_name_are_found_at_the_first_sync(new_company: Callable[..., Company]) -> None:
    company = new_company(
        mappings=[
            {"kind": "category", "bling_name": "nome do bling", "chart_account": "nome da kamino"},
            {"kind": "bank_account", "bling_name": "Caixa Azul", "bank_account": "Itaú Azul"},
        ]
    )
    account = company.kamino.add_chart_account("Nome da Kamino")
    bank = company.kamino.add_bank_account("Itaú Azul")
    category = company.bling.add_category("Nome do Bling", kind=3)
    title = company.add_title("payable", category=category)
    company.bling.pay(title, account=company.bling.add_account("Caixa Azul"))
    company.sync()
    row = company.in_kamino("payable", title)
    assert row["IDPlanoContaClassificacao"].strip() == account.strip()
    assert row["IDPlanoContaPagamento"].strip() == bank.strip()


def test_an_account_without_a_namesake_holds_back_the_settlement_only(company: Company) -> None:
    title = company.add_title("payable")
    company.bling.pay(title, account=company.bling.add_account("Conta sem par"))
    company.sync()
    assert company.in_kamino("payable", title)["Situacao"] == 1
    assert company.problems(title) == ["bank_account_unmapped"]
    company.kamino.add_bank_account("Conta SEM par")
    company.forget_registers()
    company.sync()
    assert company.in_kamino("payable", title)["Situacao"] == 2


def test_what_people_changed_in_kamino_is_kept_and_value_stays_bling_s(company: Company) -> None:
    title = company.add_title("payable", value="100.00")
    company.sync()
    row = company.in_kamino("payable", title)
    other = company.kamino.add_chart_account("Escolhida na Kamino")
    company.kamino.edit_title("payable", row["ID"], IDPlanoContaClassificacao=other, ValorVencimento=Decimal("99.00"))
    company.bling.edit_title(title, value="150.00")
    company.forget_snapshots()
    company.sync()
    row = company.in_kamino("payable", title)
    assert row["IDPlanoContaClassificacao"].strip() == other.strip()
    assert row["ValorVencimento"] == Decimal("150.00")


def test_paid_in_kamino_first_is_never_rewritten_and_adopted_when_bling_agrees(company: Company, world: World) -> None:
    title = company.add_title("payable", value="100.00")
    company.sync()
    row = company.in_kamino("payable", title)
    company.kamino.pay_title("payable", row["ID"], in_days(world, 0), Decimal("100.00"), company.kamino_bank)
    company.bling.edit_title(title, due=in_days(world, 40))
    company.forget_snapshots()
    writes = company.kamino.write_count
    company.sync()
    assert company.posting(title).reason == "paid_in_kamino"
    company.bling.pay(title, date=in_days(world, 0), account=company.bank)
    company.sync()
    posting = company.posting(title)
    assert (posting.state, company.kamino.write_count) == (DeliveryState.DELIVERED, writes)


@pytest.mark.parametrize(("days", "amount"), [(0, "99.99"), (0, "100.01"), (-1, "100.00")])
@pytest.mark.some(3)
def test_another_payment_in_kamino_is_never_taken_for_bling_s(
    company: Company, world: World, title: int, days: int, amount: str
) -> None:
    row = company.in_kamino("payable", title)
    company.kamino.pay_title("payable", row["ID"], in_days(world, days), Decimal(amount), company.kamino_bank)
    company.bling.pay(title, date=in_days(world, 0), account=company.bank)
    company.forget_snapshots()
    company.sync()
    posting = company.posting(title)
    assert (posting.state, posting.reason) == (DeliveryState.NEEDS_HUMAN, "paid_differently")
    assert not posting.attempts.filter(settles=True, outcome__in=["delivered", "adopted"]).exists()
    assert company.in_kamino("payable", title)["ValorPagamento"] == Decimal(amount)


def test_a_title_reconciled_with_the_bank_is_not_touched(company: Company) -> None:
    title = company.add_title("payable", value="100.00")
    company.sync()
    company.kamino.reconcile_title("payable", company.in_kamino("payable", title)["ID"])
    company.bling.edit_title(title, value="150.00")
    company.forget_snapshots()
    company.sync()
    assert company.in_kamino("payable", title)["ValorVencimento"] == Decimal("100.00")
    assert company.posting(title).reason == "reconciled"


def test_what_rows_do_not_show_is_found_by_the_rolling_re_read(company: Company) -> None:
    title = company.add_title("payable", history="Antes")
    company.sync()
    company.bling.edit_title(title, history="Depois")
    company.sync()
    assert company.in_kamino("payable", title)["Descricao"].startswith("Depois")


def test_a_new_title_paid_nobody_knows_how_is_not_opened_in_kamino(company: Company) -> None:
    company.to_shadow()
    title = company.add_title("payable", value="80.00")
    company.sync()
    company.bling.edit_title(title, status=2)
    company.go_live()
    company.sync()
    assert company.in_kamino("payable", title) is None
    assert company.problems(title) == ["payments_missing"]


def test_another_contact_in_bling_is_another_person_in_kamino(company: Company) -> None:
    first = company.bling.add_contact(name="Sol", document="11.222.333/0001-81", kind="J")
    second = company.bling.add_contact(name="Lua", document="11.444.777/0001-61", kind="J")
    title = company.add_title("payable", contact=first, history="Aluguel")
    company.sync()
    before = company.in_kamino("payable", title)["IDPessoa"]
    company.bling.edit_title(title, contact=second)
    company.sync()
    after = company.in_kamino("payable", title)["IDPessoa"]
    assert after != before
    assert company.kamino.persons[after]["Nome"] == "Lua"


def test_a_resync_never_counts_as_a_run_that_missed_the_title(company: Company) -> None:
    type(company.tenant).objects.update(cancel_deleted=True)
    title = company.add_title("payable")
    company.sync()
    company.bling.delete(title)
    user = User.objects.create_user("maria")
    for _ in range(3):
        company.resync(title, user)
    assert company.in_kamino("payable", title) is not None


def test_a_person_corrected_in_bling_frees_its_titles(company: Company) -> None:
    contact = company.bling.add_contact(name="Sol", document="11.222.333/0001-81", kind="J")
    title = company.add_title("payable", contact=contact)
    company.kamino.reject_next("Pessoa recusada", match="Sol")
    company.sync()
    assert company.problems(title) == ["person_refused"]
    company.bling.edit_contact(contact, email="novo@sol.example")
    company.sync()
    company.sync()
    assert company.in_kamino("payable", title) is not None
