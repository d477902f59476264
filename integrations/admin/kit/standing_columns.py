"""Columns that everything on its way to Bling shares: where it stands, what it is worth, who decided."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy

from integrations.admin.kit import texts
from integrations.admin.kit.decorators import display
from integrations.domain.reasons import Problem
from integrations.words.customers import STANDING_COLOURS as CUSTOMER_COLOURS
from integrations.words.writes import STANDING_COLOURS, standing_name, write_texts


class StandingColumns:
    """`answers` says where a row stands, `names` and `sentences` have the words for that. Where it is `QUIET` nothing
    is explained, where `OVER` nothing to do."""

    answers: "staticmethod[[Any, datetime], Any]"
    names: Callable[[str], str] = staticmethod(standing_name)
    sentences: Callable[[str, Problem | None], tuple[str, str]] = staticmethod(write_texts)
    QUIET: Sequence[str] = ()
    OVER: Sequence[str] = ()

    @display(gettext_lazy("due date"), ordering="due_date")
    def due(self, row: Any) -> str:
        return texts.day(row.due_date)

    @display(gettext_lazy("value"), ordering="value")
    def amount(self, row: Any) -> str:
        return texts.money(row.value)

    @display(gettext_lazy("state"), label={**CUSTOMER_COLOURS, **STANDING_COLOURS})
    def standing(self, row: Any) -> tuple[str, str]:
        found = self._answer(row).standing
        return found.value, self.names(found.value)

    @display(gettext_lazy("why"))
    def why(self, row: Any) -> str:
        return texts.EMPTY if self._answer(row).standing in self.QUIET else self.whole_answer(row)

    @display(gettext_lazy("why"))
    def whole_answer(self, row: Any) -> str:
        found = self._answer(row)
        return self.sentences(found.standing.value, found.why)[0]

    @display(gettext_lazy("what to do"))
    def advice(self, row: Any) -> str:
        found = self._answer(row)
        is_over = found.standing in self.OVER
        return texts.EMPTY if is_over else self.sentences(found.standing.value, found.why)[1] or texts.EMPTY

    @display(gettext_lazy("decided"))
    def decided(self, row: Any) -> str:
        if not row.decision:
            return texts.EMPTY
        who = f"{row.get_decision_display()}: {row.decided_by}, {texts.moment(row.decided_at)}"
        return f"{who}. {row.decision_reason}" if row.decision_reason else who

    @display(gettext_lazy("company"), ordering="connection__tenant__name")
    def company(self, row: Any) -> str:
        return str(row.connection.tenant)

    def _answer(self, row: Any) -> Any:
        return self.answers(row, timezone.now())
