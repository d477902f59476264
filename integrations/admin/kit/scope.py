"""Which rows a user may see: only those of the companies they were given."""

from functools import cached_property
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import get_fields_from_path
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, Model, OuterRef, QuerySet, Value
from django.http import HttpRequest
from django.urls import reverse

from integrations import models
from integrations.models.confidential import PUBLIC, WHOLE, Marked, Sight, marked_ids

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
    models.ForcedSettlement: "kamino_connection__tenant",
    models.Discrepancy: "kamino_connection__tenant",
    models.SyncRun: "connection__tenant",
    models.Alert: "tenant",
    models.FilterRule: "connection__tenant",
    models.ConfidentialCategory: "connection__tenant",
    models.BulkOrder: "tenant",
    models.RestoreHold: "kamino_connection__tenant",
    models.MonthClosing: "tenant",
    models.ApiKey: "connection__tenant",
    models.PayableWrite: "connection__tenant",
    models.SettlementWrite: "connection__tenant",
    models.CustomerWrite: "connection__tenant",
    models.OrderWrite: "connection__tenant",
    models.WriteBatch: "connection__tenant",
    models.PayableSheet: "connection__tenant",
    models.BlingAttempt: "connection__tenant",
    models.AuditEvent: "company_id",
}


def sees_every_tenant(request: HttpRequest) -> bool:
    return bool(request.user.has_perm("integrations.access_all_tenants"))


def sees_confidential(request: HttpRequest) -> bool:
    return bool(request.user.has_perm("integrations.view_confidential"))


def sight_for(request: HttpRequest) -> Sight:
    """Return what the user sees of confidential titles."""
    return WHOLE if sees_confidential(request) else Sight(is_whole=False, marked=companies_of(request).marked)


def told_sight(rows: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
    """Tell each row whether the user sees confidential titles (`sight_told`): a column cannot ask."""
    told: QuerySet[Any] = rows.annotate(sees_whole=Value(sees_confidential(request)))
    return told


def sight_told(row: Any) -> Sight:
    """Return what the reader of a row sees, nothing confidential where nobody said."""
    return WHOLE if getattr(row, "sees_whole", False) else PUBLIC


def told_counts(rows: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
    """Tell each row of a company (`tenant`) whether the user may see a count that was kept with it (`shows_counts`):
    nobody can take confidential titles out of it."""
    marked = models.ConfidentialCategory.objects.filter(connection__tenant=OuterRef("tenant"))
    told: QuerySet[Any] = rows.annotate(shows_counts=Value(True) if sees_confidential(request) else ~Exists(marked))
    return told


def told_connections(rows: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
    """Tell each row whether the user may open the pages of connections (`opens_connections`): a column cannot ask."""
    may = request.user.has_perms(["integrations.view_blingconnection", "integrations.view_kaminoconnection"])
    marked: QuerySet[Any] = rows.annotate(opens_connections=Value(may))
    return marked


class Companies:
    """The companies that a user may see, and the keys of their connections: read once for each request, so that a list
    asks for keys that an index holds, and no other table."""

    def __init__(self, request: HttpRequest) -> None:
        self._rows = models.Tenant.objects.for_user(request.user).order_by("name", "pk")
        self._sees_every = sees_every_tenant(request)

    @cached_property
    def names(self) -> dict[int, str]:
        """The names by key, in the order of the alphabet."""
        if self._sees_every:  # nobody asks for their connections
            return dict(self._rows.values_list("pk", "name"))
        return {row[0]: row[1] for row in self._all}

    def keys_of(self, owner: type[Model]) -> list[int]:
        """Return the keys of companies, or of their connections of one kind."""
        column = {models.Tenant: 0, models.KaminoConnection: 2, models.BlingConnection: 3}[owner]
        return sorted({row[column] for row in self._all if row[column] is not None})

    @cached_property
    def marked(self) -> Marked:
        """Which of their categories are confidential."""
        if self._sees_every:
            return marked_ids()
        return {row[3]: row[4] for row in self._all if row[4]}

    @cached_property
    def _all(self) -> list[tuple[Any, ...]]:
        marked = models.ConfidentialCategory.objects.filter(connection=OuterRef("bling_connections")).order_by("pk")
        rows = self._rows.annotate(marked=ArraySubquery(marked.values("item__bling_id")))
        return list(rows.values_list("pk", "name", "kamino_connection", "bling_connections", "marked"))


def companies_of(request: HttpRequest) -> Companies:
    """Return the companies that the user may see."""
    if "companies" not in vars(request):
        vars(request)["companies"] = Companies(request)
    found: Companies = vars(request)["companies"]
    return found


def company_column(model: type[Model], path: str) -> tuple[str, type[Model]]:
    """Return the column that says to which company a row belongs, and the table that it names: the companies' own, or
    that of their connections. `path` leads from the row to its company."""
    column = path.removesuffix("__tenant")
    if column == "pk":
        return column, model
    key = get_fields_from_path(model, column)[-1].remote_field
    owner: type[Model] = key.model if key else models.Tenant  # the audit record names companies without a key
    return column, owner


def of_company(rows: QuerySet[Any], path: str, tenant: int) -> QuerySet[Any]:
    """Return the rows of one company, by the keys of its connections. `path` leads from a row to its company."""
    column, owner = company_column(rows.model, path)
    if owner is models.Tenant:
        return rows.filter(**{column: tenant})
    keys = owner._default_manager.filter(tenant=tenant).values_list("pk", flat=True)
    return rows.filter(**{f"{column}__in": list(keys)})


def scoped(queryset: QuerySet[Any], request: HttpRequest, path: str | None = None) -> QuerySet[Any]:
    """Return the rows of `queryset` that the user may see: of their companies, and nothing of confidential titles
    without the permission; other tables come back whole."""
    queryset = sight_for(request).of(queryset)
    path = path or TENANT_PATHS.get(queryset.model)
    if path is None or sees_every_tenant(request):
        return queryset
    column, owner = company_column(queryset.model, path)
    return queryset.filter(**{f"{column}__in": companies_of(request).keys_of(owner)})


def row_number(text: str | None) -> int | None:
    """Return the number in a part of an address, or None. "²" is a digit to Python, but no number; nor is what no key
    can hold."""
    return int(text) if text and text.isdecimal() and len(text) < MAX_DIGITS else None


def change_url(row: Model | None) -> str:
    """Return the address of an object's page, "" for none and for tables without one."""
    if row is None or not admin.site.is_registered(type(row)):
        return ""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
