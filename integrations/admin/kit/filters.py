"""Filters that several lists share."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RadioFilter


class OpenFilter(RadioFilter):  # type: ignore[misc]
    """Rows that are not closed, unless asked otherwise."""

    title = _("state")
    parameter_name = "open"
    all_option = None

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("", _("Open")), ("0", _("Closed")), ("all", _("All"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value() or ""
        return queryset if value == "all" else queryset.filter(closed_at__isnull=value != "0")
