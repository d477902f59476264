"""Customers and suppliers as Bling shows them; CPF numbers only for people who may see them."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Exists, QuerySet, Value
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.admin.kit import actions, texts
from integrations.admin.kit.base import ReadOnlyAdmin
from integrations.admin.kit.decorators import display, page_action
from integrations.admin.kit.filters import ChoicesColumn, TenantFilter
from integrations.admin.kit.forms import DecisionForm
from integrations.admin.kit.title_search import Finder, FoundByTitle
from integrations.admin.mapping.desk import row_url
from integrations.domain.delivery import DeliveryState
from integrations.domain.documents import HIDDEN
from integrations.domain.persons import ADDRESS
from integrations.domain.reasons import Reason
from integrations.models import Attempt, Person, PersonPosting, Posting
from integrations.models.mappings import PERSON_KINDS
from integrations.pipeline.desk import person_decisions
from integrations.pipeline.desk.refusal import Refused
from integrations.words.colours import STATE_COLOURS
from integrations.words.reasons import problem_sentences

KINDS = {
    "F": gettext_lazy("Natural person"),
    "J": gettext_lazy("Legal person"),
    "E": gettext_lazy("Foreigner"),
}


DECISIONS_SHOWN = 20


@admin.register(Person)
class PersonAdmin(FoundByTitle, actions.PermittedActions, ReadOnlyAdmin):
    tenant_path = "connection__tenant"
    list_display = ["name", "document_text", "trade_name", "kind_text", "state_label", "kamino_number", "company"]
    list_filter = [TenantFilter, ("posting__state", ChoicesColumn)]
    list_select_related = ["connection__tenant", "posting"]
    list_disable_select_all = True
    search_fields = ["name"]
    search_help_text = gettext_lazy("Name or CPF/CNPJ")
    fields = [
        "name", "trade_name", "document_text", "document_in_kamino", "kind_text", "titles_link", "mapping_links",
        "company", "state_label", "reasons", "decided", "kamino_number", "bling_number", "email_text", "address",
        "read_at",
    ]  # fmt: skip
    readonly_fields = fields
    actions_detail = ["decide_this"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        # A column does not get the request, so the row carries what its reader may see.
        found: QuerySet[Any] = rows.annotate(whole_document=Value(texts.sees_personal_data(request))).select_related(
            "connection__tenant", "posting"
        )
        return found

    def found_by(self, finder: Finder) -> QuerySet[Any]:
        return finder.persons().order_by().values("pk")

    def found_ways(
        self, request: HttpRequest, rows: QuerySet[Any], found: QuerySet[Any], term: str
    ) -> list[QuerySet[Any]]:
        return [found]

    def get_list_display(self, request: HttpRequest) -> list[str]:
        """By the order of their numbers, numbers are known."""
        sorts = texts.sees_personal_data(request)
        return ["document_order" if sorts and name == "document_text" else name for name in self.list_display]

    @display(gettext_lazy("CPF/CNPJ"))
    def document_text(self, person: Person) -> str:
        return texts.document(person.document, whole=_is_whole(person))

    @display(gettext_lazy("CPF/CNPJ"), ordering="document")
    def document_order(self, person: Person) -> str:
        return self.document_text(person)

    @display(gettext_lazy("CPF/CNPJ in Kamino"))
    def document_in_kamino(self, person: Person) -> str:
        posting = _posting_of(person)
        known = posting.known_document if posting and posting.kamino_id else ""
        return texts.document(known or "", whole=_is_whole(person))

    @display(gettext_lazy("kind"), ordering="kind")
    def kind_text(self, person: Person) -> str:
        return str(KINDS.get(person.kind, person.kind or texts.EMPTY))

    @display(gettext_lazy("in Kamino"), ordering="posting__state", label=STATE_COLOURS)
    def state_label(self, person: Person) -> tuple[str, Any]:
        posting = _posting_of(person)
        return (posting.state, posting.get_state_display()) if posting else ("", gettext_lazy("Not planned yet"))

    @display(gettext_lazy("reason"))
    def reasons(self, person: Person) -> str:
        posting = _posting_of(person)
        if posting is None:
            return texts.EMPTY
        return texts.sentence_list(problem_sentences(posting.get_causes()))

    @display(gettext_lazy("decisions"))
    def decided(self, person: Person) -> str:
        rows = person.decisions.select_related("user")[:DECISIONS_SHOWN]
        return texts.sentence_list(
            f"{row.get_kind_display()} · Kamino {texts.plain_number(row.kamino_id)} · {row.user} · "
            f"{texts.moment(row.at)} · {row.reason}"
            for row in rows
        )

    @display(gettext_lazy("Kamino id"))
    def kamino_number(self, person: Person) -> str:
        posting = _posting_of(person)
        return texts.plain_number(posting.kamino_id if posting else None)

    @display(gettext_lazy("Bling id"))
    def bling_number(self, person: Person) -> str:
        return texts.plain_number(person.bling_id)

    @display(gettext_lazy("company"), ordering="connection__tenant__name")
    def company(self, person: Person) -> str:
        return str(person.connection.tenant)

    @display(gettext_lazy("e-mail"))
    def email_text(self, person: Person) -> str:
        return person.email or texts.EMPTY if _is_whole(person) else _hidden(bool(person.email))

    @display(gettext_lazy("address"))
    def address(self, person: Person) -> str:
        if not _is_whole(person):
            return _hidden(any(getattr(person, name) for name in ADDRESS))
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

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Show the button only where something is to be decided."""
        shown = super().get_actions_detail(request, object_id)
        posting = PersonPosting.objects.filter(person=object_id).first()
        return shown if person_decisions.is_open(posting) or _decided_at(posting) else []

    @page_action(gettext_lazy("Decide"), permissions=["resolve"], icon="rule", variant="primary")
    def decide_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        person: Person = self.get_object_or_deny(request, object_id)
        row, whole = _posting_of(person), texts.sees_personal_data(request)
        if title := _decided_at(row):
            return HttpResponseRedirect(reverse("admin:integrations_title_decide_this", args=[title]))
        try:
            found = person_decisions.options(row, whole=whole, clock=timezone.now) if row else []
        except Refused as error:
            actions.refused(request, error)
            return actions.back_to(self, person.pk)
        if row is None or not found:
            messages.info(request, _("Nothing is to be decided about this person."))
            return actions.back_to(self, person.pk)
        form = DecisionForm(request.POST or None, options=found, fence=row.fence)
        if request.method == "POST" and form.is_valid():
            done = _("Decided. The titles of this person are planned again.")
            answer = {"row": row, "clock": timezone.now, **form.answer()}
            actions.carry_out(request, person_decisions.decide, done, **answer)
            return actions.back_to(self, person.pk)
        return actions.confirm(
            request,
            self,
            title=_("Decide about %(name)s") % {"name": person},
            text=" ".join(problem_sentences(row.get_causes())),
            note=_both_documents(person, row, whole=whole),
            submit=_("Decide"),
            form=form,
            dangerous=True,
            back=actions.page_url(self, person.pk),
        )


def _decided_at(row: PersonPosting | None) -> int | None:
    """Return the title on whose page it is decided what became of a number that is one too many."""
    if row is None or row.state != DeliveryState.NEEDS_HUMAN or row.reason != Reason.ANOTHER_ID:
        return None
    asks = Posting.objects.filter(Exists(row.attempts.filter(Attempt.HAS_SURPLUS)), title__person=row.person_id)
    return asks.order_by("pk").values_list("title", flat=True).first()


def _is_whole(person: Person) -> bool:
    """Say whether the reader of a row sees personal data (`get_queryset`)."""
    return bool(getattr(person, "whole_document", False))


def _hidden(is_there: bool) -> str:
    return HIDDEN if is_there else texts.EMPTY


def _posting_of(person: Person) -> PersonPosting | None:
    return getattr(person, "posting", None)


def _both_documents(person: Person, row: PersonPosting, *, whole: bool) -> str:
    known = row.known_document if row.kamino_id else ""
    sides = {"bling": texts.document(person.document, whole=whole), "kamino": texts.document(known or "", whole=whole)}
    return _("CPF/CNPJ in Bling: %(bling)s\nCPF/CNPJ in Kamino: %(kamino)s") % sides
