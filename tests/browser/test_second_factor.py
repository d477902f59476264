"""The second factor in a browser, by keyboard: set up at the first log-in, asked at the next, and before what is
dangerous."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import FIRST_PAGE, give_password, picture
from tests.flows.helpers import Company
from tests.login.factors import code_of

pytestmark = pytest.mark.browser


def test_it_is_set_up_and_asked_for(
    company: Company, people: dict[str, Any], new_page: Callable[[], Any], settings: Any
) -> None:
    settings.REQUIRE_SECOND_FACTOR = True
    company.tenant.members.add(people["suporte"])
    page = new_page()
    give_password(page, "suporte")
    page.get_by_text("Configure primeiro o segundo fator").wait_for()
    secret = page.locator("input[disabled]").input_value()
    picture(page, "segundo-fator.png", mask=[page.locator("svg"), page.locator("input[disabled]")])
    page.get_by_label("Código do autenticador").fill(code_of(secret))
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Códigos de recuperação").wait_for()
    page.goto("/admin/")
    page.get_by_text("Visão geral").first.wait_for()

    page.context.clear_cookies()
    give_password(page, "suporte")
    page.get_by_role("heading", name="Autenticação de dois fatores").wait_for()
    page.locator("[name=code]").first.fill(code_of(secret))
    page.keyboard.press("Enter")
    page.wait_for_url(FIRST_PAGE)


def test_what_is_typed_waits_for_the_code(
    company: Company,
    people: dict[str, Any],
    new_page: Callable[[], Any],
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from integrations.login import step_up
    from integrations.models import KaminoConnection
    from tests.login.factors import give_factor

    settings.REQUIRE_SECOND_FACTOR = True
    company.tenant.members.add(people["suporte"])
    secret, page = give_factor(people["suporte"]), new_page()
    give_password(page, "suporte")
    page.locator("[name=code]").first.fill(code_of(secret))
    page.keyboard.press("Enter")
    page.wait_for_url(FIRST_PAGE)
    monkeypatch.setattr(step_up, "FRESH_FOR", 0)  # as if the log-in were long ago

    connection = KaminoConnection.objects.get()
    page.goto(f"/admin/integrations/kaminoconnection/{connection.pk}/change/")
    page.locator("[name=requests_per_minute]").fill("77")
    page.get_by_role("button", name="Salvar", exact=True).click()
    page.get_by_role("heading", name="Confirme que é você").wait_for()
    picture(page, "confirmar.png")
    page.get_by_label("Código").fill(code_of(secret))
    page.keyboard.press("Enter")
    page.wait_for_url("**/kaminoconnection/")
    connection.refresh_from_db()
    assert connection.requests_per_minute == 77


def test_a_security_key_is_a_factor_and_confirms_what_was_typed(
    company: Company,
    people: dict[str, Any],
    new_page: Callable[[], Any],
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from integrations.login import step_up
    from integrations.models import KaminoConnection

    settings.REQUIRE_SECOND_FACTOR = True
    company.tenant.members.add(people["suporte"])
    page = new_page()
    browser = page.context.new_cdp_session(page)
    browser.send("WebAuthn.enable")
    browser.send("WebAuthn.addVirtualAuthenticator", {"options": {
        "protocol": "ctap2", "transport": "usb", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }})  # fmt: skip
    give_password(page, "suporte")
    page.get_by_text("Configure primeiro o segundo fator").wait_for()
    page.goto("/conta/segundo-fator/webauthn/add/")
    page.locator("#mfa_webauthn_add").press("Enter")
    page.get_by_role("heading", name="Códigos de recuperação").wait_for()
    monkeypatch.setattr(step_up, "FRESH_FOR", 0)  # as if the log-in were long ago

    connection = KaminoConnection.objects.get()
    page.goto(f"/admin/integrations/kaminoconnection/{connection.pk}/change/")
    page.locator("[name=requests_per_minute]").fill("77")
    page.get_by_role("button", name="Salvar", exact=True).click()
    page.get_by_role("button", name="Usar uma chave de segurança").press("Enter")
    page.wait_for_url("**/kaminoconnection/")
    connection.refresh_from_db()
    assert connection.requests_per_minute == 77
