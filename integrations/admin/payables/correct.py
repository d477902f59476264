"""Rows of a spreadsheet of payables that cannot be sent, with fields to correct them in."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.admin.kit import actions
from integrations.admin.kit.scope import change_url, row_number, sees_confidential
from integrations.models import BlingConnection, PayableSheet
from integrations.models.confidential import confidential_ids
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.payables.columns import COLUMNS, as_typed
from integrations.pipeline.payables.corrections import correct_rows, signature_of
from integrations.pipeline.payables.sheet import ShownRow, read_sheet
from integrations.resources.payables import CHOSEN, names_to_choose, said_of

ROWS_AT_ONCE = 50
"""With fourteen columns below the number of fields that Django takes from a form."""


class CorrectPage:
    """The page where rows are corrected: those with errors, some at a time."""

    admin_site: Any
    opts: Any
    get_object_or_deny: Any

    def correct_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show rows that cannot be sent, and keep what was typed. Raises `PermissionDenied`."""
        sheet = self.get_object_or_deny(request, object_id)
        require_entering(request)
        if request.method == "POST":
            return self._keep(request, sheet)
        hidden = hidden_of(request, sheet.connection)
        is_open = sheet.state == PayableSheet.State.PROPOSED
        bad = read_sheet(sheet, hidden=hidden, now=timezone.now()).bad if is_open else []
        if not bad:
            return HttpResponseRedirect(change_url(sheet))
        rows = bad[:ROWS_AT_ONCE]
        context = {
            **self.admin_site.each_context(request), "opts": self.opts, "sheet": sheet,
            "title": _("Correct rows of %(file)s") % {"file": sheet.file_name}, "back": change_url(sheet),
            "columns": list(COLUMNS.values()), "rows": [_fields(row) for row in rows], "left": len(bad) - len(rows),
            "seen": signature_of(sheet, [row.number for row in rows]), "choices": _choices(sheet.connection, hidden),
        }  # fmt: skip
        return TemplateResponse(request, "admin/integrations/payables/correct.html", context)

    def _keep(self, request: HttpRequest, sheet: PayableSheet) -> HttpResponse:
        numbers = [number for text in request.POST.getlist("row") if (number := row_number(text)) is not None]
        cells = {
            number: {name: text for name in COLUMNS if (text := request.POST.get(f"{number}-{name}")) is not None}
            for number in numbers
        }
        try:
            changed = correct_rows(sheet=sheet, cells=cells, seen=request.POST.get("seen", ""))
        except Refused as error:
            actions.refused(request, error)
            return HttpResponseRedirect(correct_url(sheet))
        text = ngettext("%(count)s row was changed.", "%(count)s rows were changed.", changed) % {"count": changed}
        messages.success(request, text)
        return HttpResponseRedirect(change_url(sheet))


def correct_url(sheet: PayableSheet) -> str:
    return reverse("admin:integrations_payablesheet_correct", args=[sheet.pk])


def may_enter(request: HttpRequest) -> bool:
    """Say whether somebody may enter payables for Bling."""
    return bool(request.user.has_perm("integrations.enter_payable"))


def require_entering(request: HttpRequest) -> None:
    """Raise `PermissionDenied` for who may not enter payables."""
    if not may_enter(request):
        raise PermissionDenied


def hidden_of(request: HttpRequest, connection: BlingConnection) -> frozenset[int]:
    """Return the categories of a connection that somebody may not see."""
    return frozenset() if sees_confidential(request) else confidential_ids(connection)


def _fields(row: ShownRow) -> dict[str, Any]:
    wrong = {fault.field for fault in row.faults}
    cells = [
        {
            "name": f"{row.number}-{name}", "label": label, "text": as_typed(row.cells.get(name, ""), name),
            "is_wrong": name in wrong, "list": f"of-{name}" if name in CHOSEN else "",
        }
        for name, label in COLUMNS.items()
    ]  # fmt: skip
    return {"number": row.number, "says": said_of(row), "cells": cells}


def _choices(connection: BlingConnection, hidden: frozenset[int]) -> list[tuple[str, Sequence[str]]]:
    """Return the names to choose from, by the id of their list."""
    return [(f"of-{column}", names) for column, names in names_to_choose(connection, hidden).items()]
