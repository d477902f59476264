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
