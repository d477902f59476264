"""What the pages of payables for Bling and of their settlements share: the writes of one, and names of registers."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.admin.kit import actions, texts
from integrations.admin.kit.bling_attempts import AttemptInline
from integrations.admin.kit.decorators import display, page_action
from integrations.models import BlingAttempt, CatalogItem, PayableWrite, SettlementWrite
from integrations.models.registers import CatalogKind
from integrations.pipeline.payables import live
from integrations.words.writes import recurrence_text


class SettlementAttemptInline(AttemptInline):
    """The writes of one settlement; their numbers are borderôs."""

    fk_name = "settlement"


def register_name(connection_id: int, kind: CatalogKind, bling_id: int) -> str:
    """Return the name of a register's row as people know it."""
    item = CatalogItem.objects.filter(connection=connection_id, kind=kind, bling_id=bling_id or -1).first()
    return str(item) if item else texts.EMPTY


def occurrence_text(row: PayableWrite) -> str:
    """Return how often a payable is due, or which of some installments it is."""
    if row.of > 1:
        return _("Installment %(position)s of %(of)s") % {"position": row.position, "of": row.of}
    desired = row.get_desired()
    return recurrence_text(desired.recurrence, desired.day)


def surplus_text(row: PayableWrite | SettlementWrite) -> str:
    """Return the numbers of what Bling may have once too often."""
    numbers = row.attempts.filter(BlingAttempt.HAS_SURPLUS).order_by("pk").values_list("surplus_id", flat=True)
    return ", ".join(texts.plain_number(number) for number in numbers) or texts.EMPTY


class SurplusButton:
    """The button of a page for what Bling may have once too often."""

    get_object_or_deny: Any

    @display(gettext_lazy("one too many in Bling"))
    def surplus(self, row: PayableWrite | SettlementWrite) -> str:
        return surplus_text(row)

    @page_action(gettext_lazy("It was removed"), permissions=["resolve_payable"], icon="done_all")
    def surplus_gone(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_object_or_deny(request, object_id)
        return actions.ask_then(
            request, self, row.pk, live.surplus_is_gone, _("Noted: nothing is one too many."), given={"unit": row},
            form=actions.ReasonForm(request.POST or None), title=_("What was one too many was removed"),
            text=_("Bling is asked now whether it still has it."), note=surplus_text(row), submit=_("It was removed"),
        )  # fmt: skip


def has_surplus(row: PayableWrite | SettlementWrite | None) -> bool:
    """Say whether Bling may have something of it once too often."""
    return row is not None and bool(row.attempts.filter(BlingAttempt.HAS_SURPLUS).exists())
