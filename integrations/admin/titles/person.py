"""Customers and suppliers as Bling shows them; CPF numbers only for people who may see them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.admin.kit import texts
from integrations.admin.kit.base import CappedPaginator, ReadOnlyAdmin
from integrations.admin.kit.decorators import display
from integrations.admin.kit.filters import ChoicesColumn, TenantFilter
from integrations.admin.kit.title_search import FoundByTitle, person_query
from integrations.admin.mapping.desk import row_url
from integrations.models import Person
from integrations.models.mappings import PERSON_KINDS
from integrations.words.colours import STATE_COLOURS
from integrations.words.reasons import problem_sentences

KINDS = {
    "F": gettext_lazy("Natural person"),
    "J": gettext_lazy("Legal person"),
    "E": gettext_lazy("Foreigner"),
}


@admin.register(Person)
class PersonAdmin(FoundByTitle, ReadOnlyAdmin):
    found_by = staticmethod(person_query)
    tenant_path = "connection__tenant"
    paginator = CappedPaginator
    list_display = ["name", "document_text", "trade_name", "kind_text", "state_label", "kamino_number", "company"]
    list_filter = [TenantFilter, ("posting__state", ChoicesColumn)]
    list_select_related = ["connection__tenant", "posting"]
    list_disable_select_all = True
    search_fields = ["name"]
    search_help_text = gettext_lazy("Name or CPF/CNPJ")
    fields = [
        "name", "trade_name", "document_text", "kind_text", "titles_link", "mapping_links", "company", "state_label",
        "reasons", "kamino_number", "bling_number", "email", "address", "read_at",
    ]  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        # A column does not get the request, so the row carries what its reader may see.
        found: QuerySet[Any] = rows.annotate(whole_document=Value(texts.sees_personal_data(request))).select_related(
            "connection__tenant", "posting"
        )
        return found

    @display(gettext_lazy("CPF/CNPJ"), ordering="document")
    def document_text(self, person: Person) -> str:
        return texts.document(person.document, whole=getattr(person, "whole_document", False))

    @display(gettext_lazy("kind"), ordering="kind")
    def kind_text(self, person: Person) -> str:
        return str(KINDS.get(person.kind, person.kind or texts.EMPTY))

    @display(gettext_lazy("in Kamino"), ordering="posting__state", label=STATE_COLOURS)
    def state_label(self, person: Person) -> tuple[str, Any]:
        posting = getattr(person, "posting", None)
        return (posting.state, posting.get_state_display()) if posting else ("", gettext_lazy("Not planned yet"))

    @display(gettext_lazy("reason"))
    def reasons(self, person: Person) -> str:
        posting = getattr(person, "posting", None)
        if posting is None:
            return texts.EMPTY
        return texts.sentence_list(problem_sentences(posting.get_causes()))

    @display(gettext_lazy("Kamino id"))
    def kamino_number(self, person: Person) -> str:
        posting = getattr(person, "posting", None)
        return texts.plain_number(posting.kamino_id if posting else None)

    @display(gettext_lazy("Bling id"))
    def bling_number(self, person: Person) -> str:
        return texts.plain_number(person.bling_id)

    @display(gettext_lazy("company"), ordering="connection__tenant__name")
    def company(self, person: Person) -> str:
        return str(person.connection.tenant)

    @display(gettext_lazy("address"))
    def address(self, person: Person) -> str:
        street = ", ".join(part for part in (person.street, person.number, person.complement, person.district) if part)
        city = " – ".join(part for part in (person.city, person.state) if part)
        return ", ".join(part for part in (street, city, person.postal_code) if part) or texts.EMPTY

    @display(gettext_lazy("mapping of its own"))
    def mapping_links(self, person: Person) -> SafeString:
        links = (
            texts.anchor(row_url(person.connection.tenant_id, kind, person.bling_id), kind.label)
            for kind in PERSON_KINDS
        )
        return format_html_join(" · ", "{}", ((link,) for link in links))

    @display(gettext_lazy("titles"))
    def titles_link(self, person: Person) -> str:
        url = reverse("admin:integrations_title_changelist")
        return texts.anchor(f"{url}?person__id__exact={person.pk}", _("Show the titles"))
