"""A worker that fills a company's mapping desk, and does one part of finance's work there: its argument names it.

`fill <rows>` makes names and titles; `file` proposes, reads and carries out a spreadsheet of all of them, as the tick
does; `screen` opens the first page of the desk and the preview of 200 rows, as the web does. Prints what it cost.
"""

import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import django

from benchmarks.measure import report_cost

CHARTS = 600
TITLES_PER_NAME = 2
SLUG = "mesa"


def main() -> None:
    django.setup()
    part: dict[str, Callable[[], Callable[[], object]]] = {"file": _file, "screen": _screen}
    if sys.argv[1] == "fill":
        _fill(int(sys.argv[2]))
    else:
        report_cost(part[sys.argv[1]]())


def _fill(count: int) -> None:
    from django.utils import timezone

    from integrations.models import BlingConnection, CatalogItem, KaminoItem, Title

    now, connection = timezone.now(), BlingConnection.objects.get(tenant__slug=SLUG)
    company = connection.tenant.kamino_connection
    words = [f"Conta {number:04d} de despesa" for number in range(CHARTS)]
    KaminoItem.objects.bulk_create(
        KaminoItem(
            connection=company, kind="chart_account", kamino_id=f"3.{number:04d}", name=name, read_at=now
        ).fold_name()
        for number, name in enumerate(words)
    )
    CatalogItem.objects.bulk_create(
        CatalogItem(
            connection=connection, kind="category", bling_id=number + 1, name=f"Despesa {number:05d}",
            path=f"Despesas › Despesa {number:05d}", nature="expense", read_at=now,
        )
        for number in range(count)
    )  # fmt: skip
    Title.objects.bulk_create(
        Title(
            connection=connection, direction="payable", bling_id=number + 1, status="open",
            shown_status="open", status_number=1,
            due_date=date(2026, 12, 1), value=Decimal("100.00"), category_id=number % count + 1,
            is_released=True, first_seen_at=now, read_at=now, changed_at=now,
        )
        for number in range(count * TITLES_PER_NAME)
    )  # fmt: skip


def _edited() -> bytes:
    """Return the company's spreadsheet with a name of Kamino in every row."""
    from io import BytesIO

    import openpyxl

    from integrations.models import Tenant
    from integrations.models.confidential import WHOLE
    from integrations.resources.mappings import mapping_xlsx

    book = openpyxl.load_workbook(BytesIO(mapping_xlsx(Tenant.objects.get(slug=SLUG).pk, WHOLE)))
    sheet: Any = book["De-Para"]
    place = [cell.value for cell in sheet[1]].index("Plano de contas")
    kind = [cell.value for cell in sheet[1]].index("Tipo")
    for number, row in enumerate(sheet.iter_rows(min_row=2)):
        if row[kind].value == "Categoria":
            row[place].value = f"3.{number % CHARTS:04d}"
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _file() -> Callable[[], object]:
    from django.contrib.auth.models import User
    from django.utils import timezone

    from integrations.models import MappingChange, Tenant
    from integrations.models.confidential import WHOLE
    from integrations.pipeline.mapping.changes import advance_changes, confirm, measures, propose_file

    user = User.objects.create_user("financeiro")
    content = _edited()

    def work() -> None:
        tenant = Tenant.objects.get(slug=SLUG)
        change = propose_file(tenant=tenant, name="x.xlsx", content=content, user=user, clock=timezone.now)
        advance_changes(clock=timezone.now)
        change.refresh_from_db()
        measures(change, date(2026, 1, 1), WHOLE)
        confirm(change=change, reach="open", since=None, good_rows_only=True, user=user, clock=timezone.now)
        advance_changes(clock=timezone.now)
        if MappingChange.objects.get(pk=change.pk).state != "done":
            raise RuntimeError(MappingChange.objects.get(pk=change.pk).error)

    return work


def _screen() -> Callable[[], object]:
    from django.contrib.auth.models import User
    from django.test import Client
    from django.urls import reverse

    from integrations.models import Tenant

    user = User.objects.create_superuser("raiz")
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    desk = reverse("admin:integrations_mapping_desk", args=[Tenant.objects.get(slug=SLUG).pk])
    content = _edited()

    def work() -> None:
        from django.core.files.uploadedfile import SimpleUploadedFile

        sent = client.post(desk, {"do": "upload", "file": SimpleUploadedFile("x.xlsx", content)})
        if client.get(sent["Location"]).status_code != 200:
            raise RuntimeError("no preview")
        done = client.post(sent["Location"], {"do": "confirm", "reach": "open"})
        if client.get(done["Location"]).status_code != 200:
            raise RuntimeError("no desk")

    return work


if __name__ == "__main__":
    main()
