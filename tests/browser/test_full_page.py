"""A full page of a list: what floats over it covers no row that a person wants to reach."""

from collections.abc import Callable
from typing import Any

import pytest

from integrations.models import Tenant
from tests.admin.world import DAY, Rows, make_rows, make_title

FULL_PAGE = 50


@pytest.fixture
def full(people: dict[str, Any]) -> Rows:
    """A company with more titles than a page holds, and more companies than a page holds."""
    rows = make_rows("nossa", 11, people["suporte"])
    for number in range(FULL_PAGE):
        make_title(rows.bling, rows.kamino, rows.person, rows.category, 50_000 + number)
    Tenant.objects.bulk_create(
        Tenant(slug=f"empresa-{number}", name=f"Empresa {number}", cnpj="11222333000181", sync_from=DAY)
        for number in range(FULL_PAGE)
    )
    rows.tenant.members.add(people["operacao"])
    return rows


@pytest.mark.parametrize(("role", "listed"), [("operacao", "title"), ("suporte", "tenant")])
@pytest.mark.some(2)
def test_the_last_row_can_be_unticked(role: str, listed: str, full: Rows, log_in: Callable[[str], Any]) -> None:
    page = log_in(role)
    page.goto(f"/admin/integrations/{listed}/")
    boxes = page.locator("#result_list input.action-select")
    assert boxes.count() == FULL_PAGE
    boxes.last.check()
    page.locator("#changelist-actions").wait_for()
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    boxes.last.uncheck(timeout=5000)
    assert not boxes.last.is_checked()
