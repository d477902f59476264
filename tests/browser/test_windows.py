"""Pages fit the windows that people have: a laptop's, and a phone's."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from integrations.domain.discrepancies import DiscrepancyKind
from integrations.models import Posting, StoredDiscrepancy
from tests.browser.test_roles import SCROLLS_SIDEWAYS
from tests.flows.helpers import Company

PHONE, LAPTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
OUT_OF_SIGHT = """() => [...document.querySelectorAll(".ik-title .ik-table td, .ik-title .ik-table th")]
    .filter(e => e.offsetParent !== null && e.getBoundingClientRect().right > window.innerWidth + 1)
    .map(e => e.textContent.trim())"""
TALLEST = """() => Math.max(...[...document.querySelectorAll(".ik-title .ik-table td")].map(cell => {
    const words = document.createRange(); words.selectNodeContents(cell);
    return cell.getBoundingClientRect().height - words.getBoundingClientRect().height;
}))"""


@pytest.fixture
def busy(company: Company, people: dict[str, Any]) -> Company:
    company.tenant.members.add(people["operacao"], people["suporte"])
    company.add_title("payable", value="123456.78", document_number="NF 2026/0001")
    company.sync()
    posting, now = Posting.objects.get(), timezone.now()
    for kind in (DiscrepancyKind.EDITED_IN_KAMINO, DiscrepancyKind.DUPLICATED, DiscrepancyKind.PERSON):
        StoredDiscrepancy.objects.create(
            posting=posting, kind=kind, bling_value="Compra de material de escritório", kamino_value="Compra",
            opened_at=now - timedelta(days=3), seen_at=now,
        )  # fmt: skip
    return company


@pytest.mark.some(2)
@pytest.mark.parametrize("window", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_a_title_s_tables_are_seen_whole(
    busy: Company, log_in: Callable[[str], Any], window: dict[str, int], tmp_path: Path
) -> None:
    page = log_in("operacao")
    page.set_viewport_size(window)
    page.goto(f"/admin/integrations/title/{Posting.objects.get().title_id}/change/")
    page.get_by_text("Divergências em aberto").wait_for()
    page.screenshot(path=tmp_path / "title.png", full_page=True)
    assert page.evaluate(OUT_OF_SIGHT) == []
    assert page.evaluate(TALLEST) < 60, "no cell is empty below its words"


@pytest.mark.some(3)
@pytest.mark.parametrize("table", ["tenant", "title", "discrepancy"])
def test_lists_fit_a_laptop(busy: Company, log_in: Callable[[str], Any], table: str, tmp_path: Path) -> None:
    page = log_in("suporte" if table == "tenant" else "operacao")
    page.set_viewport_size(LAPTOP)
    page.goto(f"/admin/integrations/{table}/")
    page.locator("#result_list").wait_for()
    page.screenshot(path=tmp_path / f"{table}.png", full_page=True)
    assert page.evaluate(SCROLLS_SIDEWAYS) == []
    page.set_viewport_size(PHONE)
    page.screenshot(path=tmp_path / f"{table}-phone.png", full_page=True)
    labels = page.evaluate(
        "() => [...document.querySelectorAll('#result_list [data-label]')]"
        ".map(e => getComputedStyle(e, '::before').textTransform)"
    )
    assert set(labels) == {"none"}
