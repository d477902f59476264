"""Spreadsheets of payables: the template, the upload, and the preview with what is wrong with each cell."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from integrations.admin.kit import actions, texts
from integrations.admin.kit.base import ReadOnlyAdmin
from integrations.admin.kit.decorators import display
from integrations.admin.kit.downloads import Taken, attachment
from integrations.admin.kit.filters import ChoiceColumn, TenantFilter
from integrations.admin.kit.forms import UploadForm
from integrations.admin.kit.scope import change_url, sees_confidential, sight_for
from integrations.admin.payables.correct import CorrectPage, correct_url, hidden_of, may_enter, require_entering
from integrations.admin.payables.enter import MOST_LINKS, accepted_text, duplicate_text, which_account, writable
from integrations.domain.audit import AuditAction
from integrations.models import BlingConnection, PayableSheet
from integrations.models.confidential import marked_ids
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.payables.accept import writing_of
from integrations.pipeline.payables.columns import as_typed
from integrations.pipeline.payables.sheet import Shown, ShownRow, accept_sheet, discard_sheet, read_sheet, take_sheet
from integrations.pipeline.payables.suppliers import nearest_names
from integrations.queue import enqueue_tick
from integrations.resources.payables import bad_rows, said_of, template
from integrations.words.writes import SHEET_COLOURS

ROWS_SHOWN, SUPPLIERS_SHOWN = 200, 50
State = PayableSheet.State


@admin.register(PayableSheet)
class PayableSheetAdmin(CorrectPage, ReadOnlyAdmin):
    tenant_path = "connection__tenant"
    list_before_template = "admin/integrations/payables/list.html"
    empty_text = gettext_lazy("Nobody sent a spreadsheet of payables yet.")
    list_display = ["sent", "file_name", "state_label", "author", "company"]
    list_filter = [TenantFilter, ("state", ChoiceColumn)]
    list_select_related = ["connection__tenant", "user"]
    ordering = ["-created_at", "-pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request).select_related("connection__tenant", "user")
        if sees_confidential(request):
            return rows
        # What somebody who sees more has sent may name what others do not see.
        found: QuerySet[Any] = rows.exclude(~Q(user=request.user), connection__in=list(marked_ids()))
        return found

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("importar/", view(self.upload), name="integrations_payablesheet_upload"),
            path("modelo/<int:pk>/", view(self.template_view), name="integrations_payablesheet_template"),
            path("<path:object_id>/linhas-com-erro/", view(self.errors_view), name="integrations_payablesheet_errors"),
            path("<path:object_id>/corrigir/", view(self.correct_view), name="integrations_payablesheet_correct"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        address = upload_url() if may_enter(request) else ""
        return super().changelist_view(request, {"upload_url": address, **(extra_context or {})})

    @display(gettext_lazy("sent at"), ordering="created_at")
    def sent(self, sheet: PayableSheet) -> str:
        return texts.moment(sheet.created_at)

    @display(gettext_lazy("state"), ordering="state", label=SHEET_COLOURS)
    def state_label(self, sheet: PayableSheet) -> tuple[str, str]:
        return sheet.state, str(sheet.get_state_display())

    @display(gettext_lazy("sent by"))
    def author(self, sheet: PayableSheet) -> str:
        return str(sheet.user)

    @display(gettext_lazy("company"), ordering="connection__tenant__name")
    def company(self, sheet: PayableSheet) -> str:
        return str(sheet.connection.tenant)

    def upload(self, request: HttpRequest) -> HttpResponse:
        """Ask for the company where there are several, then for a file. Raises `PermissionDenied`."""
        require_entering(request)
        connections, connection = which_account(request)
        if request.method == "POST" and connection is not None:
            sheet = self._take(request, connection)
            if sheet is not None:
                return HttpResponseRedirect(change_url(sheet))
        form = UploadForm(label=_("Spreadsheet (.xlsx, .ods or .csv)"), accept=".xlsx,.ods,.csv")
        context = {
            **self.admin_site.each_context(request), "opts": self.opts, "title": _("Import payables"),
            "connections": connections, "connection": connection, "form": form if connection else None,
            "most": MOST_LINKS, "back": actions.changelist_url(self),
        }  # fmt: skip
        return TemplateResponse(request, "admin/integrations/payables/upload.html", context)

    def _take(self, request: HttpRequest, connection: BlingConnection) -> PayableSheet | None:
        upload: Any = request.FILES.get("file")
        if upload is None:
            messages.error(request, _("Choose a file."))
            return None
        try:
            return take_sheet(
                connection=connection, name=upload.name or "", content=upload.read(), user=actions.user_of(request),
                now=timezone.now(),
            )  # fmt: skip
        except Refused as error:
            actions.refused(request, error)
            return None

    def template_view(self, request: HttpRequest, pk: int) -> HttpResponse | StreamingHttpResponse:
        """Return an empty spreadsheet with the registers of a company to choose from."""
        require_entering(request)
        connection = get_object_or_404(writable(request), pk=pk)
        name = f"contas-a-pagar-{connection.tenant.slug}.xlsx"
        return attachment(
            request, template(connection, hidden_of(request, connection)), name, action=AuditAction.DOWNLOAD_LIST,
            of=connection, taken=Taken([connection.tenant]),
        )  # fmt: skip

    def errors_view(self, request: HttpRequest, object_id: str) -> HttpResponse | StreamingHttpResponse:
        """Return the rows that cannot be sent, with the reasons, as a spreadsheet that can be sent again."""
        sheet = self.get_object_or_deny(request, object_id)
        require_entering(request)
        shown = read_sheet(sheet, hidden=hidden_of(request, sheet.connection), now=timezone.now())
        tenant = sheet.connection.tenant
        return attachment(
            request, bad_rows(shown.bad), f"linhas-com-erro-{sheet.pk}.xlsx", action=AuditAction.DOWNLOAD_LIST,
            of=sheet, taken=Taken([tenant], {tenant.pk: len(shown.bad)}),
        )  # fmt: skip

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show what becomes of a sheet, and take the decision about it."""
        sheet = self.get_object_or_deny(request, object_id)
        if request.method == "POST":
            return self._decide(request, sheet)
        is_open = sheet.state == State.PROPOSED
        shown = read_sheet(sheet, hidden=hidden_of(request, sheet.connection), now=timezone.now()) if is_open else None
        may_decide = is_open and may_enter(request)
        context = {
            **self.admin_site.each_context(request), "opts": self.opts, "sheet": sheet,
            "title": _("Payables of %(company)s from a spreadsheet") % {"company": sheet.connection.tenant},
            "state": sheet.get_state_display(), "back": actions.changelist_url(self),
            "batch_url": change_url(sheet.batch), "may_decide": may_decide,
            "correct_url": correct_url(sheet) if may_decide else "",
            **(self._preview(request, sheet.connection, shown) if shown else {}),
        }  # fmt: skip
        return TemplateResponse(request, "admin/integrations/payables/sheet.html", context)

    def _preview(self, request: HttpRequest, connection: BlingConnection, shown: Shown) -> dict[str, Any]:
        return {
            "new": self._new(request, connection, shown),
            "shown": shown,
            "total": texts.money(shown.total),
            "good": [_line(row) for row in shown.good[:ROWS_SHOWN]],
            "doubtful": [
                {**_line(row), "says": [duplicate_text(one, request) for one in row.duplicates]}
                for row in shown.doubtful[:ROWS_SHOWN]
            ],
            "bad": [{**_line(row), "says": said_of(row)} for row in shown.bad[:ROWS_SHOWN]],
            "limit": ROWS_SHOWN,
            "new_limit": SUPPLIERS_SHOWN,
        }

    def _new(self, request: HttpRequest, connection: BlingConnection, shown: Shown) -> list[tuple[str, str, list[str]]]:
        """Return who may be created in Bling, and who that may be instead."""
        new = shown.new_suppliers[:SUPPLIERS_SHOWN]
        nearest = nearest_names(connection, {one.name for one in new}, sight_for(request))
        whole = texts.sees_personal_data(request)
        return [(one.name, texts.document(one.document, whole=whole), nearest[one.name]) for one in new]

    def _decide(self, request: HttpRequest, sheet: PayableSheet) -> HttpResponse:
        require_entering(request)
        user, hidden = actions.user_of(request), hidden_of(request, sheet.connection)
        try:
            if request.POST.get("do") == "discard":
                discard_sheet(sheet=sheet, user=user, now=timezone.now())
                messages.info(request, _("Discarded. Nothing was sent."))
                return HttpResponseRedirect(actions.changelist_url(self))
            batch = accept_sheet(
                sheet=sheet, signature=request.POST.get("seen", ""), hidden=hidden, user=user, clock=timezone.now,
                with_doubtful=request.POST.get("with_doubtful") == "yes",
                with_new=request.POST.get("with_new") == "yes",
            )  # fmt: skip
        except Refused as error:
            actions.refused(request, error)
            return HttpResponseRedirect(change_url(sheet))
        enqueue_tick()
        messages.success(request, accepted_text(batch, writing_of(sheet.connection)))
        left = len(sheet.rows) - len(PayableSheet.objects.get(pk=sheet.pk).rows)
        if left:
            messages.info(request, _left_text(left))
        return HttpResponseRedirect(change_url(batch))


def upload_url() -> str:
    return reverse("admin:integrations_payablesheet_upload")


def _left_text(count: int) -> str:
    return ngettext(
        "%(count)s row was not sent: it waits in “Spreadsheets of payables”.",
        "%(count)s rows were not sent: they wait in “Spreadsheets of payables”.",
        count,
    ) % {"count": count}


def _line(row: ShownRow) -> dict[str, Any]:
    entry = row.entry
    return {
        "number": row.number,
        "supplier": entry.supplier.name if entry else row.cells.get("supplier", ""),
        "due": texts.day(entry.due_date) if entry else as_typed(row.cells.get("due_date", ""), "due_date"),
        "value": texts.money(entry.value) if entry else row.cells.get("value", ""),
        "count": len(entry.parcels()) if entry and row.is_good else "",
        "document_number": row.cells.get("document_number", ""), "is_new": row.has_new_supplier,
    }  # fmt: skip
