"""What the pages of payables for Bling and of their settlements share: the writes of one, and names of registers."""

from django.utils.translation import gettext_lazy

from integrations.admin.kit import texts
from integrations.admin.kit.base import ReadOnlyInline
from integrations.admin.kit.decorators import display
from integrations.models import BlingAttempt, CatalogItem
from integrations.models.registers import CatalogKind
from integrations.words.colours import OUTCOME_COLOURS


class AttemptInline(ReadOnlyInline):
    """The writes of one payable."""

    model = BlingAttempt
    fk_name = "payable"
    verbose_name_plural = gettext_lazy("Writes to Bling")
    fields = ["moment", "result", "number"]
    readonly_fields = ["moment", "result", "number"]

    @display(gettext_lazy("started at"))
    def moment(self, attempt: BlingAttempt) -> str:
        return texts.moment(attempt.started_at)

    @display(gettext_lazy("outcome"), label=OUTCOME_COLOURS)
    def result(self, attempt: BlingAttempt) -> tuple[str, str]:
        return attempt.outcome, attempt.get_outcome_display()

    @display(gettext_lazy("Bling id"))
    def number(self, attempt: BlingAttempt) -> str:
        return texts.plain_number(attempt.bling_id)


class SettlementAttemptInline(AttemptInline):
    """The writes of one settlement; their numbers are borderôs."""

    fk_name = "settlement"


def register_name(connection_id: int, kind: CatalogKind, bling_id: int) -> str:
    """Return the name of a register's row as people know it."""
    item = CatalogItem.objects.filter(connection=connection_id, kind=kind, bling_id=bling_id or -1).first()
    return str(item) if item else texts.EMPTY
