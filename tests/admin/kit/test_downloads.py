"""What people take home is recorded before it leaves, and leaves by one way only."""

import ast
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.models import AuditEvent, ConfidentialCategory, Export, Title
from integrations.pipeline.audit.record import keyed
from integrations.resources import exporting
from tests.admin.kit.test_pages import url
from tests.admin.marked import ordered
from tests.admin.world import Rows, make_title

Login = Callable[[str], Client]
OURS = Path(__file__).parents[3] / "integrations"


@pytest.fixture
def newest(db: None) -> Callable[[], list[AuditEvent]]:
    last = AuditEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    kinds = ["download_list", "download_mapping", "download_month", "download_position", "file_ordered", "file_fetched"]
    return lambda: list(AuditEvent.objects.filter(pk__gt=last, action__in=kinds).order_by("pk"))


def test_files_leave_by_one_way_only() -> None:
    """Whoever writes the header, or streams, elsewhere would send a file that nobody recorded."""
    found = set()
    for path in OURS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_header = isinstance(node, ast.Constant) and "content-disposition" in str(node.value).lower()
            is_file = isinstance(node, ast.Name) and node.id == "FileResponse"
            is_stream = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "StreamingHttpResponse"
            if is_header or is_file or is_stream:
                found.add(path.relative_to(OURS).as_posix())
    # The second one reads it, in what programs send, and can answer nobody.
    assert found == {"admin/kit/downloads.py", "bling_v2/request.py"}


def test_a_list_names_each_company_with_rows_and_sum(login: Login, ours: Rows, theirs: Rows, newest: Any) -> None:
    for number in range(2):
        make_title(ours.bling, ours.kamino, ours.person, ours.category, 50_000 + number)
    count = Title.objects.filter(connection=ours.bling).count()
    total = sum((row.value for row in Title.objects.filter(connection=ours.bling)), Decimal(0))
    assert ordered(login("root"), url(Title, "export") + "?q=Pessoa", format="1").status_code == 200
    events = {event.company: event for event in newest()}
    assert set(events) == {ours.tenant.slug, theirs.tenant.slug}
    event = events[ours.tenant.slug]
    assert (event.actor, event.count, event.amount) == ("root", count, total)
    assert event.filter == f"q=%23{keyed('Pessoa')}"
    assert event.details["file"].endswith(".csv") or event.details["file"].endswith(".xlsx")


def test_what_is_confidential_is_in_no_figure(login: Login, ours: Rows, newest: Any) -> None:
    """Else an auditor who may not see salaries has their sum by subtraction."""
    title, _posting = make_title(ours.bling, ours.kamino, ours.person, ours.free_category, 50_000)
    ConfidentialCategory.objects.create(connection=ours.bling, item=ours.free_category)
    public = Title.objects.filter(connection=ours.bling).exclude(pk=title.pk)
    assert ordered(login("root"), url(Title, "export"), format="1").status_code == 200
    (event,) = (event for event in newest() if event.company == ours.tenant.slug)
    total = sum((row.value for row in public), Decimal(0))
    assert (event.count, event.amount, event.details["confidential"]) == (public.count(), total, True)


def test_a_list_inside_of_a_filter_names_nobody_either(login: Login, ours: Rows, newest: Any) -> None:
    page = reverse("admin:integrations_discrepancy_export")
    assert ordered(login("root"), f"{page}?titulos=%3Fq%3DFulano", format="1").status_code == 200
    (event,) = newest()
    assert "Fulano" not in event.filter
    assert keyed("Fulano") in event.filter


def test_a_large_file_is_recorded_when_it_is_ordered_and_when_it_is_fetched(
    login: Login, users: dict[str, User], ours: Rows, newest: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "MOST_AT_ONCE", 0)
    client = login("financeiro")
    assert ordered(client, url(Title, "export"), format="1").status_code == 302
    while exporting.advance_exports(clock=timezone.now):
        pass
    row = Export.objects.get()
    assert client.get(reverse("admin:integrations_export_download", args=[row.pk])).status_code == 200
    made, fetched = newest()
    assert (made.action, fetched.action) == ("file_ordered", "file_fetched")
    assert {(event.actor, event.company, event.object_id) for event in (made, fetched)} == {
        ("financeiro", ours.tenant.slug, row.pk)
    }
    assert (made.count, fetched.count) == (row.counted, None)


def test_files_of_a_company_are_recorded(login: Login, ours: Rows, newest: Any) -> None:
    client = login("root")
    for page in (
        reverse("admin:integrations_mapping_export", args=[ours.tenant.pk, "csv"]),
        reverse("admin:integrations_monthclosing_sheet", args=[ours.closing.pk]),
        reverse("admin:integrations_title_open_position") + f"?tenant={ours.tenant.pk}&day=21/11/2026&planilha=1",
    ):
        assert client.get(page).status_code == 200, page
    assert [(event.action, event.company, event.actor) for event in newest()] == [
        (action, ours.tenant.slug, "root") for action in ("download_mapping", "download_month", "download_position")
    ]
