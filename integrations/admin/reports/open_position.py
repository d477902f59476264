"""Posição em aberto: what both systems had open on a day."""

from io import BytesIO
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations.admin.kit import actions, texts
from integrations.admin.kit.downloads import Taken, attachment
from integrations.admin.kit.forms import PositionForm
from integrations.admin.kit.scope import sight_for
from integrations.domain.audit import AuditAction
from integrations.domain.calendar import day_of
from integrations.login.step_up import asks_first
from integrations.models import Tenant
from integrations.pipeline.report.position import open_on, totals_of
from integrations.resources import reports


class OpenPosition:
    """A page beside the list of titles."""

    admin_site: Any
    opts: Any

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.open_position)
        return [path("posicao-em-aberto/", view, name="integrations_title_open_position"), *super().get_urls()]  # type: ignore[misc]

    def open_position(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        """Ask for a company and a day; show the sums, or return the titles as a workbook. Raises `PermissionDenied`."""
        if not self.has_view_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        may_export = request.user.has_perm("integrations.export_title")
        tenants = Tenant.objects.for_user(request.user).order_by("name")
        form = PositionForm(request.GET or None, tenants=tenants, initial={"day": day_of(timezone.now())})
        context: dict[str, Any] = {}
        if form.is_valid():
            tenant, day = form.cleaned_data["tenant"], form.cleaned_data["day"]
            if "planilha" in request.GET:
                if not may_export:
                    raise PermissionDenied
                return asks_first(request) or _workbook(request, tenant, day)
            totals = totals_of(open_on(tenant, day, sight_for(request)))
            rows = reports.position_rows(totals.sums())
            context = {"rows": [[*row[:3], *map(texts.money, row[3:])] for row in rows], "asked": True}
            context["as_sent"] = reports.position_as_sent(totals, tenant)
            context["left_out"] = texts.left_out(tenant, request)
            context |= {"may_export": may_export, "query": request.GET.urlencode()}
        context |= {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Open position"),
            "form": form,
            "back": actions.changelist_url(self),
        }
        return TemplateResponse(request, "admin/integrations/reports/open_position.html", context)


def open_position_url() -> str:
    return reverse("admin:integrations_title_open_position")


def _workbook(request: HttpRequest, tenant: Tenant, day: Any) -> HttpResponse | StreamingHttpResponse:
    out = BytesIO()
    reports.write_position(out, tenant, day, sight_for(request))
    name = f"posicao-{tenant.slug}-{day:%Y-%m-%d}.xlsx"
    action, filter = AuditAction.DOWNLOAD_POSITION, f"day={day}"
    return attachment(request, out.getvalue(), name, action=action, filter=filter, taken=Taken([tenant]))
