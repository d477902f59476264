"""Mappings as they stand, with the history of each; they are changed at the mapping desk."""

from functools import partial
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.admin.kit import texts
from integrations.admin.kit.base import HistoryAdmin, ReadOnlyAdmin
from integrations.admin.kit.decorators import display
from integrations.admin.kit.filters import ChoiceColumn, TenantFilter
from integrations.admin.mapping.desk import choose_view, desk_view, export_view, row_url
from integrations.models import Mapping
from integrations.models.mappings import TARGET_KINDS
from integrations.words.colours import MAPPING_KIND_COLOURS


@admin.register(Mapping)
class MappingAdmin(HistoryAdmin, ReadOnlyAdmin):
    tenant_path = "connection__tenant"
    list_display = ["in_bling", "kind_label", "in_kamino", "cost_center", "business_unit", "open_names", "company"]
    list_filter = [TenantFilter, ("kind", ChoiceColumn)]
    list_select_related = ["connection__tenant", "source", "person", *TARGET_KINDS]
    search_fields = [
        "bling_name", "source__name", "source__path", "person__name", "chart_account__name", "bank_account__name",
    ]  # fmt: skip
    ordering = ["connection", "kind", "source__path", "bling_name"]
    long_order = ("connection_id", "kind", "pk")
    shortest_word = 3
    fields = ["company", "kind_label", "in_bling", *TARGET_KINDS, "open_names", "at_the_desk"]
    readonly_fields = ["company", "kind_label", "in_bling", "open_names", "at_the_desk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related(*self.list_select_related)  # Django leaves those of the list out where there are any

    def get_urls(self) -> list[Any]:
        site, mesa = self.admin_site, "mesa/<int:tenant_id>/"
        choose = site.admin_view(partial(choose_view, admin_site=site))
        desk = site.admin_view(partial(desk_view, admin_site=site))
        export = site.admin_view(export_view)
        return [
            path("mesa/", choose, name="integrations_mapping_choose"),
            path(mesa, desk, name="integrations_mapping_desk"),
            path(f"{mesa}exportar/<str:file_format>/", export, name="integrations_mapping_export"),
            *super().get_urls(),
        ]

    @display(gettext_lazy("in Bling"), ordering="source__path")
    def in_bling(self, mapping: Mapping) -> str:
        return str(mapping.source or mapping.person or mapping.bling_name)

    @display(gettext_lazy("kind"), ordering="kind", label=MAPPING_KIND_COLOURS)
    def kind_label(self, mapping: Mapping) -> tuple[str, str]:
        return mapping.kind, mapping.get_kind_display()

    @display(gettext_lazy("in Kamino"))
    def in_kamino(self, mapping: Mapping) -> str:
        return str(mapping.chart_account or mapping.bank_account or texts.EMPTY)

    @display(gettext_lazy("names not found yet"))
    def open_names(self, mapping: Mapping) -> str:
        return ", ".join(str(name) for name in mapping.pending.values()) or texts.EMPTY

    @display(gettext_lazy("company"), ordering="connection__tenant__name")
    def company(self, mapping: Mapping) -> str:
        return str(mapping.connection)

    @display(gettext_lazy("change"))
    def at_the_desk(self, mapping: Mapping) -> str:
        owner = mapping.source or mapping.person
        if owner is None:
            return texts.EMPTY
        url = row_url(mapping.connection.tenant_id, mapping.kind, owner.bling_id)
        return texts.anchor(url, _("Change at the mapping desk"))
