"""What the pages of all that other systems send share: whose it is, where it stands, and what a person may do."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.admin.kit import actions, texts
from integrations.admin.kit.base import ReadOnlyAdmin
from integrations.admin.kit.decorators import display
from integrations.admin.kit.filters import ChoiceFilter
from integrations.admin.kit.standing_columns import StandingColumns
from integrations.pipeline.customers.standing import Standing
from integrations.words.customers import standing_name


class WaitsFilter(ChoiceFilter):
    """Rows of live accounts that a person moves on."""

    title = gettext_lazy("waits for a person")
    parameter_name = "asks"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", gettext_lazy("Yes"))]


class OfSystemsAdmin(StandingColumns, actions.PermittedActions, ReadOnlyAdmin):
    """`given` is the word by which the orders take a row, `useful_of` says which buttons can do something for one;
    what both read of it is `list_select_related`."""

    names = staticmethod(standing_name)
    QUIET = (Standing.EQUAL, Standing.LEFT_OUT)
    tenant_path = "connection__tenant"
    list_select_related = ["api_key", "contact", "connection__tenant", "connection__writing"]
    ordering = ["-accepted_at", "-pk"]
    given = ""
    useful_of: Callable[[Any], set[str]]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request).select_related(*self.list_select_related)
        return rows

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Show only the buttons that can do something."""
        row = self.model._default_manager.select_related(*self.list_select_related).filter(pk=object_id).first()
        useful = self.useful_of(row) if row is not None else set()
        return [one for one in super().get_actions_detail(request, object_id) if one.path in useful]

    def ask(
        self, request: HttpRequest, object_id: str, order: Callable[..., object], done: str, **page: Any
    ) -> HttpResponse:
        """Ask a person before an order about one row is carried out."""
        row = self.get_object_or_deny(request, object_id)
        return actions.ask_then(
            request, self, row.pk, order, done, given={self.given: row}, note=f"{row} · {row.connection.tenant}", **page
        )

    def ask_of_many(
        self, request: HttpRequest, rows: QuerySet[Any], button: str, order: Callable[..., object],
        done: Callable[[int], str], **page: Any,
    ) -> HttpResponse | None:  # fmt: skip
        """Ask before an order about those of many rows for which its `button` can do something."""
        waiting = [row for row in rows.select_related(*self.list_select_related) if button in self.useful_of(row)]
        if "confirmed" in request.POST:
            actions.one_by_one(request, waiting, order, done, name=self.given)
            return None
        return actions.confirm(request, self, rows=waiting, **page)

    @display(gettext_lazy("system and reference"), ordering="ref")
    def name_there(self, row: Any) -> str:
        return f"{row.system} · {row.ref}"

    @display(gettext_lazy("system and reference"), ordering="ref")
    def whose(self, row: Any) -> str:
        return texts.two_lines(self.name_there(row), row.connection.tenant)

    @display(gettext_lazy("said by the system"), ordering="accepted_at")
    def said(self, row: Any) -> str:
        version = _("version %(number)s") % {"number": row.version}
        return texts.two_lines(texts.moment(row.accepted_at), version)
