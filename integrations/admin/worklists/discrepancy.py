"""Discrepancies between the two sides, and their export."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet, Value
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from integrations.admin.kit import texts
from integrations.admin.kit.base import ReadOnlyAdmin
from integrations.admin.kit.decorators import display
from integrations.admin.kit.filters import ChoiceColumn, ChoicesColumn, DayRange, OpenFilter, TenantFilter
from integrations.admin.kit.spreadsheet_export import SpreadsheetExport
from integrations.admin.kit.title_search import FoundByTitle
from integrations.admin.kit.titles_filter import TitlesFilter
from integrations.models import Discrepancy
from integrations.words.colours import SEVERITY_COLOURS
from integrations.words.discrepancies import kind_cause, kind_colour
from integrations.words.values import side_text


@admin.register(Discrepancy)
class DiscrepancyAdmin(FoundByTitle, SpreadsheetExport, ReadOnlyAdmin):
    searched_key = "posting__title"
    empty_text = _("No open discrepancy: both systems agree, as far as they were compared.")
    tenant_path = "kamino_connection__tenant"
    export_name = "divergencias"
    list_display = ["kind_label", "title_link", "person", "amount_due", "in_bling", "in_kamino", "why", "since"]
    list_filter = [
        OpenFilter,
        TenantFilter,
        ("kind", ChoicesColumn),
        ("direction", ChoiceColumn),
        ("due_date", DayRange),
        TitlesFilter,
    ]
    list_select_related = ["posting__title__person", "posting__kamino_connection__tenant"]
    search_fields = ["kind"]
    search_help_text = _("Name, CPF/CNPJ, document number, value, Bling id or Kamino id")
    fields = [
        "kind_label", "title_link", "person", "amount_due", "in_bling", "in_kamino", "apart", "days_apart", "meaning",
        "cause_text", "to_do", "opened_at", "seen_at", "closed_at",
    ]  # fmt: skip
    readonly_fields = fields[:11]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        # A column does not get the request, so the row carries what its reader may see.
        found: QuerySet[Any] = rows.annotate(whole_document=Value(texts.sees_personal_data(request))).select_related(
            "posting__title__person", "posting__kamino_connection__tenant"
        )
        return found

    @display(_("kind"), ordering="kind", label={colour: colour for colour in (*SEVERITY_COLOURS.values(), "default")})
    def kind_label(self, row: Discrepancy) -> tuple[str, str]:
        return "default" if row.closed_at else kind_colour(row.kind), row.get_kind_display()

    @display(_("title"), ordering="posting__title__document_number")
    def title_link(self, row: Discrepancy) -> str:
        title = row.posting.title
        number = title.document_number or f"Bling {title.bling_id}"
        return texts.two_lines(texts.link(title, number), row.posting.get_direction_display())

    @display(_("person"), ordering="posting__title__person__name")
    def person(self, row: Discrepancy) -> str:
        return texts.two_lines(texts.link(row.posting.title.person), row.posting.kamino_connection.tenant)

    @display(_("due date and value"), ordering="due_date")
    def amount_due(self, row: Discrepancy) -> str:
        return texts.two_lines(texts.day(row.posting.title.due_date), texts.money(row.posting.title.value))

    @display(_("in Bling"))
    def in_bling(self, row: Discrepancy) -> str:
        return side_text(row.kind, row.bling_value, whole=getattr(row, "whole_document", False)) or texts.EMPTY

    @display(_("in Kamino"))
    def in_kamino(self, row: Discrepancy) -> str:
        return side_text(row.kind, row.kamino_value, whole=getattr(row, "whole_document", False)) or texts.EMPTY

    @display(_("cause and what to do"))
    def why(self, row: Discrepancy) -> str:
        return texts.sentence_list([row.cause_text(), row.to_do()])

    @display(_("cause"))
    def cause_text(self, row: Discrepancy) -> str:
        return row.cause_text()

    @display(_("what it means"))
    def meaning(self, row: Discrepancy) -> str:
        return kind_cause(row.kind)

    @display(_("what to do"))
    def to_do(self, row: Discrepancy) -> str:
        return row.to_do()

    @display(_("difference"), ordering="difference")
    def apart(self, row: Discrepancy) -> str:
        return texts.money(row.apart())

    @display(_("days apart"), ordering="days")
    def days_apart(self, row: Discrepancy) -> str:
        return texts.EMPTY if row.days is None else str(row.days)

    @display(_("since"), ordering="opened_at")
    def since(self, row: Discrepancy) -> str:
        return texts.day(timezone.localtime(row.opened_at).date())
