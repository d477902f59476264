"""The whole way to Bling and back in a browser: by link, refused, as another company, and again after a revocation."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from integrations.models import BlingConnection
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.report.alerts import review_alerts
from sandbox.world import World
from tests.browser.conftest import picture
from tests.flows.helpers import Company


def open_connection(page: Any, company: Company) -> None:
    page.goto(f"/admin/integrations/blingconnection/{company.connection.pk}/change/")


def create_link(page: Any) -> str:
    """Press the buttons that make a link; returns it as the page shows it."""
    if "/blingconnection/" in page.url:
        page.locator("a", has_text="Link para o cliente").first.click()
    page.get_by_role("link", name="Criar link para o cliente").click()
    page.get_by_role("button", name="Criar link").click()
    link: str = page.locator("#connect-link").input_value()
    page.get_by_role("button", name="Copiar").click()
    page.get_by_role("button", name="Copiado").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == link
    return link


def consent(page: Any, decision: str = "Autorizar", company: str = "") -> None:
    """Go on from the customer's link to Bling and answer there."""
    page.get_by_role("button", name="Continuar no Bling").click()
    if company:
        page.get_by_label("Empresa que autoriza").select_option(company)
    page.get_by_role("button", name=decision).click()


def outcome(page: Any) -> str:
    page.wait_for_url("**/bling/callback?**")
    return str(page.locator("body").get_attribute("data-outcome"))


def test_a_customer_connects_by_link_and_the_titles_come(
    unconnected: Company, log_in: Callable[[str], Any], new_page: Callable[[], Any]
) -> None:
    support = log_in("suporte")
    open_connection(support, unconnected)
    link = create_link(support)

    customer = new_page()
    customer.goto(link)
    assert unconnected.tenant.name in customer.content()
    picture(customer, "conectar.png")
    customer.reload()
    consent(customer)
    assert outcome(customer) == "connected"
    assert customer.get_by_role("heading", name="Conectado ao Bling").is_visible()
    picture(customer, "resultado.png")

    customer.reload()
    assert outcome(customer) == "used"
    assert customer.goto(link).status == 410

    assert unconnected.connection.status == ConnectionStatus.CONNECTED
    title = unconnected.add_title("payable")
    unconnected.work()
    assert unconnected.in_kamino("payable", title) is not None
    open_connection(support, unconnected)
    support.get_by_text("Link para o cliente criado").wait_for()


@pytest.mark.long
def test_a_customer_who_refuses_goes_back_to_the_link_and_connects(
    unconnected: Company, log_in: Callable[[str], Any], new_page: Callable[[], Any]
) -> None:
    support = log_in("suporte")
    open_connection(support, unconnected)
    customer = new_page()
    customer.goto(create_link(support))
    consent(customer, "Recusar")
    assert outcome(customer) == "refused"
    assert unconnected.connection.status == ConnectionStatus.NEVER
    customer.get_by_role("link", name="Voltar ao link").click()
    consent(customer)
    assert outcome(customer) == "connected"


@pytest.mark.long
def test_another_company_is_held_until_support_accepts_it(
    company: Company, world: World, log_in: Callable[[str], Any]
) -> None:
    company.sync()
    world.add_account("outra")
    support = log_in("suporte")
    open_connection(support, company)
    support.get_by_role("link", name="Reconectar").click()
    support.get_by_role("button", name="Reconectar ao Bling").click()
    support.get_by_label("Empresa que autoriza").select_option("outra")
    support.get_by_role("button", name="Autorizar").click()
    assert outcome(support) == "other_company"
    held = BlingConnection.objects.get(status=ConnectionStatus.HELD)
    company_before = BlingConnection.objects.exclude(pk=held.pk).get()
    assert company_before.status == ConnectionStatus.CONNECTED

    review_alerts(now=timezone.now())
    support.goto("/admin/")
    support.get_by_role("link", name="Abrir conexão").click()
    support.get_by_text("Conectou-se: Outra Comércio e Serviços Ltda").first.wait_for()
    support.get_by_role("link", name="Aceitar esta empresa").click()
    support.get_by_role("button", name="Aceitar esta empresa").click()
    support.get_by_text("Outra Comércio e Serviços Ltda foi aceita").wait_for()
    held.refresh_from_db()
    assert held.status == ConnectionStatus.CONNECTED
    review_alerts(now=timezone.now())
    support.goto("/admin/")
    assert support.locator(".ik-banner").count() == 0


@pytest.mark.long
def test_after_a_revocation_the_banner_leads_to_a_new_link(
    company: Company, world: World, log_in: Callable[[str], Any], new_page: Callable[[], Any]
) -> None:
    company.sync()
    world.grants.revoke_company(company.bling)
    missed = company.add_title("payable")
    company.sync()
    assert company.connection.status == ConnectionStatus.RECONNECT
    review_alerts(now=timezone.now())

    support = log_in("suporte")
    support.locator(".ik-banner").get_by_text(company.tenant.name).wait_for()
    link = create_link(support)
    customer = new_page()
    customer.goto(link)
    consent(customer)
    assert outcome(customer) == "connected"
    company.work()
    assert company.in_kamino("payable", missed) is not None
    review_alerts(now=timezone.now())
    support.goto("/admin/")
    assert support.locator(".ik-banner").count() == 0
    support.get_by_text("Saudável").wait_for()
