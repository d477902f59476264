"""What Kamino shows is in the way, or was to be changed there by hand."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from integrations.domain.reasons import Reason
from integrations.models import SyncRun, Tenant
from tests.flows.helpers import Company
from tests.flows.reasons.walk import Desk, scenario


def _delivered(company: Company, direction: str = "payable") -> tuple[int, int]:
    """Return a title and its number in Kamino."""
    title = company.add_title(direction, value="100.00")
    company.sync()
    company.forget_snapshots()
    return title, company.in_kamino(direction, title)["ID"]


def _paid_in_bling(company: Company, **there: Any) -> tuple[int, int]:
    """Return a title and its number in Kamino: it was edited there (`there`), and then paid in Bling."""
    title, number = _delivered(company)
    if there:
        company.kamino.edit_title("payable", number, **there)
    _pay(company, title)
    return title, number


def _pay(company: Company, title: int, days: int = 0) -> None:
    company.bling.pay(title, date=company.bling.world.today - timedelta(days=days), account=company.bank)
    company.sync()


def _reverse(company: Company, title: int) -> None:
    company.bling.reverse_payment(title, company.bling.titles[title].borderos[0])
    company.sync()


def _in_five_days(company: Company) -> Any:
    return company.bling.world.today + timedelta(days=5)


@scenario(Reason.SCHEDULED)
def scheduled(company: Company, _desk: Desk) -> Iterator[int]:
    title, number = _paid_in_bling(company, DataAgendaPagamento=_in_five_days(company))
    yield title
    company.kamino.edit_title("payable", number, DataAgendaPagamento=None)
    company.an_hour_later()


@scenario(Reason.SCHEDULED_AS_IT_WAS)
def scheduled_as_it_was(company: Company, _desk: Desk) -> Iterator[int]:
    title, number = _delivered(company)
    company.kamino.edit_title("payable", number, DataAgendaPagamento=_in_five_days(company))
    company.bling.edit_title(title, value=120)
    company.sync()
    yield title
    company.kamino.edit_title("payable", number, DataAgendaPagamento=None)
    company.an_hour_later()


@scenario(Reason.PAID_AS_SCHEDULED)
def paid_as_scheduled(company: Company, desk: Desk) -> Iterator[int]:
    title, number = _paid_in_bling(company, DataAgendaPagamento=_in_five_days(company))
    company.kamino.pay_title("payable", number, account=company.kamino_bank)
    company.an_hour_later()
    yield title
    desk.press(title, "retry_this")


@scenario(Reason.AWAITING_APPROVAL)
def awaiting_approval(company: Company, desk: Desk) -> Iterator[int]:
    title, number = _paid_in_bling(company, Situacao=3)
    yield title
    company.kamino.edit_title("payable", number, Situacao=1)
    desk.press(title, "resync_this")


@scenario(Reason.RECONCILED)
def reconciled(company: Company, _desk: Desk) -> Iterator[int]:
    title, number = _delivered(company)
    company.kamino.reconcile_title("payable", number)
    company.bling.edit_title(title, value=120)
    company.sync()
    yield title
    company.kamino.edit_title("payable", number, IDConciliacaoBancaria=None, IDExtratoBanco=None)
    company.an_hour_later()


@scenario(Reason.RECONCILED)
def reconciled_and_right(company: Company, _desk: Desk) -> Iterator[int]:
    title, number = _delivered(company)
    company.kamino.reconcile_title("payable", number)
    company.bling.edit_title(title, value=120)
    company.sync()
    yield title
    company.bling.edit_title(title, value=100)
    company.sync()


@scenario(Reason.LOCKED_PERIOD)
def locked_period(company: Company, _desk: Desk) -> Iterator[int]:
    title, _number = _delivered(company)
    company.kamino.locked_until = company.bling.world.today
    _pay(company, title)
    yield title
    company.kamino.locked_until = None
    company.an_hour_later()


@scenario(Reason.UNKNOWN_IN_KAMINO)
def unknown_in_kamino(company: Company, _desk: Desk) -> Iterator[int]:
    title, number = _paid_in_bling(company, Situacao=9)
    yield title
    company.kamino.edit_title("payable", number, Situacao=1)
    company.an_hour_later()


@scenario(Reason.PAID_DIFFERENTLY)
def paid_differently(company: Company, _desk: Desk) -> Iterator[int]:
    title, number = _delivered(company)
    company.kamino.pay_title("payable", number, date=company.bling.world.today - timedelta(days=3))
    _pay(company, title)
    yield title
    company.kamino.pay_title("payable", number, date=company.bling.world.today, account=company.kamino_bank)
    company.an_hour_later()


@scenario(Reason.PAID_IN_KAMINO)
def paid_in_kamino(company: Company, _desk: Desk) -> Iterator[int]:
    title, number = _delivered(company)
    company.kamino.pay_title("payable", number, amount="100.00", account=company.kamino_bank)
    company.bling.edit_title(title, history="Outro texto")
    company.sync()
    yield title
    _pay(company, title)


def _deleted_there(company: Company, desk: Desk) -> int:
    title, number = _delivered(company)
    company.kamino.delete_title("payable", number)
    desk.press(title, "resync_this")
    return title


@scenario(Reason.GONE_FROM_KAMINO)
def still_owed(company: Company, desk: Desk) -> Iterator[int]:
    title = _deleted_there(company, desk)
    yield title
    desk.press(title, "create_again")


@scenario(Reason.GONE_FROM_KAMINO, ends="ignored")
def not_owed(company: Company, desk: Desk) -> Iterator[int]:
    title = _deleted_there(company, desk)
    yield title
    desk.press(title, "stop_syncing")


@scenario(Reason.CREATION_AWAITS)
def creation_awaits(company: Company, desk: Desk) -> Iterator[int]:
    Tenant.objects.update(force_limit=Decimal("50.00"))
    title = _deleted_there(company, desk)
    desk.press(title, "create_again")
    yield title
    desk.another().press(title, "approve_creation")


@scenario(Reason.REVERSED_AFTER_SETTLEMENT)
def reversed_after_settlement(company: Company, desk: Desk) -> Iterator[int]:
    title, number = _paid_in_bling(company)
    _reverse(company, title)
    yield title
    company.kamino.reopen_title("payable", number)
    desk.press(title, "resync_this")


@scenario(Reason.REVERSED_AFTER_SETTLEMENT)
def reversed_where_no_list_shows_it(company: Company, desk: Desk) -> Iterator[int]:
    title, number = _delivered(company, "receivable")
    _pay(company, title)
    _reverse(company, title)
    yield title
    company.kamino.reopen_title("receivable", number)
    desk.decide(title, "Já está na Kamino como no Bling")


def _entered_there(company: Company) -> tuple[int, int]:
    """Return a title, and the number of one that a person entered in Kamino before."""
    known, _number = _delivered(company)
    person = company.title(known).person
    assert person is not None
    due = company.bling.world.today + timedelta(days=30)
    number = company.kamino.add_title("payable", person.posting.kamino_id, "250.00", due, "Entrada manual")
    title = company.add_title("payable", value="250.00", due=due, contact=person.bling_id)
    return title, number


@scenario(Reason.POSSIBLE_DUPLICATE)
def possible_duplicate(company: Company, desk: Desk) -> Iterator[int]:
    title, _number = _entered_there(company)
    company.sync()
    yield title
    desk.decide(title, "É o lançamento")


@scenario(Reason.POSSIBLE_DUPLICATE, ends="delivered")
def possible_duplicate_of_none(company: Company, desk: Desk) -> Iterator[int]:
    title, _number = _entered_there(company)
    company.sync()
    yield title
    desk.decide(title, "É outro")


@scenario(Reason.PAID_IN_KAMINO_FIRST, ends="delivered")
def paid_in_kamino_first(company: Company, desk: Desk) -> Iterator[int]:
    title, number = _entered_there(company)
    company.kamino.pay_title("payable", number, account=company.kamino_bank)
    company.sync()
    desk.decide(title, "É o lançamento")
    yield title
    _pay(company, title)


@scenario(Reason.CANCELLED_AFTER_SETTLEMENT)
def cancelled_after_settlement(company: Company, desk: Desk) -> Iterator[int]:
    title, number = _paid_in_bling(company)
    company.bling.reverse_payment(title, company.bling.titles[title].borderos[0])
    company.bling.cancel(title)
    desk.press(title, "resync_this")
    yield title
    company.kamino.reopen_title("payable", number)
    company.an_hour_later()


@scenario(Reason.SETTLEMENT_DIFFERS)
def settlement_differs(company: Company, desk: Desk) -> Iterator[int]:
    title, number = _paid_in_bling(company)
    company.bling.reverse_payment(title, company.bling.titles[title].borderos[0])
    day = company.bling.world.today - timedelta(days=2)
    company.bling.pay(title, date=day, account=company.bank)
    desk.press(title, "resync_this")
    yield title
    company.kamino.pay_title("payable", number, date=day, account=company.kamino_bank)
    company.an_hour_later()


@scenario(Reason.REOPENED_AFTER_CANCELLATION)
def reopened_after_cancellation(company: Company, desk: Desk) -> Iterator[int]:
    title, _number = _delivered(company)
    company.bling.cancel(title)
    company.sync()
    company.bling.edit_title(title, status=1)
    desk.press(title, "resync_this")
    yield title
    desk.press(title, "create_again")


@scenario(Reason.DELETED_IN_BLING)
def deleted_in_bling(company: Company, desk: Desk) -> Iterator[int]:
    title, _number = _delivered(company)
    company.bling.delete(title)
    for _ in range(2):
        company.sync()
    yield title
    desk.decide(title, "Cancelá-lo na Kamino")


@scenario(Reason.DELETED_IN_BLING, ends="ignored deleted_in_bling")
def deleted_in_bling_and_kept(company: Company, desk: Desk) -> Iterator[int]:
    title, _number = _delivered(company)
    company.bling.delete(title)
    for _ in range(2):
        company.sync()
    yield title
    desk.decide(title, "Mantê-lo na Kamino")


@scenario(Reason.CANCELLED_WITH_PAYMENT)
def cancelled_with_payment(company: Company, _desk: Desk) -> Iterator[int]:
    title, _number = _delivered(company)
    company.bling.pay(title, amount="40.00", account=company.bank)
    company.bling.cancel(title)
    company.sync()
    yield title
    _reverse(company, title)


@scenario(Reason.CANCELLED_WITH_PAYMENT)
def cancelled_with_payment_after_all(company: Company, _desk: Desk) -> Iterator[int]:
    title, _number = _paid_in_bling(company)
    company.bling.cancel(title)
    company.sync()
    yield title
    company.bling.edit_title(title, status=2)
    company.sync()


@scenario(Reason.SOUGHT)
def sought(company: Company, desk: Desk) -> Iterator[int]:
    title, number = _delivered(company)
    far = company.bling.world.today + timedelta(days=70)
    company.kamino.edit_title("payable", number, DataVencimento=far)
    company.bling.pay(title, account=company.bank)
    now = timezone.now()
    held = {"state": "open", "due_at": now, "lease_until": now + timedelta(hours=1)}
    run = SyncRun.objects.create(connection=company.connection, **held)  # another worker's; the whole list waits for it
    desk.press(title, "resync_this")
    yield title
    run.delete()
    company.work()


@scenario(Reason.VALUE_AFTER_SETTLEMENT)
def value_after_settlement(company: Company, desk: Desk) -> Iterator[int]:
    title, number = _paid_in_bling(company)
    company.bling.edit_title(title, value="250.00")
    desk.press(title, "resync_this")
    yield title
    company.kamino.edit_title("payable", number, ValorVencimento="250.00")
    desk.press(title, "resync_this")


@scenario(Reason.VALUE_AFTER_SETTLEMENT)
def value_corrected_back_in_bling(company: Company, desk: Desk) -> Iterator[int]:
    title, _number = _paid_in_bling(company)
    before = company.bling.titles[title].value
    company.bling.edit_title(title, value="250.00")
    desk.press(title, "resync_this")
    yield title
    company.bling.edit_title(title, value=before)
    desk.press(title, "resync_this")


@scenario(Reason.PAID_FROM_ANOTHER_ACCOUNT)
def paid_from_another_account(company: Company, desk: Desk) -> Iterator[int]:
    title, number = _delivered(company)
    company.kamino.pay_title("payable", number, account=company.kamino.add_bank_account("Caixa da loja"))
    _pay(company, title)
    yield title
    company.kamino.pay_title("payable", number, account=company.kamino_bank)
    company.forget_snapshots()
    desk.press(title, "resync_this")


@scenario(Reason.FROZEN_AFTER_SETTLEMENT, ends="delivered")
def frozen_after_settlement(company: Company, desk: Desk) -> Iterator[int]:
    title, _number = _paid_in_bling(company)
    company.bling.edit_title(title, history="Outro texto")
    desk.press(title, "resync_this")
    yield title
