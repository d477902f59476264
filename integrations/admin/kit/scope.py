"""Which rows a user may see: only those of the companies they were given."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet, Value
from django.http import HttpRequest
from django.urls import reverse

from integrations import models
from integrations.models.confidential import Marked, marked_ids, without_confidential

MAX_DIGITS = 19
"""From so many on, a number may be more than a key holds."""

TENANT_PATHS: dict[type[Model], str] = {
    models.Tenant: "pk",
    models.BlingConnection: "tenant",
    models.KaminoConnection: "tenant",
    models.ConnectionEvent: "connection__tenant",
    models.CatalogItem: "connection__tenant",
    models.KaminoItem: "connection__tenant",
    models.Mapping: "connection__tenant",
    models.MappingChange: "tenant",
    models.Person: "connection__tenant",
    models.Title: "connection__tenant",
    models.Payment: "title__connection__tenant",
    models.Posting: "kamino_connection__tenant",
    models.PersonPosting: "kamino_connection__tenant",
    models.PlannedWrite: "kamino_connection__tenant",
    models.Attempt: "kamino_connection__tenant",
    models.ForcedSettlement: "posting__kamino_connection__tenant",
    models.Discrepancy: "posting__kamino_connection__tenant",
    models.SyncRun: "connection__tenant",
    models.Alert: "tenant",
    models.FilterRule: "connection__tenant",
    models.ConfidentialCategory: "connection__tenant",
    models.BulkOrder: "tenant",
    models.RestoreHold: "kamino_connection__tenant",
    models.MonthClosing: "tenant",
    models.AuditEvent: "company_id",
}


def sees_every_tenant(request: HttpRequest) -> bool:
    return bool(request.user.has_perm("integrations.access_all_tenants"))


def sees_confidential(request: HttpRequest) -> bool:
    return bool(request.user.has_perm("integrations.view_confidential"))


def told_connections(rows: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
    """Tell each row whether the user may open the pages of connections (`opens_connections`): a column cannot ask."""
    may = request.user.has_perms(["integrations.view_blingconnection", "integrations.view_kaminoconnection"])
    marked: QuerySet[Any] = rows.annotate(opens_connections=Value(may))
    return marked


def _marked_ids(request: HttpRequest) -> Marked:
    """Return which categories are confidential, asked once for each request."""
    if "marked_ids" not in vars(request):
        vars(request)["marked_ids"] = marked_ids()
    found: Marked = vars(request)["marked_ids"]
    return found


def scoped(queryset: QuerySet[Any], request: HttpRequest, path: str | None = None) -> QuerySet[Any]:
    """Return the rows of `queryset` that the user may see: of their companies, and nothing of confidential titles
    without the permission; other tables come back whole."""
    if not sees_confidential(request):
        queryset = without_confidential(queryset, _marked_ids(request))
    path = path or TENANT_PATHS.get(queryset.model)
    if path is None or sees_every_tenant(request):
        return queryset
    return queryset.filter(**{f"{path}__in": models.Tenant.objects.for_user(request.user)})


def row_number(text: str | None) -> int | None:
    """Return the number in a part of an address, or None. "²" is a digit to Python, but no number; nor is what no key
    can hold."""
    return int(text) if text and text.isdecimal() and len(text) < MAX_DIGITS else None


def change_url(row: Model | None) -> str:
    """Return the address of an object's page, "" for none and for tables without one."""
    if row is None or not admin.site.is_registered(type(row)):
        return ""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
