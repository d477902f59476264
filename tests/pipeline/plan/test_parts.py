"""Desdobrar: a title paid in several payments stands in Kamino as several titles, each settled once."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.domain.delivery import DeliveryState
from integrations.models import Attempt, Discrepancy, KaminoConnection, KaminoItem, PartPosting, Tenant
from integrations.pipeline.desk import commands
from sandbox.faults import Fault
from sandbox.kamino.fields import FIELDS, PAID, PENDING
from sandbox.world import World
from tests.flows.checks import check_equal
from tests.flows.helpers import Company, in_days
from tests.pipeline.compare.test_discrepancy_kinds import compare_again

BOTH = pytest.mark.parametrize("direction", ["payable", "receivable"])


@pytest.fixture
def company(company: Company) -> Company:
    company.split_payments()
    return company


def shown(company: Company, direction: str, title: int) -> dict[str, tuple[str, int, str | None]]:
    """Return value, status and money paid of a title's rows in Kamino, by what follows the title's code."""
    fields = FIELDS[direction]  # type: ignore[index]
    return {
        row["CodigoExterno"].removeprefix(str(title)): (
            str(row[fields.value]), row[fields.status], row[fields.paid_value] and str(row[fields.paid_value])
        )
        for row in company.kamino.titles(direction)
        if row["CodigoExterno"].startswith(str(title))
    }  # fmt: skip


@BOTH
def test_the_title_falls_to_its_balance_and_its_payments_stand_beside_it(
    company: Company, world: World, direction: str
) -> None:
    title = company.add_title(direction, value="100.00")
    company.sync()
    first = company.bling.pay(title, amount="40.00", date=in_days(world, -4), account=company.bank)
    company.sync()
    assert shown(company, direction, title) == {
        "": ("60.00", PENDING, None), f"-{first}": ("40.00", PAID, "40.00")
    }  # fmt: skip
    assert not Discrepancy.objects.filter(closed_at=None).exists()
    company.bling.pay(title, date=in_days(world, -2), account=company.bank)
    company.sync()
    assert shown(company, direction, title) == {
        "": ("60.00", PAID, "60.00"), f"-{first}": ("40.00", PAID, "40.00")
    }  # fmt: skip
    writes = company.kamino.write_count
    company.sync()
    assert company.kamino.write_count == writes
    check_equal(company)


def test_a_part_of_a_payable_and_one_of_a_receivable_may_have_the_same_id(company: Company, world: World) -> None:
    titles = {direction: company.add_title(direction, value="100.00") for direction in ("payable", "receivable")}
    for title in titles.values():
        company.bling.pay(title, amount="40.00", date=in_days(world, -4), account=company.bank)
    company.sync()
    parts = PartPosting.objects.order_by("direction")
    assert [(part.direction, part.state) for part in parts] == [("payable", "delivered"), ("receivable", "delivered")]
    assert parts[0].kamino_id == parts[1].kamino_id
    assert not Discrepancy.objects.filter(closed_at=None).exists()
    check_equal(company)


def test_a_title_that_arrives_paid_on_three_days_is_three_settled_titles(company: Company, world: World) -> None:
    title = company.add_title("payable", value="100.00")
    borderos = [
        company.bling.pay(title, amount=amount, date=in_days(world, day), account=company.bank)
        for amount, day in (("20.00", -6), ("30.00", -4), ("50.00", -2))
    ]
    company.sync()
    assert shown(company, "payable", title) == {
        "": ("50.00", PAID, "50.00"),
        f"-{borderos[0]}": ("20.00", PAID, "20.00"),
        f"-{borderos[1]}": ("30.00", PAID, "30.00"),
    }
    check_equal(company)


def test_a_part_never_stands_beside_the_whole_title(company: Company, world: World) -> None:
    """The title cannot fall, as it is scheduled in Kamino: then its payment is not sent either."""
    title = company.add_title("payable", value="100.00")
    company.sync()
    row = company.in_kamino("payable", title)
    company.kamino.edit_title("payable", row["ID"], DataAgendaPagamento=str(in_days(world, 2)))
    company.bling.pay(title, amount="40.00", account=company.bank)
    company.sync()
    assert list(shown(company, "payable", title)) == [""]
    assert company.posting(title).state == DeliveryState.NEEDS_HUMAN
    assert PartPosting.objects.get().state == DeliveryState.READY


@pytest.mark.parametrize("kind", ["cut_before", "cut_after", "500"])
@pytest.mark.some(3)
def test_a_lost_answer_about_a_part_doubles_nothing(company: Company, world: World, kind: str) -> None:
    title = company.add_title("payable", value="100.00")
    company.sync()
    bordero = company.bling.pay(title, amount="40.00", account=company.bank)
    fault = Fault(side="kamino", kind=kind, method="POST", path="/financeiro/pagamento", after=1)
    world.faults.add(fault)
    company.sync()
    for _ in range(6):
        company.forget_waits()
        company.work()
    assert shown(company, "payable", title) == {
        "": ("60.00", PENDING, None), f"-{bordero}": ("40.00", PAID, "40.00")
    }  # fmt: skip
    check_equal(company)


def test_a_payment_reversed_after_it_was_sent_is_a_person_s_task(company: Company) -> None:
    title = company.add_title("payable", value="100.00")
    bordero = company.bling.pay(title, amount="40.00", account=company.bank)
    company.sync()
    writes = company.kamino.write_count
    company.bling.reverse_payment(title, bordero)
    company.sync()
    assert company.kamino.write_count == writes
    assert "part_reversed" in company.problems(title)
    assert Discrepancy.objects.filter(kind="refused", closed_at=None).count() == 1


def test_an_amount_corrected_after_it_was_sent_is_a_person_s_task(company: Company, world: World, user: User) -> None:
    title = company.add_title("payable", value="100.00")
    first = company.bling.pay(title, amount="40.00", date=in_days(world, -4), account=company.bank)
    company.bling.pay(title, date=in_days(world, -2), account=company.bank)
    company.sync()
    writes = company.kamino.write_count
    company.bling.borderos[first].lines[0].amount = Decimal("50.00")
    company.resync(title, user)
    assert company.kamino.write_count == writes
    assert company.problems(title) == ["part_differs"]


def test_a_payment_reversed_before_it_was_sent_leaves_the_title_whole(company: Company) -> None:
    company.to_shadow()
    title = company.add_title("payable", value="100.00")
    bordero = company.bling.pay(title, amount="40.00", account=company.bank)
    company.sync()
    company.bling.reverse_payment(title, bordero)
    company.go_live()
    company.sync()
    assert shown(company, "payable", title) == {"": ("100.00", PENDING, None)}
    check_equal(company)


def test_a_company_that_changes_its_mind_keeps_what_is_split(company: Company) -> None:
    title = company.add_title("payable", value="100.00")
    first = company.bling.pay(title, amount="40.00", account=company.bank)
    company.sync()
    Tenant.objects.update(partial_policy=Tenant.PartialPolicy.KEEP)
    commands.tenant_changed(tenant_id=company.tenant.pk, now=timezone.now())
    second = company.bling.pay(title, amount="25.00", account=company.bank)
    company.sync()
    assert shown(company, "payable", title) == {
        "": ("35.00", PENDING, None), f"-{first}": ("40.00", PAID, "40.00"), f"-{second}": ("25.00", PAID, "25.00")
    }  # fmt: skip


def test_without_proved_lists_nothing_is_split(company: Company) -> None:
    KaminoConnection.objects.update(lists_are_complete=False)
    title = company.add_title("payable", value="100.00")
    company.bling.pay(title, amount="40.00", account=company.bank)
    company.sync()
    assert shown(company, "payable", title) == {"": ("100.00", PENDING, None)}
    assert set(company.problems(title)) == {"partially_paid", "split_not_proved"}


def test_a_payment_of_a_closed_month_is_not_split_off(company: Company, world: World) -> None:
    title = company.add_title("payable", value="100.00")
    company.sync()
    Tenant.objects.update(closed_until=in_days(world, -1))
    company.bling.pay(title, amount="40.00", date=in_days(world, -3), account=company.bank)
    company.sync()
    assert shown(company, "payable", title) == {"": ("100.00", PENDING, None)}
    assert "closed_period_for_parts" in company.problems(title)


def test_a_person_sends_a_refused_part_again(company: Company, django_user_model: type[User]) -> None:
    user = django_user_model.objects.create_user("equipe")
    title = company.add_title("payable", value="100.00")
    company.sync()
    bordero = company.bling.pay(title, amount="40.00", account=company.bank)
    company.kamino.reject_next("Recusado", match=f"{title}-{bordero}")
    company.sync()
    assert "part_stuck" in company.problems(title)
    posting = company.posting(title)
    moved = commands.retry_delivery(postings=type(posting).objects.filter(pk=posting.pk), user=user, now=timezone.now())
    company.work()
    assert moved == 1
    assert f"-{bordero}" in shown(company, "payable", title)
    check_equal(company)


def test_a_forced_settlement_ends_the_splitting(company: Company, django_user_model: type[User]) -> None:
    user = django_user_model.objects.create_user("equipe")
    title = company.add_title("payable", value="100.00")
    first = company.bling.pay(title, amount="40.00", account=company.bank)
    company.sync()
    account = KaminoItem.objects.get(kind="bank_account", kamino_id=company.kamino_bank.strip())
    commands.force_settlement(
        posting=company.posting(title), date=timezone.localdate(), amount=Decimal("60.00"), account=account,
        interest=Decimal(0), discount=Decimal(0), reason="pago em dinheiro", user=user, now=timezone.now(),
    )  # fmt: skip
    company.work()
    assert shown(company, "payable", title) == {
        "": ("60.00", PAID, "60.00"), f"-{first}": ("40.00", PAID, "40.00")
    }  # fmt: skip
    assert Attempt.objects.filter(settles=True).count() == 2


def test_after_a_restored_database_no_part_is_sent_a_second_time(company: Company) -> None:
    title = company.add_title("payable", value="100.00")
    bordero = company.bling.pay(title, amount="40.00", account=company.bank)
    company.sync()
    PartPosting.objects.all().delete()
    KaminoConnection.objects.update(reconciled_at=timezone.now() - timedelta(hours=25))
    company.work()
    commands.tenant_changed(tenant_id=company.tenant.pk, now=timezone.now())
    company.work()
    assert shown(company, "payable", title) == {
        "": ("60.00", PENDING, None), f"-{bordero}": ("40.00", PAID, "40.00")
    }  # fmt: skip
    assert PartPosting.objects.get().state == DeliveryState.DELIVERED


def test_simulation_sends_no_part(new_company: Callable[..., Company]) -> None:
    company = new_company(delivery_mode="shadow")
    KaminoConnection.objects.update(lists_are_complete=True, allow_unconfirmed=True)
    Tenant.objects.update(partial_policy=Tenant.PartialPolicy.SPLIT)
    title = company.add_title("payable", value="100.00")
    company.bling.pay(title, amount="40.00", account=company.bank)
    company.sync()
    assert company.kamino.titles("payable") == []


def in_part(company: Company, title: int, bordero: int) -> int:
    """Return the Kamino id of a payment's title."""
    rows = company.kamino.titles("payable")
    [number] = [row["ID"] for row in rows if row["CodigoExterno"] == f"{title}-{bordero}"]
    return int(number)


@pytest.mark.some(2)
@pytest.mark.parametrize("lists_are_complete", [True, False])
@pytest.mark.parametrize("is_reversed", [True, False])
def test_a_part_that_people_deleted_is_gone_where_that_is_proved_and_was_wanted(
    company: Company, is_reversed: bool, lists_are_complete: bool
) -> None:
    title = company.add_title("payable", value="100.00")
    bordero = company.bling.pay(title, amount="40.00", account=company.bank)
    company.sync()
    KaminoConnection.objects.update(lists_are_complete=lists_are_complete)
    if is_reversed:
        company.bling.reverse_payment(title, bordero)
        company.sync()
    company.kamino.delete_title("payable", in_part(company, title, bordero))
    compare_again(company)
    is_over = is_reversed and lists_are_complete
    assert shown(company, "payable", title) == {"": ("100.00" if is_over else "60.00", PENDING, None)}
    assert ("part_reversed" in company.problems(title)) is (is_reversed and not is_over)
    kinds = set(Discrepancy.objects.filter(closed_at=None).values_list("kind", flat=True))
    assert ("missing_in_kamino" in kinds) is not is_reversed


def test_a_reversed_part_that_people_only_reopened_is_still_to_be_deleted(company: Company) -> None:
    title = company.add_title("payable", value="100.00")
    bordero = company.bling.pay(title, amount="40.00", account=company.bank)
    company.sync()
    company.bling.reverse_payment(title, bordero)
    company.sync()
    company.kamino.reopen_title("payable", in_part(company, title, bordero))
    compare_again(company)
    assert shown(company, "payable", title)[""] == ("60.00", PENDING, None)
    assert "part_reversed" in company.problems(title)
    assert list(Discrepancy.objects.filter(closed_at=None).values_list("kind", flat=True)) == ["refused"]


def test_after_a_reversed_part_was_deleted_the_title_is_paid_in_part_again(company: Company) -> None:
    title = company.add_title("payable", value="100.00")
    bordero = company.bling.pay(title, amount="40.00", account=company.bank)
    company.sync()
    company.bling.reverse_payment(title, bordero)
    company.sync()
    company.kamino.delete_title("payable", in_part(company, title, bordero))
    compare_again(company)
    again = company.bling.pay(title, amount="25.00", account=company.bank)
    company.sync()
    assert shown(company, "payable", title) == {
        "": ("75.00", PENDING, None), f"-{again}": ("25.00", PAID, "25.00")
    }  # fmt: skip


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        (lambda kamino, row: kamino.delete_title("payable", row["ID"]), "missing_in_kamino"),
        (lambda kamino, row: kamino.edit_title("payable", row["ID"], ValorPagamento="39.00"), "payment"),
        (lambda kamino, row: kamino.reopen_title("payable", row["ID"]), "settled_only_in_bling"),
        (
            lambda kamino, row: kamino.add_title("payable", row["IDPessoa"], "40.00", "2026-01-02", row["Descricao"]),
            "duplicated",
        ),
    ],
    ids=["deleted", "other_amount", "reopened", "copied"],
)
@pytest.mark.some(2)
def test_what_people_do_to_a_part_is_told_on_its_title(
    company: Company, world: World, action: Callable[..., object], kind: str
) -> None:
    title = company.add_title("payable", value="100.00")
    bordero = company.bling.pay(title, amount="40.00", date=in_days(world, -4), account=company.bank)
    company.sync()
    compare_again(company)
    assert not Discrepancy.objects.filter(closed_at=None).exists()
    [part] = [row for row in company.kamino.titles("payable") if row["CodigoExterno"] == f"{title}-{bordero}"]
    writes = company.kamino.write_count
    action(company.kamino, part)
    compare_again(company)
    [found] = Discrepancy.objects.filter(closed_at=None)
    assert (found.kind, found.posting.title.bling_id) == (kind, title)
    assert (str(bordero) in found.cause_text()) is (kind != "duplicated")
    assert company.kamino.write_count == writes
