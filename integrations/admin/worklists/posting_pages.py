"""What the lists of postings share: how a title is named, found and opened."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy

from integrations.admin.kit import actions, texts
from integrations.admin.kit.base import ReadOnlyAdmin
from integrations.admin.kit.decorators import display
from integrations.admin.kit.scope import change_url, row_number, scoped
from integrations.admin.kit.title_search import FoundByTitle
from integrations.models import Posting


class PostingPages(FoundByTitle, actions.PermittedActions, ReadOnlyAdmin):
    """A list of postings; each leads to its title's page, which shows all about it."""

    searched_key = "title"
    tenant_path = "kamino_connection__tenant"
    list_display_links = None
    ordering = ["due_date", "pk"]
    search_fields = ["title__document_number"]
    search_help_text = gettext_lazy("Name, CPF/CNPJ, document number, value, Bling id or Kamino id")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        rows = scoped(Posting.objects.select_related("title"), request)
        posting = rows.filter(pk=row_number(object_id)).first()
        if posting is None:
            return HttpResponseRedirect(actions.changelist_url(self))
        return HttpResponseRedirect(change_url(posting.title))

    @display(gettext_lazy("title"), ordering="title__document_number")
    def name(self, posting: Posting) -> str:
        number = posting.title.document_number or f"Bling {posting.title.bling_id}"
        return texts.two_lines(texts.link(posting.title, number), posting.get_direction_display())

    @display(gettext_lazy("person"), ordering="title__person__name")
    def person_name(self, posting: Posting) -> str:
        return texts.two_lines(texts.link(posting.title.person), posting.kamino_connection.tenant)

    @display(gettext_lazy("value"), ordering="title__value")
    def amount(self, posting: Posting) -> str:
        return texts.money(posting.title.value)

    @display(gettext_lazy("due date"), ordering="due_date")
    def due(self, posting: Posting) -> str:
        return texts.day(posting.title.due_date)

    @display(gettext_lazy("due date and value"), ordering="due_date")
    def amount_due(self, posting: Posting) -> str:
        return texts.two_lines(texts.day(posting.title.due_date), texts.money(posting.title.value))
