"""Lists that people take home as spreadsheets: the same two formats everywhere, and a log line of who took what."""

from array import array
from io import BytesIO
from typing import Any

import structlog
from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _
from import_export.admin import ExportMixin
from import_export.formats.base_formats import Format
from unfold.contrib.import_export.forms import ExportForm

from integrations.admin.kit import actions
from integrations.admin.kit.scope import change_url
from integrations.queue import enqueue_tick
from integrations.resources import exporting
from integrations.resources.files import BrazilianCsv, NativeXlsx, write_file

log = structlog.get_logger(__name__)


class SpreadsheetExport(ExportMixin):  # type: ignore[misc]
    """An export button. `export_name` begins the file's name; a long list is written in the background."""

    export_form_class = ExportForm
    export_name = ""

    def get_resource_classes(self, request: HttpRequest) -> list[Any]:
        return [exporting.RESOURCES[self.export_name]]

    def get_export_formats(self) -> list[Any]:
        return [NativeXlsx, BrazilianCsv]

    def has_export_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(exporting.RESOURCES[self.export_name].permission))

    def export_action(self, request: HttpRequest) -> HttpResponse:
        """Ask for the format, then export. A filter that the list refuses is said so: it must never mean every row."""
        try:
            response: HttpResponse = super().export_action(request)
        except IncorrectLookupParameters:
            messages.error(request, _("This filter is not understood. Nothing was ordered."))
            return HttpResponseRedirect(actions.changelist_url(self))
        return response

    def get_valid_export_item_pks(self, request: HttpRequest) -> list[int]:
        """Return none: rows are chosen by filters. The library would offer the keys of every company's rows."""
        return []

    def _do_file_export(self, file_format: Any, request: HttpRequest, queryset: Any, **_kwargs: Any) -> HttpResponse:
        return file_of_rows(request, self.export_name, queryset, type(file_format))


def file_of_rows(request: HttpRequest, table: str, rows: Any, file_format: type[Format]) -> HttpResponse:
    """Return rows as a file (`table` is one of `exporting.RESOURCES`), or the page of one that is made in the
    background; who asked is noted in the log."""
    extension = file_format().get_extension()
    keys = rows.values_list("pk", flat=True)[: exporting.MOST_ROWS + 1]
    ids = array("q", keys.iterator(chunk_size=exporting.CHUNK))
    if len(ids) > exporting.MOST_ROWS:
        text = _("At most %(most)s rows in one file. Narrow the list down.") % {"most": exporting.MOST_ROWS}
        messages.error(request, text)
        return HttpResponseRedirect(request.get_full_path())
    log.info("exported", what=table, user=request.user.pk, format=extension)
    if len(ids) > exporting.MOST_AT_ONCE:
        user = actions.user_of(request)
        order = exporting.order(table=table, file_format=extension, rows=rows, ids=ids, user=user, now=timezone.now())
        enqueue_tick()
        return HttpResponseRedirect(change_url(order))
    resource, out = exporting.RESOURCES[table](), BytesIO()
    write_file(out, resource, extension, exporting.cells_of(resource, resource.every_row(), ids))
    response = HttpResponse(out.getvalue(), content_type=file_format().get_content_type())
    name = f"{table}-{timezone.localdate():%Y-%m-%d}.{extension}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
