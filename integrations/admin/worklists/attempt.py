"""Deliveries: every write to Kamino, what was sent and what came back."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet, Value
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.admin.kit import texts
from integrations.admin.kit.base import ReadOnlyAdmin
from integrations.admin.kit.decorators import display
from integrations.admin.kit.filters import ChoiceFilter, ChoicesColumn, MomentRange, TenantFilter
from integrations.admin.kit.title_search import FoundByTitle
from integrations.domain.documents import HIDDEN
from integrations.domain.persons import ADDRESS
from integrations.models import Attempt
from integrations.words.colours import OUTCOME_COLOURS
from integrations.words.reasons import answer_of

PERSONAL = ("document", "email", *ADDRESS)


class SurplusFilter(ChoiceFilter):
    """Deliveries to which Kamino answered with a number that is one too many."""

    title = gettext_lazy("one too many")
    parameter_name = "surplus"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", gettext_lazy("Yes")), ("0", gettext_lazy("No"))]

    def narrowed(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(surplus_id__isnull=self.choice == "0") if self.choice else queryset


@admin.register(Attempt)
class AttemptAdmin(FoundByTitle, ReadOnlyAdmin):
    searched_key = "posting__title"
    tenant_path = "kamino_connection__tenant"
    list_display = ["started", "operation", "subject", "outcome_label", "http_status", "answer", "company_name"]
    list_filter = [
        TenantFilter,
        ("operation", ChoicesColumn),
        ("outcome", ChoicesColumn),
        SurplusFilter,
        ("started_at", MomentRange),
    ]
    list_select_related = [
        "kamino_connection__tenant", "posting__title", "person_posting__person", "part_posting__posting__title"
    ]  # fmt: skip
    list_disable_select_all = True
    search_fields = ["kamino_id"]
    search_help_text = gettext_lazy("Document number, Bling id or Kamino id of a title")
    fields = [
        "company_name", "operation", "subject", "outcome_label", "http_status", "answer", "kamino_number", "started_at",
        "ended_at", "surplus", "amounts", "sent",
    ]  # fmt: skip
    readonly_fields = [
        "company_name", "subject", "outcome_label", "http_status", "answer", "kamino_number", "surplus", "amounts",
        "sent",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        found: QuerySet[Any] = rows.select_related(
            "kamino_connection__tenant", "posting__title", "person_posting__person", "part_posting__posting__title"
        ).annotate(whole_document=Value(texts.sees_personal_data(request)))
        return found

    @display(gettext_lazy("started at"), ordering="started_at")
    def started(self, attempt: Attempt) -> str:
        return texts.moment(attempt.started_at)

    @display(gettext_lazy("title or person"))
    def subject(self, attempt: Attempt) -> str:
        posting = attempt.part_posting.posting if attempt.part_posting else attempt.posting
        if posting is not None:
            return texts.link(posting.title)
        return texts.link(attempt.person_posting.person if attempt.person_posting else None)

    @display(gettext_lazy("outcome"), ordering="outcome", label=OUTCOME_COLOURS)
    def outcome_label(self, attempt: Attempt) -> tuple[str, str]:
        return attempt.outcome or "in_flight", attempt.get_outcome_display()

    @display(gettext_lazy("HTTP"), ordering="status")
    def http_status(self, attempt: Attempt) -> str:
        return texts.plain_number(attempt.status)

    @display(gettext_lazy("answer"))
    def answer(self, attempt: Attempt) -> str:
        said = answer_of(attempt.failure, attempt.message, attempt.outcome)
        return texts.sentence_list([said] if said else [])

    @display(gettext_lazy("Kamino id"))
    def kamino_number(self, attempt: Attempt) -> str:
        return texts.plain_number(attempt.kamino_id)

    @display(gettext_lazy("one too many"))
    def surplus(self, attempt: Attempt) -> str:
        if attempt.surplus_id is None:
            return texts.EMPTY
        number, gone = texts.plain_number(attempt.surplus_id), attempt.surplus_gone_at
        return f"{number} · {_('removed at')} {texts.moment(gone)}" if gone else number

    @display(gettext_lazy("value and payment"))
    def amounts(self, attempt: Attempt) -> str:
        if attempt.value is None:
            return texts.EMPTY
        value = texts.money(attempt.value)
        if attempt.paid is None or attempt.paid_on is None:
            return value
        paid = {"amount": texts.money(attempt.paid), "date": f"{attempt.paid_on:%d/%m/%Y}"}
        return f"{value} · " + _("paid: %(amount)s on %(date)s") % paid

    @display(gettext_lazy("company"))
    def company_name(self, attempt: Attempt) -> str:
        return str(attempt.kamino_connection.tenant)

    @display(gettext_lazy("what was sent"))
    def sent(self, attempt: Attempt) -> str:
        body = attempt.was_sent
        if isinstance(body, dict) and not getattr(attempt, "whole_document", False):
            body = {key: HIDDEN if key in PERSONAL and value else value for key, value in body.items()}
        return format_html(
            '<details><summary>{}</summary><pre class="ik-json">{}</pre></details>',
            _("Technical details"),
            json.dumps(body, indent=2, ensure_ascii=False),
        )
