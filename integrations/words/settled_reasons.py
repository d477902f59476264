"""Words for what the plan finds about titles that Kamino has as paid or cancelled already."""

from django.utils.translation import gettext_noop

from integrations.domain.reasons import Reason
from integrations.words.reason_words import UNDO_BY_HAND, Words

SETTLED_WORDS: dict[Reason, Words] = {
    Reason.REVERSED_AFTER_SETTLEMENT: Words(
        gettext_noop("Reversed after the settlement"),
        gettext_noop("The payment was reversed in Bling after the settlement in Kamino."),
        UNDO_BY_HAND,
        "conflict",
    ),
    Reason.PAID_IN_KAMINO_FIRST: Words(
        gettext_noop("Paid in Kamino first"),
        gettext_noop("Paid in Kamino, waiting for Bling."),
        gettext_noop("Pay it in Bling too: it is compared then, and not settled again."),
        "conflict",
    ),
    Reason.CANCELLED_AFTER_SETTLEMENT: Words(
        gettext_noop("Cancelled after the settlement"),
        gettext_noop("Cancelled in Bling after it was settled in Kamino."),
        UNDO_BY_HAND,
        "conflict",
    ),
    Reason.SETTLEMENT_DIFFERS: Words(
        gettext_noop("Settled differently"),
        gettext_noop("Settled in Kamino with %(kamino)s; Bling now says %(bling)s. A settlement is never sent twice."),
        gettext_noop(
            "Correct the wrong side by hand, in Bling or in Kamino. That is noticed within hours, or at once by "
            "“Resync”; where Kamino has no list of such titles, choose “Decide” then."
        ),
        "conflict",
    ),
    Reason.FROZEN_AFTER_SETTLEMENT: Words(
        gettext_noop("Changed after the settlement"),
        gettext_noop("Changed in Bling after it was settled in Kamino; settled titles are not rewritten."),
    ),
    Reason.VALUE_AFTER_SETTLEMENT: Words(
        gettext_noop("Value changed after the settlement"),
        gettext_noop(
            "Its value was changed in Bling after it was settled in Kamino: %(bling)s in Bling, %(kamino)s there. "
            "Settled titles are not rewritten."
        ),
        gettext_noop(
            "Correct the wrong side by hand. In Kamino: undo the settlement, correct the value and settle it again, "
            "then choose “Resync” here."
        ),
        "conflict",
    ),
    Reason.PAID_FROM_ANOTHER_ACCOUNT: Words(
        gettext_noop("Paid from another account"),
        gettext_noop("Settled in Kamino by people there, from another account than Bling shows; nothing was sent."),
        gettext_noop(
            "Correct the account on the wrong side, in Bling or in Kamino, then choose “Resync”. If it was meant, "
            "choose “Accept differences”."
        ),
    ),
    Reason.REOPENED_AFTER_CANCELLATION: Words(
        gettext_noop("Open again after the cancellation"),
        gettext_noop("Open again in Bling after it was cancelled in Kamino."),
        gettext_noop("Still owed: choose “Create again”."),
        "conflict",
    ),
}
