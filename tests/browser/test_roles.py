"""One main job of each role, done in a browser: support sets a company up, finance classifies, staff settle."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.domain.discrepancies import PAYMENT_KINDS, DiscrepancyKind
from integrations.models import (
    BlingConnection,
    ForcedSettlement,
    KaminoConnection,
    Mapping,
    PersonAction,
    Posting,
    StoredDiscrepancy,
    Tenant,
)
from integrations.pipeline.report.alerts import review_alerts
from sandbox.world import World
from tests.browser.conftest import GROUPS, picture
from tests.flows.helpers import Company

SCROLLS_SIDEWAYS = """() => [...document.querySelectorAll("#changelist *")]
    .filter(e => ["auto", "scroll"].includes(getComputedStyle(e).overflowX) && e.scrollWidth > e.clientWidth + 1)
    .map(e => `${e.className} ${e.scrollWidth} > ${e.clientWidth}`)"""


@pytest.mark.parametrize("role", GROUPS)
@pytest.mark.some(3)
def test_everybody_logs_in_in_portuguese(
    role: str, company: Company, people: dict[str, Any], log_in: Callable[[str], Any]
) -> None:
    company.tenant.members.add(people[role])
    page = log_in(role)
    page.get_by_text("Visão geral").first.wait_for()
    assert page.locator("html").get_attribute("lang") == "pt-br"
    page.get_by_text(company.tenant.name).first.wait_for()


def test_support_sets_up_a_company_with_both_connections(
    world: World, server: Any, log_in: Callable[[str], Any]
) -> None:
    account = world.add_account("verde")
    page = log_in("suporte")
    page.get_by_role("link", name="Cadastrar empresa").click()
    page.locator("[name=name]").fill(account.name)
    page.locator("[name=cnpj]").fill(account.bling.cnpj)
    page.locator("[name=sync_from]").fill("01/01/2026")
    page.get_by_role("button", name="Salvar", exact=True).click()
    tenant = Tenant.objects.get(slug__startswith="verde")

    page.goto("/admin/")
    page.get_by_role("link", name="Cadastre uma conexão com o Bling").click()
    assert page.locator("[name=tenant]").input_value() == str(tenant.pk)
    page.locator("[name=client_id]").fill("ab" * 30)
    page.locator("[name=client_secret]").fill("chave")
    page.get_by_role("button", name="Salvar", exact=True).click()
    page.get_by_text("chave da antiga API v2").wait_for()
    page.locator("[name=client_id]").fill(account.bling.client_id)
    page.locator("[name=client_secret]").fill(account.bling.client_secret)
    page.get_by_role("button", name="Salvar", exact=True).click()
    page.get_by_text("Salvo(a):").first.wait_for()
    assert BlingConnection.objects.get(tenant=tenant).client_secret == account.bling.client_secret

    page.goto(f"/admin/integrations/kaminoconnection/add/?tenant={tenant.pk}")
    page.locator("[name=base_url]").fill("https://kamino.example.com")
    for name, value in account.kamino.keys().items():
        page.locator(f"[name={name}]").fill(value)
    page.get_by_role("button", name="Salvar", exact=True).click()
    page.get_by_text("As chaves só são enviadas a endereços https").wait_for()
    page.locator("[name=base_url]").fill(server.kamino_url)
    page.locator("[name=hash]").fill(account.kamino.hash)
    for name in ("app", "id_usr", "usr"):
        page.locator(f"[name={name}]").fill(account.kamino.keys()[name])
    page.get_by_role("button", name="Salvar", exact=True).click()
    page.get_by_text("Salvo(a):").first.wait_for()
    connection = KaminoConnection.objects.get(tenant=tenant)

    page.goto(f"/admin/integrations/kaminoconnection/{connection.pk}/test/")
    page.get_by_role("button", name="Testar conexão").click()
    page.get_by_text("Plano de contas").wait_for()
    assert page.locator(".ik-checks .ik-bad").count() == 1  # locked periods wait for Kamino's word
    page.goto("/admin/")
    page.get_by_role("link", name="Conecte ao Bling").wait_for()


@pytest.mark.long
def test_finance_maps_a_category_and_the_title_is_delivered(
    company: Company, people: dict[str, Any], log_in: Callable[[str], Any]
) -> None:
    company.tenant.members.add(people["financeiro"])
    category = company.bling.add_category("Brindes para clientes", kind=3)
    title = company.add_title("payable", category=category)
    company.sync()
    assert company.in_kamino("payable", title) is None

    page = log_in("financeiro")
    page.get_by_role("link", name="1 título requer ação").click()
    page.get_by_role("heading", name="Requer ação").wait_for()
    page.locator("#result_list a.text-link").first.click()
    page.get_by_role("link", name="Cadastrar esta categoria no De/Para").click()
    page.get_by_label("Plano de contas: Brindes para clientes").fill("Categoria de Teste")
    page.get_by_role("button", name="Ver a prévia").click()
    page.get_by_role("button", name="Aplicar").click()
    page.get_by_text("1 linha alterada, 1 título será replanejado.").wait_for()
    assert Mapping.objects.filter(source__bling_id=category, chart_account__isnull=False).exists()
    company.work()
    assert company.in_kamino("payable", title) is not None
    page.goto(f"/admin/integrations/title/{company.title(title).pk}/change/")
    page.get_by_text("Enviado").first.wait_for()


@pytest.mark.long
def test_staff_find_a_title_resync_it_and_force_its_settlement(
    company: Company, people: dict[str, Any], log_in: Callable[[str], Any]
) -> None:
    company.tenant.members.add(people["operacao"])
    number = company.add_title("payable", value="1234.56", document_number="NF 4711")
    company.sync()
    page = log_in("operacao")
    page.goto("/admin/integrations/title/")
    page.locator("#searchbar").fill("NF 4711")
    page.keyboard.press("Enter")
    page.locator("#result_list tbody tr").first.locator("a").first.click()
    page.get_by_role("link", name="Ressincronizar").click()
    page.get_by_role("button", name="Ressincronizar").click()
    page.get_by_text("1 título na fila").wait_for()
    company.work()

    page.get_by_role("link", name="Forçar baixa na Kamino").click()
    page.locator("[name=date]").fill(f"{company.bling.world.today:%d/%m/%Y}")
    page.locator("[name=account]").select_option(index=1)
    page.locator("[name=reason]").fill("Pago por Pix, combinado por telefone")
    page.get_by_role("button", name="Forçar baixa na Kamino").click()
    page.get_by_text("ordenada").first.wait_for()
    assert ForcedSettlement.objects.get().amount == company.title(number).value
    assert PersonAction.objects.filter(kind="force").exists()
    company.work()
    assert company.in_kamino("payable", number)["Situacao"] == 2
    page.reload()
    page.get_by_text("Pago por Pix").first.wait_for()
    page.set_viewport_size({"width": 1500, "height": 1300})
    picture(page, "titulo.png")


@pytest.mark.long
def test_the_first_page_tells_every_company_s_colour(
    new_company: Callable[..., Company], world: World, log_in: Callable[[str], Any]
) -> None:
    good, revoked = new_company("azul"), new_company("verde")
    for company in (good, revoked):
        for value in ("120.00", "80.50", "999.90"):
            company.add_title("payable", value=value)
            company.add_title("receivable", value=value)
        company.sync()
    world.grants.revoke_company(revoked.bling)
    revoked.sync()
    Tenant.objects.create(slug="nova", name="Nova Comércio Ltda", sync_from="2026-01-01")
    review_alerts(now=timezone.now())
    page = log_in("suporte")
    for words in ("Saudável", "Problema", "Em configuração"):
        page.get_by_text(words).first.wait_for()
    picture(page, "dashboard.png")


def test_discrepancies_fit_the_window(company: Company, people: dict[str, Any], log_in: Callable[[str], Any]) -> None:
    company.tenant.members.add(people["operacao"])
    company.add_title("payable", value="123456.78", document_number="NF 2026/0001")
    company.sync()
    posting, now = Posting.objects.get(), timezone.now()
    one_of_payment = set(DiscrepancyKind) - set(PAYMENT_KINDS) | {DiscrepancyKind.SETTLED_ONLY_IN_KAMINO}
    for kind in sorted(one_of_payment):
        StoredDiscrepancy.objects.create(
            posting=posting, kind=kind, bling_value="Compra de material de escritório", kamino_value="Compra",
            opened_at=now - timedelta(days=3), seen_at=now,
        )  # fmt: skip
    page = log_in("operacao")
    page.goto("/admin/integrations/discrepancy/")
    page.locator("#result_list").wait_for()
    assert page.evaluate(SCROLLS_SIDEWAYS) == []
