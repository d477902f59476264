"""Titles as a table: both sides of each, and why they differ."""

from decimal import Decimal
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.domain.desired import KaminoStatus
from integrations.models import PartPosting, Posting, Title
from integrations.models.titles import DIRECTION_CHOICES, STATUS_CHOICES
from integrations.resources.files import ChoiceField, NativeField, PortugueseResource, TextField
from integrations.sheets.cells import safe_text
from integrations.words.reasons import problem_sentences
from integrations.words.states import state_choices

_STATES = dict(state_choices())
_READ = (
    "direction", "bling_id", "document_number", "origin_number", "issue_date", "competence_date", "due_date", "value",
    "balance", "status", "person__name", "connection__tenant__name", "posting__kamino_id", "posting__state",
    "posting__delivered", "posting__problems", "posting__reason", "posting__reason_params",
)  # fmt: skip


class TitleResource(PortugueseResource):
    """One row per title. Money is numeric and days are days; what Kamino holds is what was last sent."""

    summed_by = ("direction", "in_kamino")
    sums = added_up = ("value", "balance", "kamino_value")
    permission = "integrations.export_title"
    tenant_path = "connection__tenant"
    value_path = "value"

    company = TextField("connection__tenant__name", column_name=gettext_lazy("Company"))
    direction = ChoiceField("direction", DIRECTION_CHOICES, column_name=gettext_lazy("Direction"))
    bling_id = NativeField("bling_id", column_name=gettext_lazy("Id in Bling"))
    kamino_id = NativeField(column_name=gettext_lazy("Id in Kamino"))
    document = TextField("document_number", column_name=gettext_lazy("Document"))
    origin = TextField("origin_number", column_name=gettext_lazy("Invoice or order"))
    person = TextField("person__name", column_name=gettext_lazy("Person"))
    issue_date = NativeField("issue_date", column_name=gettext_lazy("Issue date"))
    competence_date = NativeField("competence_date", column_name=gettext_lazy("Competence"))
    due_date = NativeField("due_date", column_name=gettext_lazy("Due date"))
    value = NativeField("value", column_name=gettext_lazy("Value"))
    balance = NativeField("balance", column_name=gettext_lazy("Balance"))
    in_bling = ChoiceField("status", STATUS_CHOICES, column_name=gettext_lazy("In Bling"))
    in_kamino = TextField(column_name=gettext_lazy("In Kamino"))
    kamino_value = NativeField(column_name=gettext_lazy("Value in Kamino"))
    cause = TextField(column_name=gettext_lazy("Cause"))

    class Meta:
        model = Title
        fields = (
            "company", "direction", "bling_id", "kamino_id", "document", "origin", "person", "issue_date",
            "competence_date", "due_date", "value", "balance", "in_bling", "in_kamino", "kamino_value", "cause",
        )  # fmt: skip
        name = gettext_lazy("Titles")

    def dehydrate_kamino_id(self, title: Title) -> int | None:
        posting = _posting(title)
        return posting.kamino_id if posting else None

    def dehydrate_in_kamino(self, title: Title) -> str:
        posting = _posting(title)
        return safe_text(_STATES[posting.state] if posting else _("Not planned yet"))

    def dehydrate_kamino_value(self, title: Title) -> Decimal | None:
        posting = _posting(title)
        if posting is None or not posting.kamino_id or not posting.delivered:
            return None
        parts = (Decimal(part.delivered["value"]) for part in posting.parts.all() if part.delivered)
        return sum(parts, Decimal(posting.delivered["value"]))

    def dehydrate_cause(self, title: Title) -> str:
        posting = _posting(title)
        if posting is None:
            return ""
        return safe_text(" ".join(problem_sentences(posting.get_causes())))

    def prepared(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        rows = queryset.select_related("person", "posting", "connection__tenant").only(*_READ)
        parts = PartPosting.objects.filter(kamino_id__isnull=False, delivered__isnull=False)
        parts = parts.exclude(delivered__status=KaminoStatus.CANCELLED.value)
        return rows.prefetch_related(Prefetch("posting__parts", parts.only("posting", "delivered")))


def _posting(title: Title) -> Posting | None:
    return getattr(title, "posting", None)
