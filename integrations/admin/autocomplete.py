"""Autocomplete fields that offer only registers of the connection at hand."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import QuerySet
from django.http import HttpRequest

from integrations.models import BlingConnection


class ConnectedAutocomplete(AutocompleteSelect):
    """Tells the look-up which connection, and which kind of register, the row belongs to."""

    def __init__(self, field: Any, admin_site: Any, *, connection: int, kind: str) -> None:
        super().__init__(field, admin_site)
        self.query = {"of_connection": connection, "of_kind": kind}

    def get_url(self) -> str:
        return f"{super().get_url()}?{urlencode(self.query)}"


def of_connection(rows: QuerySet[Any], request: HttpRequest, *, bling_side: bool) -> QuerySet[Any]:
    """Narrow a look-up to the connection that its field named. The rows are already limited to the user's companies."""
    pk = request.GET.get("of_connection", "")
    if not pk.isdigit():
        return rows
    if bling_side:
        rows = rows.filter(connection=pk, is_gone=False)
        kind = request.GET.get("of_kind", "")
        return rows.filter(kind=kind) if kind else rows
    tenants = BlingConnection.objects.filter(pk=pk).values("tenant")
    return rows.filter(connection__tenant__in=tenants, is_active=True, takes_postings=True)
