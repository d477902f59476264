"""Registers of both sides, read by machines; the mapping desk uses them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from integrations.admin.kit import texts
from integrations.admin.kit.base import ReadOnlyAdmin
from integrations.admin.kit.decorators import display
from integrations.admin.kit.filters import BooleanColumn, ChoiceColumn, TenantFilter
from integrations.models import CatalogItem, KaminoItem


@admin.register(CatalogItem)
class CatalogItemAdmin(ReadOnlyAdmin):
    tenant_path = "connection__tenant"
    list_display = ["full_name", "kind", "number", "is_gone", "connection", "read"]
    list_filter = [TenantFilter, ("kind", ChoiceColumn), ("is_gone", BooleanColumn)]
    list_select_related = ["connection__tenant"]
    search_fields = ["name", "path", "bling_id"]
    shortest_word = 3
    fields = ["name", "path", "kind", "number", "connection", "is_gone", "read_at"]
    readonly_fields = ["number"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("connection__tenant")

    @display(gettext_lazy("name"), ordering="path")
    def full_name(self, item: CatalogItem) -> str:
        return str(item)

    @display(gettext_lazy("Bling id"), ordering="bling_id")
    def number(self, item: CatalogItem) -> str:
        return texts.plain_number(item.bling_id)

    @display(gettext_lazy("read at"), ordering="read_at")
    def read(self, item: CatalogItem) -> str:
        return texts.moment(item.read_at)


@admin.register(KaminoItem)
class KaminoItemAdmin(ReadOnlyAdmin):
    tenant_path = "connection__tenant"
    list_display = ["name", "kind", "kamino_id", "path", "is_active", "takes_postings", "connection", "read"]
    list_filter = [TenantFilter, ("kind", ChoiceColumn), ("is_active", BooleanColumn)]
    list_select_related = ["connection__tenant"]
    search_fields = ["name", "path", "kamino_id"]
    shortest_word = 3
    fields = ["name", "path", "kind", "kamino_id", "is_active", "takes_postings", "connection", "read_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("connection__tenant")

    @display(gettext_lazy("read at"), ordering="read_at")
    def read(self, item: KaminoItem) -> str:
        return texts.moment(item.read_at)
