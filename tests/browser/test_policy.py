"""Each page of the admin in a browser: it needs nothing that its Content-Security-Policy refuses, and no script breaks.

The fixture of the window fails a test in which something was refused.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.urls import reverse

from tests.admin.world import Rows, make_rows


def addresses(rows: Rows) -> list[str]:
    """Return the lists, with the pages to add to them, to export, to change and to delete a row, and its history."""
    found = ["/admin/", reverse("admin:integrations_title_open_position"), f"/admin/?q={rows.tenant.slug}"]
    mine = {type(row): row.pk for row in rows.all()}
    for model, page in sorted(admin.site._registry.items(), key=lambda item: item[0]._meta.label):
        base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        found.append(reverse(f"{base}_changelist"))
        found += [reverse(f"{base}_export")] if hasattr(page, "export_name") and page.export_name else []
        if model in mine:
            found += [reverse(f"{base}_{name}", args=[mine[model]]) for name in ("change", "history", "delete")]
    return [*found, reverse("admin:auth_user_add"), reverse("admin:auth_group_add")]


@pytest.mark.long
def test_no_page_needs_what_is_refused(people: dict[str, User], log_in: Callable[[str], Any]) -> None:
    rows = make_rows("nossa", 11, people["suporte"])
    User.objects.filter(username="suporte").update(is_superuser=True)
    page, broken = log_in("suporte"), []
    page.on("pageerror", lambda error: broken.append((page.url, str(error))))
    opened = 0
    for address in addresses(rows):
        answer = page.goto(address, wait_until="load")
        opened += answer is not None and answer.status == 200
    assert broken == []
    assert opened > 60
