"""Bills whose customers, keys, orders and answers change while they are on their way: what a hostile reading found."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin

from integrations.admin.bills.bill import OrderWriteAdmin
from integrations.domain.alerts import AlertCause
from integrations.models import BlingAttempt, ContactWrite, CustomerWrite, OrderWrite, Title
from integrations.pipeline.bills import orders
from integrations.pipeline.customers import orders as customers
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.payables import keys
from integrations.pipeline.report.causes import find_causes
from integrations.pipeline.to_bling.ready import next_of_systems
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company
from tests.flows.mortal import at_failpoint
from tests.flows.systems import (
    LUA,
    OTHER_CNPJ,
    api_key,
    bill,
    bill_sent,
    billed,
    contacts,
    put,
    put_bill,
    row,
    sales,
    sent,
    served,
)
from tests.flows.systems import told_of_bill as told
from tests.flows.test_bills import NOW, ORDERS, REFUSAL, SAME, let

__all__ = ["billed", "served"]
NOTHING = '{"data": []}'


def buttons(ref: str = "F1") -> set[str]:
    page = OrderWriteAdmin(OrderWrite, admin.site)
    return page.useful_of(OrderWrite.objects.select_related(*page.list_select_related).get(ref=ref))


def launch(company: Company, due: str = "2026-12-10") -> int:
    """Launch a title from the one order, as somebody does in Bling."""
    [sale] = sales(company)
    origin = {"id": sale.id, "tipoOrigem": "venda"}
    return company.bling.add_title("receivable", "34.00", due, sale.contact, origin=origin)


def unread(world: World) -> None:
    """Let Bling show no order from now on."""
    world.faults.add(Fault("bling", "500", "GET", ORDERS, times=99))


class TestLookUps:
    def test_a_newer_version_does_not_make_a_look_up_come_earlier(
        self, billed: Company, world: World, settings: Any
    ) -> None:
        settings.UNCERTAIN_WAIT_SECONDS = 300
        world.faults.add(Fault("bling", "cut_before", "POST", ORDERS))
        put_bill()
        billed.work()
        look_at = bill().ready_at
        for version in (2, 3):
            put_bill(version=version, frete=9)
            billed.work()
        assert (bill().state, bill().ready_at, bill().lookups, sales(billed)) == ("uncertain", look_at, 0, [])

    def test_an_order_that_lists_do_not_show_is_found_when_bling_calls_another_identical(
        self, billed: Company, world: World
    ) -> None:
        world.faults.add(Fault("bling", "cut_after", "POST", ORDERS))
        put_bill()
        world.faults.add(Fault("bling", "answer", "GET", ORDERS, times=2, status=200, answer=NOTHING))
        let(billed)
        assert (told()["estado"], len(sales(billed))) == ("gravado", 1)

    def test_what_is_changed_before_the_look_up_is_somebodys_change(self, billed: Company, world: World) -> None:
        world.faults.add(Fault("bling", "cut_after", "POST", ORDERS))
        put_bill()
        billed.work()
        [sale] = sales(billed)
        billed.bling.edit_sale(sale.id, notes="outra coisa")
        let(billed)
        assert told()["estado"] == "gravado"
        found = bill_sent(billed, version=2, frete=9)
        assert (found["motivo"], sale.notes) == ("order_changed", "outra coisa")

    def test_what_is_changed_after_an_order_could_not_be_read_back(self, billed: Company, world: World) -> None:
        put_bill()
        with at_failpoint("order.before_write", 1, lambda: unread(world)):
            billed.work()
        world.faults.clear()
        assert told()["estado"] == "gravado"
        assert bill_sent(billed, version=2, frete=9)["estado"] == "gravado"  # nobody touched it
        [sale] = sales(billed)
        put_bill(version=3, frete=8)
        with at_failpoint("order.before_write", 1, lambda: unread(world)):
            billed.work()
        world.faults.clear()
        assert told()["estado"] == "gravado", "the total of before is no other total"
        billed.bling.edit_sale(sale.id, notes="outra coisa")
        assert (bill_sent(billed, version=4, frete=7)["motivo"], sale.notes) == ("order_changed", "outra coisa")


class TestTitles:
    def test_launched_far_away_from_what_was_sent(self, billed: Company) -> None:
        bill_sent(billed)
        [sale] = sales(billed)
        billed.bling.edit_sale(sale.id, parcels=[("2027-12-10", Decimal(34), sale.parcels[0][2])])
        launch(billed, "2027-12-10")
        assert (bill_sent(billed, version=2, frete=9)["motivo"], sale.freight) == ("order_launched", 7)

    def test_a_row_that_names_no_origin_proves_nothing(self, billed: Company, world: World) -> None:
        bill_sent(billed)
        [sale] = sales(billed)
        title = {"id": launch(billed), "situacao": 1, "vencimento": "2026-12-10", "valor": 34}
        answer = json.dumps({"data": [title | {"contato": {"id": sale.contact}}]})
        world.faults.add(Fault("bling", "answer", "GET", "/contas/receber", status=200, answer=answer))
        assert (bill_sent(billed, version=2, frete=9)["estado"], sale.freight) == ("aguardando", 7)

    def test_reversed_ones_hold_nothing_back(self, billed: Company, ana: Any) -> None:
        bill_sent(billed)
        title = launch(billed)
        billed.sync()
        assert bill_sent(billed, version=2, frete=9)["motivo"] == "order_launched"
        billed.bling.titles.pop(title)
        Title.objects.filter(bling_id=title).update(status="deleted")
        orders.send_again(bill=bill(), user=ana, now=NOW())
        billed.work()
        assert told()["estado"] == "gravado"


class TestCustomers:
    def test_a_customer_corrected_before_anything_was_sent(self, billed: Company) -> None:
        put("9", nome="Gráfica Sol", documento=OTHER_CNPJ)
        put_bill(cliente_ref="9")
        put("9", version=2, nome="Gráfica Sol", documento="12ABC34501DE35")
        let(billed)
        [sale] = sales(billed)
        assert billed.bling.contacts[sale.contact].document.replace(".", "").replace("/", "").replace("-", "") == (
            row("9").document
        )
        assert contacts(billed, OTHER_CNPJ) == []

    def test_nothing_is_ordered_for_a_customer_who_may_be_another(self, billed: Company) -> None:
        assert sent(billed, version=2, nome="Outra", documento=OTHER_CNPJ)["motivo"] == "document_differs"
        found = bill_sent(billed)
        assert (found["estado"], sales(billed), buttons()) == ("parado", [], {"leave_out"})

    def test_a_contact_that_was_deleted_is_decided_at_the_customer(self, billed: Company, ana: Any) -> None:
        [contact] = contacts(billed)
        contact.status = "E"
        assert (bill_sent(billed)["estado"], row().reason, buttons()) == ("parado", "contact_gone", {"leave_out"})
        billed.bling.deleted_keep_documents = False
        customers.look_anew(customer=row(), reason="por engano", user=ana, now=NOW())
        let(billed)
        [new] = contacts(billed)
        assert [sale.contact for sale in sales(billed)] == [new.id]

    def test_a_contact_that_was_deleted_is_decided_for_all_its_bills(self, billed: Company, ana: Any) -> None:
        CustomerWrite.objects.all().delete()
        [contact] = contacts(billed)
        contact.status = "E"
        found = bill_sent(billed, cliente_ref=None, cliente=LUA)
        assert (found["estado"], found["motivo"]) == ("parado", "contact_gone")
        assert "decide_contact" in buttons()
        billed.bling.deleted_keep_documents = False
        orders.contact_of(bill=bill(), contact_id=0, reason="excluído", user=ana, now=NOW())
        let(billed)
        [new] = contacts(billed)
        assert [sale.contact for sale in sales(billed)] == [new.id]

    def test_a_contact_of_a_bill_comes_before_customers(self, billed: Company) -> None:
        put("7", version=2, email="x@lua.example")
        put_bill(cliente_ref=None, cliente={"nome": "Gráfica Sol", "documento": OTHER_CNPJ})
        assert isinstance(next_of_systems(billed.connection.pk, NOW()), ContactWrite)


class TestKeys:
    def test_what_is_stuck_goes_on_by_the_next_key(self, billed: Company, ana: Any) -> None:
        items = [{"sku": "NADA", "descricao": "x", "quantidade": 1, "valor": 34}]
        assert bill_sent(billed, itens=items)["motivo"] == "product_unknown"
        keys.revoke(api_key=bill().api_key, reason="rotação", user=ana, now=NOW())
        billed.bling.add_product("NADA")
        with pytest.raises(Refused):
            orders.send_again(bill=bill(), user=ana, now=NOW())
        api_key(billed, "b" * 40, bills=True)
        orders.send_again(bill=bill(), user=ana, now=NOW())
        let(billed)
        assert told(key="b" * 40)["estado"] == "gravado"

    def test_what_a_revoked_key_left_is_told_and_can_be_left_out(self, billed: Company, ana: Any) -> None:
        put_bill()
        put("8", nome="Gráfica Sol", documento=OTHER_CNPJ)
        keys.revoke(api_key=bill().api_key, reason="vazou", user=ana, now=NOW())
        causes = {one.cause for one in find_causes([billed.tenant], now=NOW())[billed.tenant.pk]}
        assert {AlertCause.BILLS, AlertCause.CUSTOMERS} <= causes
        orders.leave_out(bill=bill(), reason="duplicada", user=ana, now=NOW())
        assert bill().state == "ignored"

    def test_an_erased_bill_that_is_said_again_is_stored_again(self, billed: Company, ana: Any) -> None:
        put_bill()
        keys.revoke(api_key=bill().api_key, reason="vazou", user=ana, now=NOW())
        OrderWrite.objects.update(customer_name="", desired=None, delivered=None)
        api_key(billed, "b" * 40, bills=True)
        assert put_bill(key="b" * 40).status_code == 202
        let(billed)
        assert (told(key="b" * 40)["estado"], bill().customer_name) == ("gravado", LUA["nome"])


class TestInFlight:
    def test_a_refusal_of_what_is_no_longer_said(self, billed: Company, world: World) -> None:
        world.faults.add(Fault("bling", "answer", "POST", ORDERS, status=400, answer=REFUSAL))
        put_bill()
        with at_failpoint("order.before_write", 1, lambda: put_bill(version=2, frete=9) and None):
            billed.work()
        let(billed)
        assert (told()["estado"], [sale.freight for sale in sales(billed)]) == ("gravado", [9])

    def test_a_customer_refused_while_its_next_version_came(self, served: Company, world: World) -> None:
        sent(served)
        put(version=2, email="dois@lua.example")
        world.faults.add(Fault("bling", "answer", "PUT", "/contatos", status=400, answer=REFUSAL))
        with at_failpoint("customer.before_write", 1, lambda: put(version=3, email="tres@lua.example") and None):
            served.work()
        served.work()
        assert ([one.email for one in contacts(served)], row().state) == (["tres@lua.example"], "delivered")

    def test_the_limit_of_requests_while_the_next_version_came(self, billed: Company, world: World) -> None:
        world.faults.add(Fault("bling", "429", "POST", ORDERS))
        put_bill()
        with at_failpoint("order.before_write", 1, lambda: put_bill(version=2, frete=9) and None):
            billed.work()
        let(billed)
        assert (told()["estado"], [sale.freight for sale in sales(billed)]) == ("gravado", [9])

    def test_a_product_that_was_replaced(self, billed: Company, ana: Any) -> None:
        bill_sent(billed)
        [old] = [one for one in billed.bling.products.values() if one.code == "VISITA"]
        old.active = False
        billed.bling.add_product("VISITA")
        assert bill_sent(billed, "F2", data="2026-12-02")["motivo"] == "refused"
        orders.send_again(bill=bill("F2"), user=ana, now=NOW())
        billed.work()
        assert told("F2")["estado"] == "gravado"

    def test_what_bling_refuses_as_identical_to_another_is_told(self, billed: Company, world: World) -> None:
        world.faults.add(Fault("bling", "answer", "POST", ORDERS, status=400, answer=SAME))
        assert (bill_sent(billed)["motivo"], "is_there" in buttons()) == ("refused", True)


@pytest.mark.parametrize(("version", "why"), [(1, ""), (2, "order_changed")])
def test_what_an_older_database_does_not_know_is_found_by_our_reference(
    billed: Company, ana: Any, version: int, why: str
) -> None:
    """After a restore a person sends it again; an order that is otherwise is asked about."""
    bill_sent(billed)
    BlingAttempt.objects.filter(order__isnull=False).delete()
    OrderWrite.objects.update(bling_id=None, delivered=None, delivered_fingerprint="", shown_digest="")
    OrderWrite.objects.update(state="ready", accepted_at=NOW() - timedelta(hours=25))
    if version == 2:
        put_bill(version=2, frete=9)
        OrderWrite.objects.update(accepted_at=NOW() - timedelta(hours=25))
    orders.send_again(bill=bill(), user=ana, now=NOW())
    let(billed)
    [sale] = sales(billed)
    assert (told()["motivo"], told()["bling_id"], sale.freight) == (why, sale.id, 7)


class TestByHand:
    def typed(self, company: Company, total: str = "34.00") -> int:
        [contact] = contacts(company)
        number = company.bling.add_sale(contact.id, total, "2026-12-01")
        company.bling.edit_sale(number, notes="digitado por Maria", status=6)
        return number

    def test_an_order_that_somebody_typed_is_linked_and_not_overwritten(self, billed: Company, ana: Any) -> None:
        put_bill()
        OrderWrite.objects.update(state="needs_human", reason="refused")
        number = self.typed(billed)
        orders.is_there(bill=bill(), bling_id=number, reason="vi", user=ana, now=NOW())
        billed.work()
        assert (told()["motivo"], told()["bling_id"]) == ("order_changed", number)
        assert billed.bling.sales[number].notes == "digitado por Maria"

    def test_an_order_that_was_deleted_and_typed_again(self, billed: Company, ana: Any) -> None:
        bill_sent(billed)
        [sale] = sales(billed)
        del billed.bling.sales[sale.id]
        assert bill_sent(billed, version=2, frete=9)["motivo"] == "order_gone"
        number = self.typed(billed)  # with the total of before
        orders.is_there(bill=bill(), bling_id=number, reason="vi", user=ana, now=NOW())
        billed.work()
        assert (told()["bling_id"], told()["motivo"]) == (number, "order_changed")

    def test_one_too_many_has_to_go_first(self, billed: Company, ana: Any) -> None:
        bill_sent(billed)
        [sale] = sales(billed)
        extra = self.typed(billed)
        BlingAttempt.objects.filter(order__isnull=False).update(surplus_id=extra)
        OrderWrite.objects.update(state="needs_human", reason="another_id")
        assert "is_there" in buttons()
        with pytest.raises(Refused, match=str(extra)):
            orders.is_there(bill=bill(), bling_id=sale.id, reason="vi", user=ana, now=NOW())
        del billed.bling.sales[extra]
        orders.is_there(bill=bill(), bling_id=sale.id, reason="vi", user=ana, now=NOW())
        billed.work()
        assert told()["estado"] == "gravado"
        assert not BlingAttempt.objects.filter(BlingAttempt.HAS_SURPLUS).exists()

    def test_another_total_corrected_in_bling_is_taken(self, billed: Company, ana: Any) -> None:
        bill_sent(billed)
        [sale] = sales(billed)
        billed.bling.edit_sale(sale.id, total=Decimal("33.99"))
        assert bill_sent(billed, version=2)["motivo"] == "total_differs"
        billed.bling.edit_sale(sale.id, total=Decimal("34.00"), expenses=Decimal("0.01"))
        orders.send_again(bill=bill(), user=ana, now=NOW())
        billed.work()
        assert (told()["estado"], sale.expenses) == ("gravado", Decimal("0.01"))
