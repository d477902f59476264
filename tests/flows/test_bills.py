"""Bills of another system become one sales order each, follow what it says, and ask where something followed."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from integrations.domain.alerts import AlertCause
from integrations.models import BlingAttempt, BlingProduct, BlingWriting, ContactWrite, OrderWrite
from integrations.pipeline.access.failpoints import BILL_FAILPOINTS
from integrations.pipeline.bills import orders
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.payables import keys
from integrations.pipeline.report.causes import find_causes, next_causes
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company
from tests.flows.mortal import Killed, at_failpoint, die
from tests.flows.systems import BILL, LUA, OTHER_CNPJ, api_key, bill, bill_sent, billed, contacts, put, put_bill, sales
from tests.flows.systems import served as served
from tests.flows.systems import told_of_bill as told

__all__ = ["billed", "served"]
ORDERS = "/pedidos/vendas"
REFUSAL = '{"error": {"type": "VALIDATION_ERROR", "message": "não"}}'
SAME = (
    '{"error": {"type": "VALIDATION_ERROR", "message": "não", "fields": [{"code": 3, "msg": "Informações idênticas a'
    ' última venda salva", "element": "venda", "namespace": "VENDAS"}]}}'
)
NOW = timezone.now


def wrote(company: Company) -> int:
    """Return how often an order was written."""
    return BlingAttempt.objects.filter(order__isnull=False).count()


def let(company: Company, rounds: int = 4) -> None:
    """Let everything that waits go on, some times."""
    for _ in range(rounds):
        company.work()
        company.forget_waits()
        BlingWriting.objects.update(paused_until=None, orders_wait_until=None, contacts_wait_until=None)
        OrderWrite.objects.filter(state__in=("ready", "uncertain")).update(ready_at=NOW())


def test_a_bill_becomes_an_order_once(billed: Company) -> None:
    found = bill_sent(billed)
    [sale] = sales(billed)
    assert (found["estado"], found["bling_id"], found["numero"]) == ("gravado", sale.id, str(sale.number))
    assert (sale.total, sale.discount, sale.freight, sale.notes) == (34, 3, 7, "OS 77")
    assert [(due, value) for due, value, _form in sale.parcels] == [
        ("2026-12-10", Decimal("11.33")), ("2026-12-10", Decimal("11.33")), ("2026-12-10", Decimal("11.34")),
    ]  # fmt: skip
    [contact] = contacts(billed)
    assert (sale.contact, sale.shop_number) == (contact.id, bill().reference)
    writes = wrote(billed)
    assert put_bill().status_code == 200
    let(billed)
    assert (wrote(billed), len(sales(billed))) == (writes, 1)


def test_a_newer_version_changes_the_order_and_keeps_what_people_added(billed: Company) -> None:
    bill_sent(billed)
    [sale] = sales(billed)
    billed.bling.edit_sale(sale.id, internal_notes="ligar antes")
    found = bill_sent(billed, version=2, frete=9, desconto_percentual=0)
    assert (found["estado"], sale.total, sale.freight, sale.discount) == ("gravado", 39, 9, 0)
    assert (sale.internal_notes, len(sales(billed)), wrote(billed)) == ("ligar antes", 1, 2)
    assert bill_sent(billed, version=3, frete=9, desconto_percentual=0)["versao"] == 3
    assert BlingAttempt.objects.filter(order__isnull=False).latest("pk").outcome == "unchanged"


@pytest.mark.parametrize(("changes", "stands"), [({"observacoes": "os 77"}, "gravado"), ({"frete": 9}, "parado")])
def test_what_bling_calls_identical_is_done_where_only_texts_are_written_otherwise(
    billed: Company, world: World, changes: dict[str, Any], stands: str
) -> None:
    """VENDAS 3 is looked at: Bling still has the freight of before."""
    bill_sent(billed)
    world.faults.add(Fault("bling", "answer", "PUT", ORDERS, status=400, answer=SAME))
    assert bill_sent(billed, version=2, **changes)["estado"] == stands


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"invoice": 5}, "order_invoiced"), ({"status": 9}, "order_launched"), ({"status": 12}, "order_launched")],
)
def test_an_order_that_went_on_in_bling_is_a_persons(
    billed: Company, ana: Any, changes: dict[str, int], reason: str
) -> None:
    bill_sent(billed)
    [sale] = sales(billed)
    billed.bling.edit_sale(sale.id, **changes)
    found = bill_sent(billed, version=2, frete=9)
    assert (found["estado"], found["motivo"], sale.freight) == ("parado", reason, 7)
    billed.bling.edit_sale(sale.id, invoice=0, status=6)  # somebody took it back in Bling
    orders.send_again(bill=bill(), user=ana, now=NOW())
    billed.work()
    assert (told()["estado"], sale.freight) == ("gravado", 9)


def test_an_order_whose_titles_were_launched_is_a_persons(billed: Company) -> None:
    """Found in Bling itself, whether or not a sync has read the title since."""
    bill_sent(billed)
    [sale] = sales(billed)
    billed.bling.add_title(
        "receivable", "34.00", "2026-12-10", sale.contact, origin={"id": sale.id, "tipoOrigem": "venda"}
    )
    found = bill_sent(billed, version=2, frete=9)
    assert (found["estado"], found["motivo"], sale.freight) == ("parado", "order_launched", 7)


def test_what_somebody_changed_in_bling_is_lost_by_a_persons_word_alone(billed: Company, ana: Any) -> None:
    bill_sent(billed)
    [sale] = sales(billed)
    billed.bling.edit_sale(sale.id, notes="outra coisa")
    found = bill_sent(billed, version=2, frete=9)
    assert (found["motivo"], sale.notes, sale.freight) == ("order_changed", "outra coisa", 7)
    orders.overwrite(bill=bill(), reason="vale o Auvo", user=ana, now=NOW())
    billed.work()
    assert (told()["estado"], sale.notes, sale.freight) == ("gravado", "OS 77", 9)


def test_somebody_changes_it_between_the_look_and_the_write(billed: Company) -> None:
    bill_sent(billed)
    [sale] = sales(billed)
    put_bill(version=2, frete=9)
    with at_failpoint("order.claimed", 1, lambda: billed.bling.edit_sale(sale.id, notes="na hora")):
        billed.work()
    assert (told()["motivo"], sale.notes) == ("order_changed", "na hora")


def test_an_order_deleted_in_bling_is_not_made_again(billed: Company, ana: Any) -> None:
    bill_sent(billed)
    [sale] = sales(billed)
    del billed.bling.sales[sale.id]
    assert bill_sent(billed, version=2, frete=9)["motivo"] == "order_gone"
    assert sales(billed) == []
    with pytest.raises(Refused, match="Bling não tem"):
        orders.is_there(bill=bill(), bling_id=sale.id, reason="vi", user=ana, now=NOW())


@pytest.mark.parametrize(
    ("changes", "reason", "name"),
    [
        ({"itens": [{"sku": "NADA", "descricao": "x", "quantidade": 1, "valor": 34}]}, "product_unknown", "NADA"),
        ({"parcelas": [{"vencimento": "2026-12-10", "forma_pagamento": "Fiado"}]}, "payment_form_unknown", "Fiado"),
    ],
)
def test_what_bling_does_not_have_is_named(billed: Company, changes: Any, reason: str, name: str) -> None:
    found = bill_sent(billed, **changes)
    assert (found["estado"], found["motivo"], sales(billed)) == ("parado", reason, [])
    assert name in found["mensagem"]
    billed.bling.add_product("NADA")
    if reason == "product_unknown":
        assert bill_sent(billed, version=2, **changes)["estado"] == "gravado"
        assert BlingProduct.objects.filter(sku="NADA").exists()


def test_a_sku_that_two_products_have_is_a_persons(billed: Company) -> None:
    billed.bling.add_product("VISITA")
    assert (bill_sent(billed)["motivo"], sales(billed)) == ("product_unknown", [])


def test_a_customer_told_along_is_found_or_created_and_not_changed(billed: Company) -> None:
    found = bill_sent(billed, cliente_ref=None, cliente={**LUA, "email": "outro@lua.example"})
    [contact] = contacts(billed)
    assert (found["estado"], contact.email) == ("gravado", "contato@lua.example")
    new = {"nome": "Gráfica Sol", "documento": OTHER_CNPJ, "email": "sol@sol.example"}
    assert bill_sent(billed, "F2", cliente_ref=None, cliente=new)["estado"] == "gravado"
    [made] = contacts(billed, OTHER_CNPJ)
    assert (made.email, made.types, sales(billed)[1].contact) == ("sol@sol.example", ("Cliente",), made.id)


def test_another_customer_is_another_bill(billed: Company) -> None:
    put("8", nome="Gráfica Sol", documento=OTHER_CNPJ)
    put_bill(cliente_ref="8")
    bill_sent(billed, version=2)  # nothing was sent yet: the system corrected itself
    [sale] = sales(billed)
    assert billed.bling.contacts[sale.contact].name == "Padaria Lua Ltda"
    assert put_bill(version=3, cliente_ref="8").status_code == 409


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"cliente_ref": "99"}, 422, None),
        ({"cliente": LUA}, 422, "cliente"),
        ({"cliente_ref": None}, 422, "cliente"),
        ({"desconto": 1}, 422, "desconto"),
        ({"desconto_percentual": 101}, 422, "desconto_percentual"),
        ({"itens": []}, 422, "itens"),
        ({"itens": [{"sku": "VISITA", "descricao": "x", "quantidade": 1.5, "valor": 3.33}]}, 422, "itens"),
        ({"parcelas": [{"vencimento": "2026-12-10", "forma_pagamento": "pix", "valor": 33.99}]}, 422, "parcelas"),
        ({"parcelas": [{"vencimento": "10/12/2026", "forma_pagamento": "pix"}]}, 422, "parcelas.0.vencimento"),
        ({"frete": "NaN"}, 422, "frete"),
        ({"frete": 1.005}, 422, "frete"),
        ({"data": "9999-12-31"}, 422, "data"),
        ({"situacao": "faturada"}, 422, "situacao"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_stored(
    billed: Company, changes: dict[str, Any], status: int, field: str | None
) -> None:
    answer = put_bill(**changes)
    assert answer.status_code == status, answer.content
    assert [one["campo"] for one in answer.json()["erro"].get("campos", [])] == ([field] if field else [])
    assert not OrderWrite.objects.exists()


def test_versions_are_held_apart(billed: Company) -> None:
    bill_sent(billed, version=2)
    assert put_bill(version=1).status_code == 409
    assert put_bill(version=2, frete=9).json()["erro"]["codigo"] == "other_body"
    api_key(billed, "b" * 40, system="tecpet", bills=True)
    assert put_bill(key="b" * 40, cliente_ref=None, cliente=LUA).status_code == 202  # another system's F1
    api_key(billed, "c" * 40, system="outro")
    assert put_bill(key="c" * 40).json()["erro"]["codigo"] == "not_allowed"


def test_nothing_is_sent_where_orders_are_off(billed: Company) -> None:
    BlingWriting.objects.update(writes_orders=False)
    assert bill_sent(billed)["estado"] == "desligado"
    assert sales(billed) == []
    BlingWriting.objects.update(writes_orders=True)
    let(billed)
    assert (told()["estado"], len(sales(billed))) == ("gravado", 1)


def test_a_revoked_key_sends_no_more_and_another_one_of_the_system_does(billed: Company, ana: Any) -> None:
    put_bill()
    keys.revoke(api_key=bill().api_key, reason="vazou", user=ana, now=NOW())
    billed.work()
    assert sales(billed) == []
    api_key(billed, "b" * 40, bills=True)
    put_bill(key="b" * 40)
    let(billed)
    assert (told(key="b" * 40)["estado"], len(sales(billed))) == ("gravado", 1)


def test_a_lost_answer_is_found_by_our_reference_also_beside_a_copy(billed: Company, world: World) -> None:
    world.faults.add(Fault("bling", "cut_after", "POST", ORDERS))
    put_bill()
    billed.work()
    [sale] = sales(billed)
    copy = billed.bling.add_sale(sale.contact, "34.00", "2026-12-01")  # somebody cloned it, mark and all
    billed.bling.edit_sale(copy, shop_number=sale.shop_number)
    let(billed)
    assert (told()["estado"], told()["bling_id"]) == ("gravado", sale.id)
    assert [one.id for one in sales(billed)] == [sale.id, copy]


@pytest.mark.parametrize("kind", ["cut_before", "cut_after", "500", "html", "truncated", "429", "slow"])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_fault_at_a_write_makes_nothing_twice_and_loses_nothing(
    billed: Company, world: World, kind: str, method: str
) -> None:
    if method == "PUT":
        bill_sent(billed)
    world.faults.add(Fault("bling", kind, method, ORDERS))  # type: ignore[arg-type]
    put_bill(version=2, frete=9)
    let(billed)
    assert [sale.freight for sale in sales(billed)] == [9]
    assert told()["estado"] == "gravado"


@pytest.mark.parametrize("is_new", [True, False])
@pytest.mark.parametrize("point", BILL_FAILPOINTS)
def test_a_worker_that_dies_leaves_nothing_half_done(billed: Company, point: str, is_new: bool) -> None:
    if not is_new:
        bill_sent(billed)
    put_bill(version=2, frete=9)
    with pytest.raises(Killed), at_failpoint(point, 1, die):
        billed.work()
    past = NOW() - timedelta(minutes=10)
    OrderWrite.objects.exclude(lease_until=None).update(lease_until=past)
    BlingWriting.objects.update(lease_until=past)
    for _ in range(3):
        billed.work()
        OrderWrite.objects.filter(state="uncertain").update(ready_at=past)
    assert [sale.freight for sale in sales(billed)] == [9]
    assert told()["estado"] == "gravado"


def test_a_version_that_comes_while_one_is_on_its_way_is_sent_next(billed: Company) -> None:
    put_bill()
    with at_failpoint("order.before_write", 1, lambda: put_bill(version=2, frete=9) and None):
        billed.work()
    let(billed)
    assert ([sale.freight for sale in sales(billed)], told()["estado"]) == ([9], "gravado")


def test_bling_sums_otherwise(billed: Company) -> None:
    """What Bling says the order is worth is told where it is not the bill's."""
    bill_sent(billed)
    [sale] = sales(billed)
    billed.bling.edit_sale(sale.id, total=Decimal("33.99"))
    found = bill_sent(billed, version=2)
    assert (found["motivo"], found["estado"]) == ("total_differs", "parado")


def test_a_refusal_is_told_and_the_next_version_is_sent(billed: Company, world: World) -> None:
    world.faults.add(Fault("bling", "answer", "POST", ORDERS, status=400, answer=REFUSAL))
    found = bill_sent(billed)
    assert (found["estado"], found["motivo"]) == ("parado", "refused")
    assert bill_sent(billed, version=2)["estado"] == "gravado"


def test_left_out_for_ever(billed: Company, ana: Any) -> None:
    put_bill()
    orders.leave_out(bill=bill(), reason="teste", user=ana, now=NOW())
    assert bill_sent(billed, version=2)["estado"] == "ignorado"
    assert sales(billed) == []


def test_what_waited_a_day_waits_for_a_person(billed: Company, ana: Any) -> None:
    """Somebody may have typed it in Bling since."""
    put_bill()
    OrderWrite.objects.update(accepted_at=NOW() - timedelta(hours=25))
    billed.work()
    assert (told()["estado"], sales(billed)) == ("parado", [])
    orders.send_again(bill=bill(), user=ana, now=NOW())
    billed.work()
    assert len(sales(billed)) == 1


def test_several_contacts_are_a_persons(billed: Company, ana: Any) -> None:
    document = "12.ABC.345/01DE-35"
    first, _second = (billed.bling.add_contact("Padaria Sol", document="12ABC34501DE35") for _ in range(2))
    found = bill_sent(billed, cliente_ref=None, cliente={"nome": "Padaria Sol", "documento": document})
    assert (found["estado"], found["motivo"]) == ("parado", "ambiguous")
    orders.contact_of(bill=bill(), contact_id=first, reason="é o antigo", user=ana, now=NOW())
    let(billed)
    assert [sale.contact for sale in sales(billed)] == [first]
    assert ContactWrite.objects.filter(bling_id=first).count() == 1


def test_the_bill_that_the_docs_show_is_taken(billed: Company) -> None:
    assert BILL["cliente_ref"] == "7"
    assert put_bill(ref="OS-77:1.a_b").status_code == 202


def test_a_bill_of_known_products_costs_two_requests(billed: Company) -> None:
    """At most 2.2: the order, and a look at what Bling made of it; products and forms are known from the first one."""
    bill_sent(billed, "F0")
    before = billed.bling.request_count
    for number in range(1, 21):
        put_bill(f"F{number}", observacoes=f"OS {number}")
    let(billed, 2)
    assert len(sales(billed)) == 21
    assert billed.bling.request_count - before <= 44


def test_a_bill_that_waits_for_ten_minutes_is_alerted(billed: Company) -> None:
    BlingWriting.objects.update(orders_wait_until=NOW() + timedelta(hours=1))
    put_bill()
    tenants = [billed.tenant]
    assert AlertCause.BILLS not in {one.cause for one in find_causes(tenants, now=NOW())[billed.tenant.pk]}
    late = bill().accepted_at + timedelta(minutes=10, seconds=1)
    assert (billed.tenant.pk, bill().accepted_at + timedelta(minutes=10)) in list(
        next_causes([billed.tenant.pk], NOW())
    )
    [found] = [one for one in find_causes(tenants, now=late)[billed.tenant.pk] if one.cause is AlertCause.BILLS]
    assert found.params == {"count": 1}
