"""What Bling says of the money cannot be settled as it is, or was said late."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.urls import reverse

from integrations.domain.reasons import Reason
from integrations.models import KaminoConnection, KaminoItem, PaymentCheck, Tenant
from integrations.pipeline.desk.commands import tenant_changed
from sandbox.faults import Fault
from sandbox.kamino.fields import FIELDS, PAID
from tests.flows.helpers import Company
from tests.flows.reasons.walk import Desk, has_ended, save_page, scenario
from tests.pipeline.read.test_corrected_borderos import let_pass, paid_unsent


def _sent(company: Company, direction: str = "payable", **options: Any) -> int:
    title = company.add_title(direction, value="100.00", **options)
    company.sync()
    company.forget_snapshots()
    return title


def _force(company: Company, desk: Desk, title: int, amount: str = "100,00", days: int = 0) -> None:
    """Choose "Forçar baixa na Kamino", as most advices name it; the title is settled there then, and only once."""
    account = KaminoItem.objects.get(kind="bank_account", name="BANCO DE TESTE")
    day = company.bling.world.today - timedelta(days=days)
    order = {"date": day.isoformat(), "amount": amount, "interest": "", "discount": "", "account": account.pk}
    desk.press(title, "force_settlement", **order)
    direction: Any = company.title(title).direction
    assert company.in_kamino(direction, title)[FIELDS[direction].status] == PAID


def _in_two(company: Company, title: int) -> None:
    today = company.bling.world.today
    company.bling.pay(title, amount="40.00", date=today - timedelta(days=1), account=company.bank)
    company.bling.pay(title, amount="60.00", date=today, account=company.bank)
    company.sync()


@scenario(Reason.PAYMENTS_MISSING)
def paid_by_a_bordero_then(company: Company, _desk: Desk) -> Iterator[int]:
    title = _sent(company)
    company.bling.edit_title(title, status=2)
    company.sync()
    yield title
    company.bling.edit_title(title, status=1)
    company.bling.pay(title, account=company.bank)
    company.sync()


@scenario(Reason.PAYMENTS_MISSING, ends="delivered")
def paid_without_a_bordero(company: Company, desk: Desk) -> Iterator[int]:
    title = _sent(company)
    company.bling.edit_title(title, status=2)
    company.sync()
    yield title
    _force(company, desk, title)
    has_ended(company, title, Reason.PAYMENTS_MISSING)


@scenario(Reason.PAYMENTS_MISSING, ends="delivered")
def new_and_paid_without_a_bordero(company: Company, desk: Desk) -> Iterator[int]:
    company.to_shadow()
    title = _sent(company, "receivable")
    company.bling.edit_title(title, status=2)
    company.go_live()
    desk.press(title, "resync_this")
    yield title
    _force(company, desk, title)
    has_ended(company, title, Reason.PAYMENTS_MISSING)


def _of_one_bordero(company: Company) -> tuple[int, int]:
    contact = company.bling.add_contact(name="Fornecedor", document="", kind="J")
    titles = [company.add_title("payable", contact=contact, value=value) for value in ("100.00", "55.00")]
    company.bling.pay_together(titles, account=company.bank)
    [bordero] = company.bling.borderos.values()
    for line in bordero.lines:
        line.amount = Decimal("77.50")
    company.sync()
    return titles[0], titles[1]


@scenario(Reason.PAYMENT_AMBIGUOUS)
def numbered_in_bling(company: Company, _desk: Desk) -> Iterator[int]:
    titles = _of_one_bordero(company)
    yield titles[0]
    [bordero] = company.bling.borderos.values()
    for title, line, value in zip(titles, bordero.lines, ("100.00", "55.00"), strict=True):
        company.bling.edit_title(title, document_number=f"NF {title}")
        line.document_number, line.amount = f"NF {title}", Decimal(value)
    company.sync()


@scenario(Reason.PAYMENT_AMBIGUOUS, ends="delivered")
def of_several_titles(company: Company, desk: Desk) -> Iterator[int]:
    title, _other = _of_one_bordero(company)
    yield title
    _force(company, desk, title)
    has_ended(company, title, Reason.PAYMENT_AMBIGUOUS)


def _paid_by_another(company: Company) -> int:
    title = _sent(company, document_number="NF 12")
    line = company.bling.borderos[company.bling.pay(title, account=company.bank)].lines[0]
    line.contact = company.bling.add_contact(name="Outro fornecedor", document="", kind="J")
    line.document_number = "NF 99"
    company.sync()
    return title


@scenario(Reason.PAYMENT_OF_OTHERS)
def of_another_and_corrected(company: Company, _desk: Desk) -> Iterator[int]:
    title = _paid_by_another(company)
    yield title
    [bordero] = company.bling.borderos.values()
    bordero.lines[0].contact = company.bling.titles[title].contact
    company.sync()


@scenario(Reason.PAYMENT_OF_OTHERS, ends="delivered")
def of_another(company: Company, desk: Desk) -> Iterator[int]:
    title = _paid_by_another(company)
    yield title
    _force(company, desk, title)
    has_ended(company, title, Reason.PAYMENT_OF_OTHERS)


def _paid_too_little(company: Company) -> int:
    title = _sent(company)
    bordero = company.bling.pay(title, account=company.bank)
    company.bling.borderos[bordero].lines[0].amount = Decimal("90.00")
    company.sync()
    return title


@scenario(Reason.PAYMENTS_DO_NOT_ADD_UP)
def corrected_sum(company: Company, _desk: Desk) -> Iterator[int]:
    title = _paid_too_little(company)
    yield title
    [bordero] = company.bling.borderos.values()
    bordero.lines[0].amount = Decimal("100.00")
    company.sync()


@scenario(Reason.PAYMENTS_DO_NOT_ADD_UP, ends="delivered")
def sum_of_less(company: Company, desk: Desk) -> Iterator[int]:
    title = _paid_too_little(company)
    yield title
    _force(company, desk, title, "90,00")
    has_ended(company, title, Reason.PAYMENTS_DO_NOT_ADD_UP)


@scenario(Reason.PAID_AMOUNT_UNSURE)
def what_the_paid_amount_is(company: Company, desk: Desk) -> Iterator[int]:
    title = _sent(company)
    company.bling.pay(title, account=company.bank, fee="1.50")
    company.sync()
    yield title
    save_page(desk, company.connection, paid_amount="principal")


@scenario(Reason.PAID_AMOUNT_UNSURE, ends="delivered")
def unsure_and_forced(company: Company, desk: Desk) -> Iterator[int]:
    title = _sent(company)
    company.bling.pay(title, account=company.bank, fee="1.50")
    company.sync()
    yield title
    _force(company, desk, title, "101,50")
    has_ended(company, title, Reason.PAID_AMOUNT_UNSURE)


@scenario(Reason.PAYMENTS_SEVERAL, ends="delivered")
def several_payments(company: Company, desk: Desk) -> Iterator[int]:
    title = _sent(company)
    _in_two(company, title)
    yield title
    _force(company, desk, title)
    has_ended(company, title, Reason.PAYMENTS_SEVERAL)


@scenario(Reason.PAYMENTS_SEVERAL, ends="delivered")
def several_payments_of_a_receivable(company: Company, desk: Desk) -> Iterator[int]:
    title = _sent(company, "receivable")
    _in_two(company, title)
    yield title
    _force(company, desk, title)
    has_ended(company, title, Reason.PAYMENTS_SEVERAL)


@scenario(Reason.PAYMENTS_SEVERAL, ends="delivered")
def several_and_settled_there_by_hand(company: Company, desk: Desk) -> Iterator[int]:
    """It was settled in Kamino before the button was chosen: that is taken as it is, and not settled again."""
    title = _sent(company)
    _in_two(company, title)
    yield title
    company.kamino.pay_title("payable", company.in_kamino("payable", title)["ID"], account=company.kamino_bank)
    company.forget_snapshots()
    writes = company.kamino.write_count
    _force(company, desk, title)
    assert company.kamino.write_count == writes
    has_ended(company, title, Reason.PAYMENTS_SEVERAL)


@scenario(Reason.PAYMENTS_SEVERAL, ends="delivered")
def several_and_settled_there_where_no_list_shows_it(company: Company, desk: Desk) -> Iterator[int]:
    title = _sent(company, "receivable")
    _in_two(company, title)
    yield title
    company.kamino.pay_title("receivable", company.in_kamino("receivable", title)["ID"], account=company.kamino_bank)
    _force(company, desk, title)
    has_ended(company, title, Reason.PAYMENTS_SEVERAL)
    assert company.in_kamino("receivable", title)[FIELDS["receivable"].paid_value] == Decimal("100.00")


@scenario(Reason.PAID_IN_KAMINO, ends="delivered")
def settled_there_by_hand_and_changed_in_bling(company: Company, desk: Desk) -> Iterator[int]:
    title = _sent(company)
    _in_two(company, title)
    company.kamino.pay_title("payable", company.in_kamino("payable", title)["ID"], account=company.kamino_bank)
    company.bling.edit_title(title, history="Outro texto")
    company.forget_snapshots()
    desk.press(title, "resync_this")
    yield title
    _force(company, desk, title)
    has_ended(company, title, Reason.PAID_IN_KAMINO)


@scenario(Reason.OVERPAID, ends="delivered")
def overpaid(company: Company, _desk: Desk) -> Iterator[int]:
    title = _sent(company, document_number="NF 130")
    company.bling.pay(title, amount="130.00", account=company.bank)
    company.sync()
    yield title


@scenario(Reason.OVERPAID)
def overpaid_by_mistake(company: Company, desk: Desk) -> Iterator[int]:
    title = _sent(company, document_number="NF 130")
    bordero = company.bling.pay(title, amount="130.00", account=company.bank)
    company.sync()
    yield title
    company.bling.borderos[bordero].lines[0].amount = Decimal("100.00")
    company.bling._settle_up(company.bling.titles[title])
    number = company.in_kamino("payable", title)["ID"]
    company.kamino.pay_title("payable", number, amount="100.00", account=company.kamino_bank)
    desk.press(title, "resync_this")
    company.an_hour_later()


@scenario(Reason.PARTIALLY_PAID)
def in_part(company: Company, _desk: Desk) -> Iterator[int]:
    title = _sent(company)
    company.bling.pay(title, amount="40.00", account=company.bank)
    company.sync()
    yield title
    company.bling.pay(title, account=company.bank)
    company.sync()


@scenario(Reason.PARTIALLY_PAID)
def in_part_and_reversed(company: Company, _desk: Desk) -> Iterator[int]:
    title = _sent(company, "receivable")
    bordero = company.bling.pay(title, amount="40.00", account=company.bank)
    company.sync()
    yield title
    company.bling.reverse_payment(title, bordero)
    company.sync()


@scenario(Reason.SETTLED_UNCHECKED)
def settled_unchecked(company: Company, _desk: Desk) -> Iterator[int]:
    title, bordero = paid_unsent(company)
    let_pass(timedelta(hours=13))
    faults = company.bling.world.faults
    faults.add(Fault("bling", "answer", "GET", f"/borderos/{bordero}", 10_000, status=503, answer="{}"))
    company.go_live()
    company.work()
    PaymentCheck.objects.update(asked_at=company.now() - timedelta(hours=25))
    company.work()
    yield title
    faults.clear()
    PaymentCheck.objects.update(ready_at=company.now())
    company.work()


def _split(company: Company) -> int:
    company.split_payments()
    return _sent(company)


def reconcile(desk: Desk) -> None:
    """Choose "Conciliar agora" in the list of companies."""
    address = reverse("admin:integrations_tenant_changelist")
    desk.client.post(address, {"action": "reconcile_now", "_selected_action": [desk.company.tenant.pk]})
    desk.company.work()


def _part(company: Company, bordero: int) -> Any:
    [row] = [row for row in company.kamino.titles("payable") if row["CodigoExterno"].endswith(f"-{bordero}")]
    return row


@scenario(Reason.PART_STUCK)
def part_stuck(company: Company, desk: Desk) -> Iterator[int]:
    title = _split(company)
    bordero = company.bling.pay(title, amount="40.00", account=company.bank)
    company.kamino.reject_next("Conta bloqueada", match=f"{title}-{bordero}")
    company.sync()
    yield title
    desk.press(title, "retry_this")


@scenario(Reason.PART_REVERSED)
def part_reversed(company: Company, desk: Desk) -> Iterator[int]:
    title = _split(company)
    bordero = company.bling.pay(title, amount="40.00", account=company.bank)
    company.sync()
    company.bling.reverse_payment(title, bordero)
    company.sync()
    yield title
    company.kamino.delete_title("payable", _part(company, bordero)["ID"])
    reconcile(desk)


def _changed_part(company: Company, desk: Desk) -> tuple[int, int]:
    """Return a title that was paid in two payments, and the borderô of the first one: its day changed since."""
    title = _split(company)
    today = company.bling.world.today
    first = company.bling.pay(title, amount="40.00", date=today - timedelta(days=4), account=company.bank)
    company.bling.pay(title, date=today - timedelta(days=2), account=company.bank)
    company.sync()
    company.bling.borderos[first].day = today - timedelta(days=3)
    desk.press(title, "resync_this")
    return title, first


@scenario(Reason.PART_DIFFERS)
def part_differs_and_corrected_in_bling(company: Company, desk: Desk) -> Iterator[int]:
    title, first = _changed_part(company, desk)
    yield title
    company.bling.borderos[first].day = company.bling.world.today - timedelta(days=4)
    desk.press(title, "resync_this")


@scenario(Reason.PART_DIFFERS)
def part_differs_and_corrected_in_kamino(company: Company, desk: Desk) -> Iterator[int]:
    title, first = _changed_part(company, desk)
    yield title
    day = company.bling.world.today - timedelta(days=3)
    company.kamino.pay_title("payable", _part(company, first)["ID"], date=day, account=company.kamino_bank)
    reconcile(desk)


@scenario(Reason.SPLIT_NOT_PROVED)
def lists_proved(company: Company, desk: Desk) -> Iterator[int]:
    company.split_payments()
    KaminoConnection.objects.update(lists_are_complete=False)
    title = _sent(company)
    _in_two(company, title)
    yield title
    save_page(desk, company.posting(title).kamino_connection, lists_are_complete="on")


@scenario(Reason.SPLIT_NOT_PROVED)
def unconfirmed_operations_allowed(company: Company, desk: Desk) -> Iterator[int]:
    title = _split(company)
    KaminoConnection.objects.update(allow_unconfirmed=False)
    tenant_changed(tenant_id=company.tenant.pk, now=company.now())
    company.bling.pay(title, amount="40.00", account=company.bank)
    company.sync()
    yield title
    save_page(desk, company.posting(title).kamino_connection, allow_unconfirmed="on")


@scenario(Reason.SPLIT_NOT_PROVED, ends="delivered")
def not_split_and_forced(company: Company, desk: Desk) -> Iterator[int]:
    Tenant.objects.update(partial_policy=Tenant.PartialPolicy.SPLIT)
    title = _sent(company)
    _in_two(company, title)
    yield title
    _force(company, desk, title)
    has_ended(company, title, Reason.SPLIT_NOT_PROVED)


@scenario(Reason.CLOSED_PERIOD_FOR_PARTS)
def month_opened(company: Company, desk: Desk) -> Iterator[int]:
    title = _split(company)
    today = company.bling.world.today
    Tenant.objects.update(closed_until=today - timedelta(days=1))
    company.bling.pay(title, amount="40.00", date=today - timedelta(days=3), account=company.bank)
    company.sync()
    yield title
    save_page(desk, Tenant.objects.get(), closed_until="")
