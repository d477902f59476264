"""The writes to Bling of one row, as its page lists them."""

from django.utils.translation import gettext_lazy

from integrations.admin.kit import texts
from integrations.admin.kit.base import ReadOnlyInline
from integrations.admin.kit.decorators import display
from integrations.models import BlingAttempt
from integrations.words.colours import OUTCOME_COLOURS
from integrations.words.reasons import answer_of, named_fields


class AttemptInline(ReadOnlyInline):
    """The writes of one row, a payable where `fk_name` says nothing else."""

    model = BlingAttempt
    fk_name = "payable"
    verbose_name_plural = gettext_lazy("Writes to Bling")
    fields = readonly_fields = ["moment", "result", "answer", "number"]

    @display(gettext_lazy("started at"))
    def moment(self, attempt: BlingAttempt) -> str:
        return texts.moment(attempt.started_at)

    @display(gettext_lazy("outcome"), label=OUTCOME_COLOURS)
    def result(self, attempt: BlingAttempt) -> tuple[str, str]:
        return attempt.outcome, attempt.get_outcome_display()

    @display(gettext_lazy("answer"))
    def answer(self, attempt: BlingAttempt) -> str:
        said = answer_of(attempt.failure, attempt.message, attempt.outcome)
        return texts.sentence_list([*filter(None, [said]), *named_fields(attempt.failure)])

    @display(gettext_lazy("Bling id"))
    def number(self, attempt: BlingAttempt) -> str:
        return texts.plain_number(attempt.bling_id)
