"""Columns that payables for Bling and their settlements share: what they are worth, and where they stand."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy

from integrations.admin.kit import texts
from integrations.admin.kit.decorators import display
from integrations.pipeline.payables.standing import Answer, Standing
from integrations.words.writes import STANDING_COLOURS, standing_name, write_texts


class StandingColumns:
    """`answers` says where a row stands. Where it is `QUIET` nothing is explained, where `OVER` nothing to do."""

    answers: "staticmethod[[Any, datetime], Answer]"
    QUIET: Sequence[Standing] = ()
    OVER: Sequence[Standing] = ()

    @display(gettext_lazy("due date"), ordering="due_date")
    def due(self, row: Any) -> str:
        return texts.day(row.due_date)

    @display(gettext_lazy("value"), ordering="value")
    def amount(self, row: Any) -> str:
        return texts.money(row.value)

    @display(gettext_lazy("state"), label=STANDING_COLOURS)
    def standing(self, row: Any) -> tuple[str, str]:
        found = self._answer(row).standing
        return found.value, standing_name(found.value)

    @display(gettext_lazy("why"))
    def why(self, row: Any) -> str:
        return texts.EMPTY if self._answer(row).standing in self.QUIET else self.whole_answer(row)

    @display(gettext_lazy("why"))
    def whole_answer(self, row: Any) -> str:
        found = self._answer(row)
        return write_texts(found.standing.value, found.why)[0]

    @display(gettext_lazy("what to do"))
    def advice(self, row: Any) -> str:
        found = self._answer(row)
        is_over = found.standing in self.OVER
        return texts.EMPTY if is_over else write_texts(found.standing.value, found.why)[1] or texts.EMPTY

    @display(gettext_lazy("decided"))
    def decided(self, row: Any) -> str:
        if not row.decision:
            return texts.EMPTY
        who = f"{row.get_decision_display()}: {row.decided_by}, {texts.moment(row.decided_at)}"
        return f"{who}. {row.decision_reason}" if row.decision_reason else who

    @display(gettext_lazy("company"), ordering="connection__tenant__name")
    def company(self, row: Any) -> str:
        return str(row.connection.tenant)

    def _answer(self, row: Any) -> Answer:
        return self.answers(row, timezone.now())
