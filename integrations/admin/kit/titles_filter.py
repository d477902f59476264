"""Discrepancies of some titles: a page of titles hands its own filters on, so that one title, a selection and a whole
filtered list are exported by the same button."""

from copy import copy
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import RadioFilter

from integrations.models import Title


def discrepancies_url(query: str) -> str:
    """Return the page that exports the open discrepancies of the titles that this query of their list shows."""
    return f"{reverse('admin:integrations_discrepancy_export')}?{urlencode({TitlesFilter.parameter_name: f'?{query}'})}"


class TitlesFilter(RadioFilter):  # type: ignore[misc]
    """Only what belongs to the titles of another list. It is shown where it is used, to be taken off again."""

    title = gettext_lazy("titles")
    parameter_name = "titulos"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        value = request.GET.get(self.parameter_name)
        return [(value, gettext_lazy("Those of the list of titles"))] if value else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if not value:
            return queryset
        return queryset.filter(posting__title__in=_titles(request, value.removeprefix("?")))


def _titles(request: HttpRequest, query: str) -> QuerySet[Any]:
    """Return the keys of what the list of titles shows. Raises `IncorrectLookupParameters` for a query it refuses."""
    page: Any = admin.site.get_model_admin(Title)
    asked = copy(request)
    asked.GET = QueryDict(query)
    if not page.has_view_permission(asked):
        raise IncorrectLookupParameters
    found: QuerySet[Any] = page.get_changelist_instance(asked).get_queryset(asked)
    return found.order_by().values("pk")
