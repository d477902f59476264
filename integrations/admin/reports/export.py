"""Exports under way and finished: each person sees and fetches their own."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.admin.kit import actions, texts
from integrations.admin.kit.base import ReadOnlyAdmin
from integrations.admin.kit.decorators import display
from integrations.admin.kit.downloads import Taken, attachment
from integrations.admin.kit.scope import change_url
from integrations.domain.audit import AuditAction
from integrations.login.step_up import stepped_up
from integrations.models import Export, Tenant
from integrations.resources.exporting import file_of, may_have


@admin.register(Export)
class ExportAdmin(ReadOnlyAdmin):
    empty_text = gettext_lazy(
        "Only lists of more than 5,000 rows come here; shorter ones are downloaded at once by “Export”."
    )
    list_display = ["ordered", "what", "counted", "state"]
    list_display_links = ["ordered"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Only the user's own, whatever companies they see; the ids stay in the database."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.filter(user=request.user.pk).defer("packed_ids")

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.download)
        return [path("<int:pk>/baixar/", view, name="integrations_export_download"), *super().get_urls()]

    @display(gettext_lazy("ordered at"), ordering="created_at")
    def ordered(self, row: Export) -> str:
        return texts.moment(row.created_at)

    @display(gettext_lazy("file"))
    def what(self, row: Export) -> str:
        return file_name(row)

    @display(gettext_lazy("state"))
    def state(self, row: Export) -> str:
        if row.failure:
            return str(row.get_failure_display())
        if not row.finished_at:
            return _("Under way: %(done)s of %(count)s rows") % {"done": row.cursor, "count": row.counted}
        if is_expired(row):
            return _("Expired")
        return _("Ready until %(moment)s") % {"moment": texts.moment(row.expires_at)}

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show how far a file is, and then the way to it; the page renews itself until then."""
        row = self.get_object_or_deny(request, object_id)
        is_ready = bool(row.finished_at) and not row.failure and not is_expired(row)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": file_name(row),
            "export": row,
            "state": self.state(row),
            "download": reverse("admin:integrations_export_download", args=[row.pk]) if is_ready else "",
            "back": actions.changelist_url(self),
        }
        return TemplateResponse(request, "admin/integrations/reports/export.html", context)

    @stepped_up
    def download(self, request: HttpRequest, pk: int) -> Any:
        """Send the file to the person who ordered it. Raises `Http404` for others and before it is
        finished, `PermissionDenied` once they may no longer see what it shows."""
        row = self.get_object_or_deny(request, str(pk))
        if not row.finished_at or row.failure:
            raise Http404
        if is_expired(row):
            messages.warning(request, _("This file has expired. Order it again from its list."))
            return HttpResponseRedirect(change_url(row))
        if not may_have(row):
            raise PermissionDenied
        companies = list(Tenant.objects.filter(pk__in=row.tenant_ids).order_by("pk"))
        return attachment(
            request, file_of(row), file_name(row), action=AuditAction.FILE_FETCHED, of=row, taken=Taken(companies)
        )


def file_name(row: Export) -> str:
    """Return what a file is called: as if it had been downloaded at once."""
    return f"{row.table}-{timezone.localtime(row.created_at):%Y-%m-%d}.{row.file_format}"


def is_expired(row: Export) -> bool:
    return row.expires_at is not None and row.expires_at <= timezone.now()
