"""Fechamento do mês: both systems side by side, looked at, frozen, and taken home."""

from datetime import datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.admin.kit import actions, texts
from integrations.admin.kit.base import ReadOnlyAdmin
from integrations.admin.kit.decorators import display
from integrations.admin.kit.downloads import Taken, attachment
from integrations.admin.kit.filters import TenantFilter
from integrations.admin.kit.forms import MonthForm
from integrations.admin.kit.scope import change_url, sight_for, told_counts
from integrations.domain.audit import AuditAction
from integrations.login.step_up import stepped_up
from integrations.models import MonthClosing, Tenant
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.report import month, month_numbers
from integrations.resources import reports
from integrations.words.confidential import CLOSED_MONTH
from integrations.words.values import readable

SHOWN_DIFFERENCES = 100


@admin.register(MonthClosing)
class MonthClosingAdmin(ReadOnlyAdmin):
    empty_text = gettext_lazy("No month was frozen yet. Begin with “Compare a month”.")
    tenant_path = "tenant"
    long_order = ("-month", "tenant_id", "-version")
    list_display = ["month_text", "company", "version", "differs", "made", "made_by"]
    list_filter = [TenantFilter]
    list_select_related = ["tenant", "made_by"]
    list_before_template = "admin/integrations/reports/month_closings.html"

    def get_urls(self) -> list[Any]:
        """Add the page that compares a month, and the workbook of a frozen one."""
        compare, sheet = (self.admin_site.admin_view(view) for view in (self.compare, self.sheet))
        return [
            path("comparar/", compare, name="integrations_monthclosing_compare"),
            path("<path:object_id>/planilha/", sheet, name="integrations_monthclosing_sheet"),
            *super().get_urls(),
        ]

    @display(gettext_lazy("month"), ordering="month")
    def month_text(self, row: MonthClosing) -> str:
        return date_format(row.month, "YEAR_MONTH_FORMAT")

    @display(gettext_lazy("company"), ordering="tenant__name")
    def company(self, row: MonthClosing) -> str:
        return str(row.tenant)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return told_counts(super().get_queryset(request), request)

    @display(gettext_lazy("differences"))
    def differs(self, row: Any) -> int | str:
        if not row.shows_counts:
            return texts.EMPTY
        return sum(len(row.numbers[section]["differences"]) for section in ("competence", "settled"))

    @display(gettext_lazy("frozen at"), ordering="made_at")
    def made(self, row: MonthClosing) -> str:
        return texts.moment(row.made_at)

    def compare(self, request: HttpRequest) -> HttpResponse:
        """Show a month as it is now; freeze it when the form asks for that. Raises `PermissionDenied`."""
        may = self.has_view_permission(request)
        if not may or (request.method == "POST" and not request.user.has_perm("integrations.close_month")):
            raise PermissionDenied
        form = MonthForm(request.GET or None, tenants=Tenant.objects.for_user(request.user).order_by("name"))
        context: dict[str, Any] = {}
        if form.is_valid():
            tenant, first = form.cleaned_data["tenant"], form.cleaned_data["first"]
            found = month.month_of(tenant, first)
            numbers = month_numbers.numbers_of(found)
            seen = month_numbers.fingerprint_of(numbers)
            if request.method == "POST" and request.POST.get("seen") == seen:
                row = self._freeze(request, tenant, found)
                if row is not None:
                    return HttpResponseRedirect(change_url(row))
            elif request.method == "POST":
                messages.warning(request, _("The numbers changed since you looked. Nothing was frozen: look again."))
            may_freeze = request.user.has_perm("integrations.close_month")
            context = {**_shown(numbers, tenant, request), "seen": seen, "may_freeze": may_freeze}
            context["is_read"] = found.is_read
        context |= {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Compare a month"),
            "form": form,
            "back": actions.changelist_url(self),
        }
        return TemplateResponse(request, "admin/integrations/reports/month_compare.html", context)

    def _freeze(self, request: HttpRequest, tenant: Tenant, found: month_numbers.Month) -> MonthClosing | None:
        """Freeze what was looked at; `None` where the form lacks the word that it takes."""
        accepts, user = "accepts_as_sent" in request.POST, actions.user_of(request)
        try:
            row = month.freeze(tenant=tenant, found=found, user=user, now=timezone.now(), accepts_as_sent=accepts)
        except Refused as refused:
            messages.warning(request, str(refused))
            return None
        messages.success(request, _("Frozen as version %(version)s.") % {"version": row.version})
        return row

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show a frozen month."""
        row: MonthClosing = self.get_object_or_deny(request, object_id)
        may_export = request.user.has_perm("integrations.export_title")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Closing of %(month)s") % {"month": self.month_text(row)},
            "closing": row,
            "accepted": reports.accepted_text(row) if row.as_sent_accepted_by else "",
            **_shown(row.numbers, row.tenant, request),
            "sheet": reverse("admin:integrations_monthclosing_sheet", args=[row.pk]) if may_export else "",
            "back": actions.changelist_url(self),
        }
        return TemplateResponse(request, "admin/integrations/reports/month_closing.html", context)

    @stepped_up
    def sheet(self, request: HttpRequest, object_id: str) -> HttpResponse | StreamingHttpResponse:
        """Return a frozen month as a workbook. Raises `PermissionDenied`."""
        row: MonthClosing = self.get_object_or_deny(request, object_id)
        if not request.user.has_perm("integrations.export_title"):
            raise PermissionDenied
        out = BytesIO()
        reports.write_closing(out, row, sight_for(request))
        name = f"fechamento-{row.tenant.slug}-{row.month:%Y-%m}-v{row.version}.xlsx"
        return attachment(
            request, out.getvalue(), name, action=AuditAction.DOWNLOAD_MONTH, of=row, taken=Taken([row.tenant])
        )


def _shown(numbers: dict[str, Any], tenant: Tenant, request: HttpRequest) -> dict[str, Any]:
    """Return what both pages show the user of a month's numbers."""
    visible = month_numbers.visible_numbers(numbers, tenant, sight_for(request))
    read_at = visible["read_at"]
    return {
        "sections": _sections(visible),
        "read_at": datetime.fromisoformat(read_at) if read_at else None,
        "left_out": _(CLOSED_MONTH) if visible["is_closed"] else texts.left_out(tenant, request),
    }


def _sections(numbers: dict[str, Any]) -> list[dict[str, Any]]:
    """Return both tables as a page shows them: amounts in words of money, and no more differences than one reads."""
    names = {"competence": _("By competence"), "settled": _("By day of settlement")}
    return [
        {
            "name": name,
            "as_sent": reports.closing_as_sent(numbers[section]),
            "headers": reports.closing_headers(section),
            "rows": [_cells(row) for row in numbers[section]["rows"]],
            "totals": [texts.money(total) for total in _totals(numbers[section]["rows"])],
            "difference_headers": reports.difference_headers(section),
            "differences": [
                [
                    *row[:4],
                    *map(texts.plain_number, row[4:6]),
                    *(texts.money(Decimal(text)) for text in row[6:9]),
                    readable(row[9]),
                ]
                for row in numbers[section]["differences"][:SHOWN_DIFFERENCES]
            ],
            "left": max(0, len(numbers[section]["differences"]) - SHOWN_DIFFERENCES),
        }
        for section, name in names.items()
    ]


def _cells(row: list[Any]) -> list[Any]:
    return [*row[:4], *(texts.money(Decimal(text)) for text in row[4:])]


def _totals(rows: list[list[Any]]) -> list[Decimal]:
    return [sum((Decimal(row[column]) for row in rows), Decimal(0)) for column in (4, 5, 6)]
