"""Lists that people take home as spreadsheets: the same two formats everywhere, and a record of who took what."""

from array import array
from io import BytesIO
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import DecimalField, Value
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from import_export.admin import ExportMixin
from import_export.formats.base_formats import Format
from unfold.contrib.import_export.forms import ExportForm

from integrations.admin.kit import actions, downloads, texts
from integrations.admin.kit.downloads import Taken
from integrations.admin.kit.lists import ClosedList, refuse_unread
from integrations.admin.kit.scope import change_url
from integrations.domain.audit import AuditAction
from integrations.domain.seen import Seen
from integrations.login.step_up import stepped_up
from integrations.queue import enqueue_tick
from integrations.resources import exporting
from integrations.resources.files import BrazilianCsv, NativeXlsx, write_file


class MarkedExportForm(ExportForm):  # type: ignore[misc]
    """The format, and the mark of the rows that the page showed."""

    mark = forms.CharField(widget=forms.HiddenInput)


class SpreadsheetExport(ExportMixin):  # type: ignore[misc]
    """An export button. `export_name` begins the file's name; a long list is written in the background."""

    export_form_class = MarkedExportForm
    export_template_name = "admin/integrations/kit/export.html"
    export_name = ""

    def get_resource_classes(self, request: HttpRequest) -> list[Any]:
        return [exporting.RESOURCES[self.export_name]]

    def get_export_formats(self) -> list[Any]:
        return [NativeXlsx, BrazilianCsv]

    def has_export_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(exporting.RESOURCES[self.export_name].permission))

    @stepped_up
    def export_action(self, request: HttpRequest) -> HttpResponse:
        """Ask for the format, then export. A filter that the list refuses is said so: it must never mean every row."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        listed = self._listed(request)
        if refuse_unread(request, listed, _("Nothing was exported.")):
            return HttpResponseRedirect(f"{actions.changelist_url(self)}?{request.GET.urlencode()}")
        response: HttpResponse = super().export_action(request)
        return response

    def _listed(self, request: HttpRequest) -> ClosedList:
        """Return what the list shows, read once for each request."""
        if "exported_list" not in vars(request):
            vars(request)["exported_list"] = self.get_changelist_instance(request)
        listed: ClosedList = vars(request)["exported_list"]
        return listed

    def get_export_queryset(self, request: HttpRequest) -> Any:
        return self._listed(request).queryset

    def init_request_context_data(self, request: HttpRequest, form: Any) -> dict[str, Any]:
        """Add what is exported: the filters in words, how many rows, and their sum."""
        listed = self._listed(request)
        seen = _seen(self.export_name, listed.queryset)
        text = ngettext("%(count)s row", "%(count)s rows", seen.count) % {"count": seen.count}
        if exporting.RESOURCES[self.export_name].value_path:
            text = f"{text}, {texts.money(seen.total)}"
        form.fields["mark"].initial = seen.mark
        context: dict[str, Any] = super().init_request_context_data(request, form)
        return {**context, "what": [f"{text}.", *listed.in_words()], "export_url": f"?{listed.understood()}"}

    def get_valid_export_item_pks(self, request: HttpRequest) -> list[int]:
        """Return none: rows are chosen by filters. The library would offer the keys of every company's rows."""
        return []

    def _do_file_export(self, file_format: Any, request: HttpRequest, queryset: Any, export_form: Any) -> Any:
        if export_form.cleaned_data["mark"] != _seen(self.export_name, queryset).mark:
            messages.error(request, _("The list has changed meanwhile. Look at the new count, and export it then."))
            return HttpResponseRedirect(request.get_full_path())
        listed = self._listed(request).understood()
        return file_of_rows(request, self.export_name, queryset, type(file_format), listed)


def _seen(table: str, rows: Any) -> Seen:
    """Return what the page shows of the rows of a table."""
    value = exporting.RESOURCES[table].value_path
    columns = rows.values_list("pk", value or Value(None, output_field=DecimalField()))
    return Seen.of(columns[: exporting.MOST_ROWS + 1].iterator(chunk_size=exporting.CHUNK))


def file_of_rows(
    request: HttpRequest, table: str, rows: Any, file_format: type[Format], listed: str
) -> HttpResponse | StreamingHttpResponse:
    """Return rows as a file (`table` is one of `exporting.RESOURCES`), or the page of one that is made in the
    background; who asked is recorded, with the query of the list that was `listed`."""
    extension = file_format().get_extension()
    keys = rows.values_list("pk", flat=True)[: exporting.MOST_ROWS + 1]
    ids = array("q", keys.iterator(chunk_size=exporting.CHUNK))
    if len(ids) > exporting.MOST_ROWS:
        text = _("At most %(most)s rows in one file. Narrow the list down.") % {"most": exporting.MOST_ROWS}
        messages.error(request, text)
        return HttpResponseRedirect(request.get_full_path())
    resource, name = exporting.RESOURCES[table](), f"{table}-{timezone.localdate():%Y-%m-%d}.{extension}"
    taken = Taken.of(rows, resource)
    if len(ids) > exporting.MOST_AT_ONCE:
        user = actions.user_of(request)
        with transaction.atomic():
            order = exporting.order(
                table=table, file_format=extension, rows=rows, ids=ids, user=user, now=timezone.now()
            )
            downloads.note(request, name, action=AuditAction.FILE_ORDERED, of=order, filter=listed, taken=taken)
        enqueue_tick()
        return HttpResponseRedirect(change_url(order))
    out = BytesIO()
    write_file(out, resource, extension, exporting.cells_of(resource, resource.every_row(), ids))
    return downloads.attachment(
        request, out.getvalue(), name, action=AuditAction.DOWNLOAD_LIST, filter=listed, taken=taken
    )
