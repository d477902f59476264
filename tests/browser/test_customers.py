"""A customer of another system in a browser: two people make its key, and finance says whose e-mail counts."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from django.core.cache import cache
from django.utils import timezone

from integrations.models import BlingWriting
from tests.browser.conftest import picture
from tests.flows.helpers import Company
from tests.flows.systems import LUA

THEIRS = "financeiro@padarialua.example"


@pytest.fixture
def open_company(company: Company, people: dict[str, Any]) -> Company:
    """A company whose Bling has the bakery with another e-mail, and whose contacts may be changed."""
    cache.clear()
    for role in ("financeiro", "suporte"):
        company.tenant.members.add(people[role])
    company.bling.add_contact("Padaria Lua Ltda", document="98.765.432/0001-98", email=THEIRS)
    company.sync()
    now = timezone.now()
    BlingWriting.objects.create(connection=company.connection, mode="live", live_since=now, changes_contacts=True)
    return company


@pytest.mark.long
def test_a_customer_is_sent_and_a_person_says_which_email_counts(
    open_company: Company, log_in: Callable[[str], Any], live_server: Any
) -> None:
    key = make_key(log_in("suporte"))
    assert sent(live_server, key).status_code == 403, "nobody confirmed it"
    finance = log_in("financeiro")
    confirm_key(finance)
    answer = sent(live_server, key)
    assert (answer.status_code, answer.json()["estado"]) == (202, "aguardando")
    open_company.work()
    choose_email(finance)
    open_company.work()
    [contact] = [one for one in open_company.bling.contacts.values() if one.name == LUA["nome"]]
    assert (contact.email, contact.phone) == (LUA["email"], "1133334444")
    finance.get_by_role("link", name=LUA["nome"]).click()
    finance.get_by_text("No Bling", exact=True).first.wait_for()


def make_key(page: Any, may: str = "Nos dois sentidos") -> str:
    """Make a key of the API as support does, which `may` do what the form says so, and return it as the page shows it,
    once."""
    page.get_by_role("link", name="Chaves de programas").first.click()
    page.get_by_role("link", name="Nova chave da API").click()
    page.get_by_label("Conexão com o Bling").select_option(index=1)
    page.get_by_label("Quem a usa").fill("Auvo")
    page.get_by_role("textbox", name="Sistema").fill("auvo")
    page.get_by_label(may).check()
    page.get_by_role("button", name="Salvar").click()
    return str(page.locator("#key").inner_text())


def confirm_key(page: Any) -> None:
    page.get_by_role("link", name="Chaves de programas").first.click()
    page.get_by_role("link", name="Auvo").click()
    page.get_by_role("link", name="Confirmar").click()
    page.get_by_role("button", name="Confirmar").click()
    page.get_by_text("Vale a partir da próxima requisição", exact=False).wait_for()


def choose_email(page: Any) -> None:
    """See both sides on the customer's page, and let the system's e-mail count."""
    page.get_by_role("link", name="Clientes de outros sistemas").first.click()
    page.get_by_role("link", name=LUA["nome"]).click()
    for side in (THEIRS, LUA["email"]):
        page.get_by_text(side).first.wait_for()
    picture(page, "clientes.png")
    page.get_by_role("link", name="Escolher os dados").click()
    page.get_by_label(f"Sistema: {LUA['email']}").check()
    page.get_by_label("Motivo").fill("O cliente confirmou por telefone")
    page.get_by_role("button", name="Salvar").click()
    page.get_by_text("Decidido", exact=False).first.wait_for()


def sent(live_server: Any, key: str, path: str = "clientes/1234", body: Any = LUA) -> requests.Response:
    """Send the bakery, or what else is given, over HTTP; a connection that is kept would keep its thread, and that the
    database."""
    headers = {"Authorization": f"Bearer {key}", "Connection": "close"}
    return requests.put(f"{live_server.url}/api/v1/{path}", json={**body, "versao": 1}, headers=headers, timeout=30)
