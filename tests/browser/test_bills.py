"""A bill of another system in a browser: its key, the product that Bling lacks, and the order that comes of it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from integrations.models import BlingWriting
from tests.browser.conftest import picture
from tests.browser.test_customers import confirm_key, make_key, sent
from tests.flows.helpers import Company
from tests.flows.systems import BILL, LUA, sales


@pytest.fixture
def open_company(company: Company, people: dict[str, Any]) -> Company:
    """A company whose bills become orders, and whose Bling has one of the two products."""
    cache.clear()
    for role in ("financeiro", "suporte"):
        company.tenant.members.add(people[role])
    company.bling.add_product("VISITA", "Visita técnica")
    company.sync()
    now = timezone.now()
    BlingWriting.objects.create(connection=company.connection, mode="live", live_since=now, writes_orders=True)
    return company


@pytest.mark.long
def test_a_bill_becomes_an_order_once_its_product_is_registered(
    open_company: Company, log_in: Callable[[str], Any], live_server: Any
) -> None:
    key = make_key(log_in("suporte"), "Pode enviar faturas")
    finance = log_in("financeiro")
    confirm_key(finance)
    answer = sent(live_server, key, "faturas/OS-77", {**BILL, "cliente_ref": None, "cliente": LUA})
    assert (answer.status_code, answer.json()["estado"]) == (202, "aguardando")
    open_company.work()
    finance.get_by_role("link", name="Faturas de outros sistemas").first.click()
    finance.get_by_text("PECA", exact=False).first.wait_for()
    finance.get_by_role("link", name=LUA["nome"]).click()
    finance.get_by_text("Cadastre o produto no Bling", exact=False).first.wait_for()
    picture(finance, "faturas.png")
    open_company.bling.add_product("PECA", "Peça")
    finance.get_by_role("link", name="Enviar de novo").click()
    finance.get_by_role("button", name="Enviar de novo").click()
    finance.get_by_text("Vai em seguida", exact=False).first.wait_for()
    open_company.work()
    [sale] = sales(open_company)
    finance.reload()
    finance.get_by_text("No Bling", exact=True).first.wait_for()
    finance.get_by_text(str(sale.number), exact=True).first.wait_for()
