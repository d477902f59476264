"""What only waits: rules of the company, replaced titles, and where a title is in its own way."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils import timezone

from integrations.domain.reasons import Reason
from integrations.models import (
    Bordero,
    CatalogItem,
    FilterRule,
    ForcedSettlement,
    KaminoConnection,
    KaminoItem,
    PaymentCheck,
    Posting,
    Tenant,
)
from integrations.pipeline.access import restores
from integrations.pipeline.desk import commands
from integrations.pipeline.run import tick
from sandbox.faults import Fault
from tests.flows.helpers import Company
from tests.flows.mortal import Killed, at_failpoint, die
from tests.flows.reasons.walk import Desk, scenario

INVOICE: dict[str, Any] = {"id": 5, "tipoOrigem": "notaFiscal", "numero": "321", "situacao": 1}
SALE: dict[str, Any] = {"id": 5, "tipoOrigem": "venda", "numero": "77", "situacao": 0}


def _delivered(company: Company, direction: str = "payable", **options: Any) -> int:
    title = company.add_title(direction, **options)
    company.sync()
    company.forget_snapshots()
    return title


def _change_rules(company: Company, **rules: Any) -> None:
    Tenant.objects.filter(pk=company.tenant.pk).update(**rules)
    commands.tenant_changed(tenant_id=company.tenant.pk, now=timezone.now())
    company.work()


def _turn(times: int = 4) -> None:
    """Work as ticks do that wait for nothing."""
    for _ in range(times):
        tick.work_once(clock=timezone.now, deadline=timezone.now() + timedelta(seconds=5))


@contextmanager
def _another_worker() -> Iterator[None]:
    """Let another worker have its turn with the company, with a call in flight."""
    KaminoConnection.objects.update(lease_until=timezone.now() + timedelta(minutes=2))
    yield
    KaminoConnection.objects.update(lease_until=None)


@scenario(Reason.RELAUNCH_UNCLEAR, ends="delivered")
def relaunch_unclear(company: Company, desk: Desk) -> Iterator[int]:
    contact = company.bling.add_contact(name="Fornecedor", document="11222333000181", kind="J")
    old = [company.add_title("payable", contact=contact, value="50.00") for _ in range(2)]
    company.sync()
    new = company.bling.relaunch(old[0])
    company.bling.delete(old[1])
    for _ in range(3):
        company.sync()
    yield new
    desk.decide(new, f"Substitui o título {old[0]}")
    assert len(company.kamino.titles("payable")) == 2


@scenario(Reason.RELAUNCH_UNCLEAR, ends="delivered")
def relaunch_of_none(company: Company, desk: Desk) -> Iterator[int]:
    contact = company.bling.add_contact(name="Fornecedor", document="11222333000181", kind="J")
    old = [company.add_title("payable", contact=contact, value="50.00") for _ in range(2)]
    company.sync()
    new = company.bling.relaunch(old[0])
    company.bling.delete(old[1])
    for _ in range(3):
        company.sync()
    yield new
    desk.decide(new, "Não substitui nenhum")
    assert len(company.kamino.titles("payable")) == 3


def _of_a_closed_month(company: Company) -> int:
    today = company.bling.world.today
    title = _delivered(company, issue=today - timedelta(days=40), due=today, value="70.00")
    _change_rules(company, closed_until=today - timedelta(days=10))
    company.bling.edit_title(title, value="71.00")
    company.sync()
    return title


@scenario(Reason.CLOSED_PERIOD)
def closed_period(company: Company, _desk: Desk) -> Iterator[int]:
    title = _of_a_closed_month(company)
    yield title
    _change_rules(company, closed_until=None)


@scenario(Reason.CLOSED_PERIOD, ends="ignored")
def closed_period_stays_closed(company: Company, desk: Desk) -> Iterator[int]:
    title = _of_a_closed_month(company)
    yield title
    company.kamino.edit_title("payable", company.in_kamino("payable", title)["ID"], ValorVencimento="71.00")
    desk.press(title, "stop_syncing")


@scenario(Reason.BEFORE_SETTLED_FROM, ends="held")
def before_settled_from(company: Company, _desk: Desk) -> Iterator[int]:
    today = company.bling.world.today
    _change_rules(company, settled_from=today - timedelta(days=5), sync_from=today - timedelta(days=30))
    title = company.add_title("payable")
    company.bling.pay(title, date=today - timedelta(days=6), account=company.bank)
    company.sync()
    yield title


@scenario(Reason.FILTERED)
def filtered(company: Company, _desk: Desk) -> Iterator[int]:
    company.sync()
    item = CatalogItem.objects.get(connection=company.connection, kind="category", bling_id=company.category)
    rule = FilterRule.objects.create(connection=company.connection, item=item, mode="exclude")
    title = company.add_title("payable")
    company.sync()
    yield title
    rule.delete()
    commands.filters_changed(connection_id=company.connection_pk, now=timezone.now())
    company.work()


@scenario(Reason.AWAITING_RELEASE)
def awaiting_release(company: Company, _desk: Desk) -> Iterator[int]:
    _change_rules(company, release=Tenant.Release.AUTHORISED)
    title = company.add_title("receivable", origin=INVOICE)
    company.sync()
    yield title
    company.bling.edit_title(title, origin={**INVOICE, "situacao": 6})
    company.sync()


@scenario(Reason.AWAITING_SALE)
def awaiting_sale(company: Company, _desk: Desk) -> Iterator[int]:
    _change_rules(company, sale_release=Tenant.SaleRelease.FULFILLED)
    title = company.add_title("receivable", origin=SALE)
    company.sync()
    yield title
    company.bling.edit_title(title, origin={**SALE, "situacao": 1})
    company.sync()


@scenario(Reason.INVOICE_VOID, ends="held")
def invoice_void(company: Company, _desk: Desk) -> Iterator[int]:
    title = company.add_title("receivable", origin={**INVOICE, "situacao": 3})
    company.sync()
    yield title
    company.bling.cancel(title)
    company.sync()
    assert company.problems(title) == ["cancelled_before_sending"]


@scenario(Reason.SALE_VOID, ends="held")
def sale_void(company: Company, _desk: Desk) -> Iterator[int]:
    _change_rules(company, sale_release=Tenant.SaleRelease.FULFILLED)
    title = company.add_title("receivable", origin={**SALE, "situacao": 2})
    company.sync()
    yield title
    company.bling.cancel(title)
    company.sync()
    assert company.problems(title) == ["cancelled_before_sending"]


@scenario(Reason.REPLACED)
def replaced(company: Company, _desk: Desk) -> Iterator[int]:
    contact = company.bling.add_contact(name="Fornecedor", document="11222333000181", kind="J")
    old = _delivered(company, contact=contact, value="345.67")
    company.bling.relaunch(old)
    company.sync()
    yield old


@scenario(Reason.NEW)
def new(company: Company, _desk: Desk) -> Iterator[int]:
    old = _delivered(company)
    company.bling.delete(old)
    company.bling.world.faults.add(Fault("bling", "429_day", "GET", f"/contas/pagar/{old}"))
    title = company.add_title("payable", value="77.00")
    commands.request_sync(connections=[company.connection], user=None, now=timezone.now())
    _turn()
    yield title
    Tenant.objects.update(cancel_deleted=True)
    for _ in range(2):
        company.forget_waits()
        company.sync()


@scenario(Reason.IGNORED)
def ignored(company: Company, desk: Desk) -> Iterator[int]:
    title = _delivered(company)
    desk.press(title, "stop_syncing")
    company.bling.edit_title(title, value="120.00")
    company.sync()
    yield title
    desk.press(title, "resume_syncing")


@scenario(Reason.BEING_PLANNED)
def being_planned(company: Company, _desk: Desk) -> Iterator[int]:
    title = _delivered(company)
    commands.tenant_changed(tenant_id=company.tenant.pk, now=timezone.now())
    yield title
    company.work()


@scenario(Reason.BEING_CHECKED)
def being_checked(company: Company, _desk: Desk) -> Iterator[int]:
    title = _delivered(company)
    company.to_shadow()
    company.bling.pay(title, account=company.bank)
    company.sync()
    Bordero.objects.update(read_at=timezone.now() - timedelta(hours=13))
    company.go_live()
    company.bling.world.faults.add(Fault("bling", "503", "GET", "/borderos", times=1000))
    _turn()
    yield title
    company.bling.world.faults.clear()
    PaymentCheck.objects.update(ready_at=timezone.now())
    company.forget_waits()
    company.work()


@scenario(Reason.BEING_COMPARED)
def being_compared(company: Company, desk: Desk) -> Iterator[int]:
    title = _delivered(company)
    with _another_worker():
        desk.order(title, "resync_this")
        _turn()
        yield title
    company.work()


@scenario(Reason.QUEUED)
def queued(company: Company, _desk: Desk) -> Iterator[int]:
    _delivered(company)
    title = company.add_title("payable")
    with _another_worker():
        commands.request_sync(connections=[company.connection], user=None, now=timezone.now())
        _turn(8)
        yield title
    company.work()


@scenario(Reason.SENDING)
def sending(company: Company, _desk: Desk) -> Iterator[int]:
    KaminoConnection.objects.update(lists_are_complete=True)
    title = company.add_title("payable")
    with at_failpoint("title.claimed", 1, die), suppress(Killed):
        company.sync()
    yield title
    Posting.objects.update(lease_until=timezone.now() - timedelta(seconds=1))  # the worker was killed
    KaminoConnection.objects.update(lease_until=None)
    for _ in range(3):
        company.forget_waits()
        company.sync()


@scenario(Reason.AWAITS_APPROVAL)
def awaits_approval(company: Company, desk: Desk) -> Iterator[int]:
    Tenant.objects.update(force_limit=Decimal("50.00"))
    title, today = _delivered(company), company.bling.world.today
    account = KaminoItem.objects.get(kind="bank_account", name="BANCO DE TESTE")
    desk.press(title, "force_settlement", date=f"{today:%d/%m/%Y}", amount="100,00", account=str(account.pk))
    yield title
    order = ForcedSettlement.objects.get()
    desk.another().client.post(reverse("admin:integrations_forcedsettlement_approve", args=[order.pk]))
    company.work()
    company.bling.pay(title, account=company.bank)
    company.sync()


@scenario(Reason.HELD_AFTER_RESTORE)
def held_after_restore(company: Company, _desk: Desk) -> Iterator[int]:
    title = company.add_title("payable")
    company.to_shadow()
    company.sync()
    company.go_live()
    restores.after_restore(timezone.now())
    yield title
    company.sync()


@scenario(Reason.SIMULATION)
def simulation(company: Company, _desk: Desk) -> Iterator[int]:
    company.to_shadow()
    title = company.add_title("payable")
    company.sync()
    yield title
    company.go_live()
    company.work()


@scenario(Reason.SWITCHED_OFF)
def switched_off(company: Company, _desk: Desk) -> Iterator[int]:
    _delivered(company)
    KaminoConnection.objects.update(is_paused=True)
    title = company.add_title("payable")
    company.sync()
    yield title
    KaminoConnection.objects.update(is_paused=False)
    company.work()


@scenario(Reason.UNREAD)
def unread(company: Company, desk: Desk) -> Iterator[int]:
    title = _delivered(company)
    company.bling.world.faults.add(Fault("bling", "500", "GET", f"/contas/pagar/{title}", times=20))
    desk.press(title, "resync_this")
    yield title
    company.bling.world.faults.clear()
    desk.press(title, "resync_this")


@scenario(Reason.NOT_IN_BLING, ends="needs_human deleted_in_bling")
def not_in_bling(company: Company, desk: Desk) -> Iterator[int]:
    title = _delivered(company)
    company.bling.delete(title)
    desk.press(title, "resync_this")
    yield title
    for _ in range(2):
        company.sync()


@scenario(Reason.LIST_FAILED)
def list_failed(company: Company, _desk: Desk) -> Iterator[int]:
    _delivered(company)
    company.bling.world.faults.add(
        Fault("kamino", "answer", "GET", path="/financeiro/pagamento", times=1000, status=403, answer="{}")
    )
    title = company.add_title("payable", due=company.bling.world.today + timedelta(days=30))
    company.sync()
    yield title
    company.bling.world.faults.clear()
    KaminoConnection.objects.update(payable_list_waits_until=timezone.now() - timedelta(hours=1))
    company.forget_waits()
    company.work()


@scenario(Reason.LIST_UNKNOWN)
def list_unknown(company: Company, desk: Desk) -> Iterator[int]:
    company.bling.world.receivable_list = "none"
    KaminoConnection.objects.update(receivable_list="unknown")
    title = company.add_title("receivable")
    company.sync()
    yield title
    address = reverse("admin:integrations_kaminoconnection_no_list", args=[KaminoConnection.objects.get().pk])
    form = desk.client.get(address).context["form"]
    shown = {name: field.initial for name, field in form.fields.items()} | form.initial
    desk.client.post(address, {**shown, "reason": "Conferido"})
    company.forget_waits()
    company.work()


@scenario(Reason.LIMITED)
def limited(company: Company, _desk: Desk) -> Iterator[int]:
    title = company.add_title("payable")
    company.bling.world.faults.add(Fault("kamino", "429", "POST", seconds=600, path="/financeiro/pagamento"))
    company.sync()
    yield title
    company.forget_waits()
    company.work()
