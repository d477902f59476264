"""What a company does not want in Kamino, or not yet; and payments of months that are closed already."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.domain.delivery import DeliveryState
from integrations.models import Alert, CatalogItem, Discrepancy, FilterRule, Tenant
from integrations.models.confidential import WHOLE
from integrations.pipeline.desk.commands import filters_changed, tenant_changed
from integrations.pipeline.report.alerts import review_alerts
from tests.flows.helpers import Company


def add_filter(company: Company, kind: str, bling_id: int, mode: str = "exclude") -> FilterRule:
    """Filter by a register that the last sync read, and plan again."""
    item = CatalogItem.objects.get(connection=company.connection, kind=kind, bling_id=bling_id)
    row = FilterRule.objects.create(connection=company.connection, item=item, mode=mode)
    filters_changed(connection_id=company.connection_pk, now=timezone.now())
    return row


def change_rules(company: Company, **rules: Any) -> None:
    Tenant.objects.filter(pk=company.tenant.pk).update(**rules)
    tenant_changed(tenant_id=company.tenant.pk, now=timezone.now())


def test_a_filtered_title_is_visible_and_not_sent_until_the_filter_goes(company: Company) -> None:
    company.sync()
    rule = add_filter(company, "category", company.category)
    title = company.add_title("payable")
    company.sync()
    assert company.problems(title) == ["filtered"]
    assert company.in_kamino("payable", title) is None
    assert not Discrepancy.objects.filter(closed_at=None).exists()
    rule.delete()
    filters_changed(connection_id=company.connection_pk, now=timezone.now())
    company.work()
    assert company.in_kamino("payable", title) is not None


def test_what_was_sent_before_a_filter_is_settled_and_cancelled_all_the_same(company: Company) -> None:
    paid, gone = company.add_title("payable"), company.add_title("receivable")
    company.sync()
    add_filter(company, "category", company.category)
    company.bling.pay(paid, account=company.bank)
    company.bling.cancel(gone)
    company.sync()
    assert company.in_kamino("payable", paid)["Situacao"] == 2
    assert company.in_kamino("receivable", gone) is None


@pytest.mark.parametrize(("mode", "arrives"), [("include", "Fornecedor"), ("exclude", "Cliente")])
def test_contact_types_filter_people(company: Company, mode: str, arrives: str) -> None:
    company.sync()
    add_filter(company, "contact_type", 2, mode)
    titles = {}
    for kind in ("Cliente", "Fornecedor"):
        contact = company.bling.add_contact(name=f"Só {kind}", document="", kind="J", types=[kind])
        titles[kind] = company.add_title("payable", contact=contact)
    company.sync()
    assert {kind for kind, title in titles.items() if company.in_kamino("payable", title)} == {arrives}


def test_a_receivable_waits_for_its_invoice(company: Company) -> None:
    change_rules(company, release=Tenant.Release.AUTHORISED)
    origin = {"id": 5, "tipoOrigem": "notaFiscal", "numero": "321", "situacao": 1}
    waiting = company.add_title("receivable", origin=origin)
    sold = company.add_title("receivable", origin={**origin, "id": 6, "tipoOrigem": "venda"})
    company.sync()
    assert company.problems(waiting) == ["awaiting_release"]
    assert company.in_kamino("receivable", waiting) is None
    assert company.in_kamino("receivable", sold) is not None
    company.bling.edit_title(waiting, origin={**origin, "situacao": 6})
    company.sync()
    assert company.in_kamino("receivable", waiting) is not None


@pytest.mark.some(2)
@pytest.mark.parametrize("situation", [3, 10])
def test_what_a_void_invoice_asks_for_is_never_created(company: Company, situation: int) -> None:
    change_rules(company, release=Tenant.Release.DANFE)
    origin = {"id": 5, "tipoOrigem": "notaFiscal", "numero": "321", "situacao": 1}
    void = company.add_title("receivable", origin=origin)
    sent = company.add_title("receivable", origin={**origin, "id": 6, "situacao": 7}, value="7.00")
    company.sync()
    assert company.problems(void) == ["awaiting_release"]
    company.bling.edit_title(void, origin={**origin, "situacao": situation})
    company.bling.edit_title(sent, origin={**origin, "id": 6, "situacao": situation}, history="Cancelada")
    company.resync(sent, User.objects.create_user("maria"))
    assert open_kinds() == {"invoice_cancelled"}, "in the reading that saw it"
    company.sync()
    assert company.problems(void) == ["invoice_void"]
    assert open_kinds() == {"invoice_cancelled", "held"}
    change_rules(company, release=Tenant.Release.ALWAYS)
    company.work()
    assert company.problems(void) == ["invoice_void"]
    assert company.in_kamino("receivable", void) is None
    assert company.in_kamino("receivable", sent) is not None


def test_a_receivable_waits_for_its_sale_where_the_company_wants_it(company: Company) -> None:
    change_rules(company, sale_release=Tenant.SaleRelease.FULFILLED)
    origin = {"id": 5, "tipoOrigem": "venda", "numero": "77", "situacao": 0}
    waiting = company.add_title("receivable", origin=origin)
    void = company.add_title("receivable", origin={**origin, "id": 6, "situacao": 2}, value="7.00")
    company.sync()
    assert (company.problems(waiting), company.problems(void)) == (["awaiting_sale"], ["sale_void"])
    company.bling.edit_title(waiting, origin={**origin, "situacao": 1})
    company.sync()
    assert company.in_kamino("receivable", waiting) is not None
    change_rules(company, sale_release=Tenant.SaleRelease.ALWAYS)
    company.work()
    assert company.in_kamino("receivable", void) is not None


def open_kinds() -> set[str]:
    return set(Discrepancy.objects.filter(closed_at=None).values_list("kind", flat=True))


def test_last_month_s_bill_is_paid_in_this_month_although_that_month_is_closed(company: Company) -> None:
    today = company.bling.world.today
    old = today - timedelta(days=40)
    paid = company.add_title("payable", issue=old, due=today)
    changed = company.add_title("payable", issue=old, due=today, value="70.00")
    company.sync()
    change_rules(company, closed_until=today - timedelta(days=10))
    company.bling.pay(paid, date=today, account=company.bank)
    company.bling.edit_title(paid, history="Corrigido depois")
    company.bling.edit_title(changed, value="71.00")
    company.sync()
    row = company.in_kamino("payable", paid)
    assert (row["Situacao"], "Corrigido" in row["Descricao"]) == (2, False)
    assert company.posting(paid).state == DeliveryState.DELIVERED
    assert str(company.in_kamino("payable", changed)["ValorVencimento"]) == "70.00"
    assert company.problems(changed) == ["closed_period"]


def test_paid_in_bling_and_scheduled_in_kamino_is_an_alert_at_once(company: Company) -> None:
    title = company.add_title("payable")
    company.sync()
    row = company.in_kamino("payable", title)
    company.kamino.edit_title("payable", row["ID"], DataAgendaPagamento=str(company.bling.world.today))
    company.bling.pay(title, account=company.bank)
    company.forget_snapshots()
    company.sync()
    assert company.posting(title).state == DeliveryState.NEEDS_HUMAN
    assert company.in_kamino("payable", title)["Situacao"] == 1
    assert Discrepancy.objects.filter(kind="double_payment_risk", closed_at=None).count() == 1
    review_alerts(now=timezone.now())
    assert "1" in Alert.objects.get(cause="double_payment", closed_at=None).detail(WHOLE)
