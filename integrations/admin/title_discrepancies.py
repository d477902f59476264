"""The open discrepancies of one title, of some, or of a whole filtered list, as a file."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.admin import actions
from integrations.admin.scope import scoped
from integrations.admin.spreadsheet_export import file_of_rows
from integrations.models import Discrepancy, Title
from integrations.resources.files import NativeXlsx


class DiscrepanciesOfTitles:
    """A link above the list of titles, an action on some of them, and a link on a title's page."""

    admin_site: Any
    filtered: Any
    has_view_permission: Any

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.discrepancies_of_list)
        return [path("divergencias/", view, name="integrations_title_discrepancies"), *super().get_urls()]  # type: ignore[misc]

    def has_export_discrepancy_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("integrations.export_discrepancy"))

    def discrepancies_of_list(self, request: HttpRequest) -> HttpResponse:
        """Return those of everything that the filters show. Raises `PermissionDenied`."""
        if not (self.has_view_permission(request) and self.has_export_discrepancy_permission(request)):
            raise PermissionDenied
        titles = self.filtered(request)
        if titles is None:
            messages.error(request, _("This filter is not understood. Nothing was ordered."))
            return HttpResponseRedirect(actions.changelist_url(self))
        back = f"{actions.changelist_url(self)}?{request.GET.urlencode()}"
        return _file(request, titles) or HttpResponseRedirect(back)

    @admin.action(description=gettext_lazy("Export discrepancies"), permissions=["export_discrepancy"])
    def export_discrepancies(self, request: HttpRequest, queryset: QuerySet[Title]) -> HttpResponse | None:
        return _file(request, queryset)


def _file(request: HttpRequest, titles: QuerySet[Title]) -> HttpResponse | None:
    """Return the file, or say that there is nothing to be in it."""
    keys = titles.order_by().values("pk")
    rows = scoped(Discrepancy.objects.filter(closed_at=None, posting__title__in=keys), request)
    if not rows.exists():
        messages.info(request, _("These titles have no open discrepancies."))
        return None
    return file_of_rows(request, "divergencias", rows, NativeXlsx)


def discrepancies_url(query: str) -> str:
    """Return the address of the file for the titles that an address of their list shows."""
    return f"{reverse('admin:integrations_title_discrepancies')}?{query}"
