"""What each kind of discrepancy means, and what to do about it, in words of finance."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from integrations.domain.discrepancies import DiscrepancyKind
from integrations.domain.reasons import Severity
from integrations.words.colours import SEVERITY_COLOURS

_RESYNC = gettext_noop("If Kamino is right, correct the title in Bling; if Bling is right, resync the title.")

_USE_BLING = gettext_noop(
    "If it was meant, choose “Accept differences” on the title: what people change in Kamino is kept. Else choose “Use "
    "Bling's” there."
)


@dataclass(frozen=True)
class Words:
    """What a kind of discrepancy is called, how loud it is, what it means and what to do."""

    name: str
    severity: Severity
    meaning: str
    advice: str


_WORDS: dict[DiscrepancyKind, Words] = {
    DiscrepancyKind.VALUE: Words(
        gettext_noop("Different value"),
        Severity.WARNING,
        gettext_noop("Kamino shows another value than was sent: somebody changed it there."),
        _RESYNC,
    ),
    DiscrepancyKind.DUE_DATE: Words(
        gettext_noop("Different due date"),
        Severity.WARNING,
        gettext_noop("Kamino shows another due date than was sent: somebody changed it there."),
        _RESYNC,
    ),
    DiscrepancyKind.STATUS: Words(
        gettext_noop("Different status"),
        Severity.WARNING,
        gettext_noop("The title has another status in Kamino than in Bling."),
        gettext_noop("Find out which side is right, and correct the other one by hand."),
    ),
    DiscrepancyKind.PAYMENT: Words(
        gettext_noop("Different settlement"),
        Severity.WARNING,
        gettext_noop("Both systems show the title as paid, with another day or amount."),
        gettext_noop("Compare with the bank statement and correct the wrong side by hand; nothing is settled twice."),
    ),
    DiscrepancyKind.CLASSIFICATION: Words(
        gettext_noop("Different classification"),
        Severity.WARNING,
        gettext_noop("Somebody chose another chart account in Kamino."),
        _USE_BLING,
    ),
    DiscrepancyKind.PERSON: Words(
        gettext_noop("Different person"),
        Severity.WARNING,
        gettext_noop("The title belongs to another customer or supplier in Kamino."),
        gettext_noop(
            "Correct the person in Kamino, or the contact in Bling. If it was meant, choose “Accept differences” on "
            "the title."
        ),
    ),
    DiscrepancyKind.MISSING_IN_KAMINO: Words(
        gettext_noop("Missing in Kamino"),
        Severity.DANGER,
        gettext_noop("The title was sent and Kamino no longer shows it: somebody deleted it there."),
        gettext_noop(
            "Resync the title: it is sought once more, and “Create again” is offered then. Or choose “Do not sync this "
            "title”."
        ),
    ),
    DiscrepancyKind.MISSING_IN_BLING: Words(
        gettext_noop("Missing in Bling"),
        Severity.WARNING,
        gettext_noop("The title is in Kamino, and Bling no longer has it or never had it."),
        gettext_noop("Cancel it in Kamino if it is no longer owed; else enter it in Bling again."),
    ),
    DiscrepancyKind.SETTLED_ONLY_IN_BLING: Words(
        gettext_noop("Settled only in Bling"),
        Severity.DANGER,
        gettext_noop("The title is paid in Bling and open in Kamino."),
        gettext_noop("Resolve what the settlement waits for; until then do not pay the title in Kamino."),
    ),
    DiscrepancyKind.SETTLED_ONLY_IN_KAMINO: Words(
        gettext_noop("Settled only in Kamino"),
        Severity.WARNING,
        gettext_noop("The title is paid in Kamino and open in Bling."),
        gettext_noop(
            "If it was paid, settle it in Bling with the same day and amount: it is not settled a second time in "
            "Kamino. If not, undo the settlement in Kamino."
        ),
    ),
    DiscrepancyKind.PARTIAL: Words(
        gettext_noop("Partly paid"),
        Severity.WARNING,
        gettext_noop("Part of the title was paid in Bling; Kamino keeps the whole value open."),
        gettext_noop("Take care that Kamino pays or charges only the balance."),
    ),
    DiscrepancyKind.DOUBLE_PAYMENT_RISK: Words(
        gettext_noop("Risk of double payment"),
        Severity.DANGER,
        gettext_noop("The title is paid in Bling, and Kamino can still pay it again."),
        gettext_noop("Stop the payment in Kamino now; then choose “Send to Kamino again”."),
    ),
    DiscrepancyKind.EDITED_IN_KAMINO: Words(
        gettext_noop("Edited in Kamino"),
        Severity.WARNING,
        gettext_noop("Somebody changed the description in Kamino."),
        _USE_BLING,
    ),
    DiscrepancyKind.FORCED_SETTLEMENT: Words(
        gettext_noop("Forced settlement, open in Bling"),
        Severity.WARNING,
        gettext_noop("A person ordered the settlement in Kamino; Bling still shows the title as open."),
        gettext_noop("Settle it in Bling too, or take the forced settlement back."),
    ),
    DiscrepancyKind.UNMAPPED: Words(
        gettext_noop("Without classification"),
        Severity.WARNING,
        gettext_noop("A name of Bling has no classification in Kamino."),
        gettext_noop("Map the name under Mappings; what waits is then sent by itself."),
    ),
    DiscrepancyKind.INVALID_DOCUMENT: Words(
        gettext_noop("Invalid CPF/CNPJ"),
        Severity.WARNING,
        gettext_noop("The CPF or CNPJ of the customer or supplier is not valid."),
        gettext_noop("Correct the CPF or CNPJ in Bling's contact."),
    ),
    DiscrepancyKind.DOCUMENT: Words(
        gettext_noop("Different CPF/CNPJ"),
        Severity.WARNING,
        gettext_noop("Bling shows another CPF or CNPJ for the customer or supplier than its person in Kamino has."),
        gettext_noop("Decide on the page of the customer or supplier; what waits is then sent by itself."),
    ),
    DiscrepancyKind.CLOSED_PERIOD: Words(
        gettext_noop("Closed period"),
        Severity.WARNING,
        gettext_noop("The change concerns a month that is closed in Kamino."),
        gettext_noop("Decide with finance: open the month again, or change Kamino by hand."),
    ),
    DiscrepancyKind.INVOICE_CANCELLED: Words(
        gettext_noop("Invoice cancelled, title open"),
        Severity.WARNING,
        gettext_noop("The invoice was cancelled or denied, and its title is still open."),
        gettext_noop("Cancel the title in Bling if it is no longer owed; it is then cancelled in Kamino too."),
    ),
    DiscrepancyKind.HELD: Words(
        gettext_noop("Held back"),
        Severity.WARNING,
        gettext_noop("The title is held back."),
        gettext_noop("Resolve the reason; the title is then sent by itself."),
    ),
    DiscrepancyKind.REFUSED: Words(
        gettext_noop("Needs action"),
        Severity.DANGER,
        gettext_noop("A person has to decide before anything is sent."),
        gettext_noop("Open the title, read the reason, decide or correct, and try again."),
    ),
    DiscrepancyKind.UNCONFIRMED: Words(
        gettext_noop("Unconfirmed delivery"),
        Severity.DANGER,
        gettext_noop("The title was sent and Kamino's answer was lost."),
        gettext_noop("Wait a quarter of an hour: it is looked up in Kamino by itself."),
    ),
    DiscrepancyKind.POSSIBLE_DUPLICATE: Words(
        gettext_noop("Possible duplicate"),
        Severity.WARNING,
        gettext_noop("Kamino has a title like this one that nobody linked."),
        gettext_noop("Decide on the title's page: link the two, or create it all the same."),
    ),
    DiscrepancyKind.DUPLICATED: Words(
        gettext_noop("Twice in Kamino"),
        Severity.DANGER,
        gettext_noop("Kamino has another, unlinked title with the marker of this one: it may be paid twice."),
        gettext_noop("Compare the two in Kamino and cancel the one that is too many there."),
    ),
    DiscrepancyKind.SETTLED_VALUE: Words(
        gettext_noop("Other value than was settled"),
        Severity.WARNING,
        gettext_noop("The value was changed in Bling after the title was settled in Kamino."),
        gettext_noop(
            "Correct the wrong side by hand. In Kamino: undo the settlement, correct the value and settle it again, "
            "then resync the title."
        ),
    ),
    DiscrepancyKind.PAID_FROM: Words(
        gettext_noop("Paid from another account"),
        Severity.WARNING,
        gettext_noop("Both systems show the same payment, from different bank accounts."),
        gettext_noop(
            "Correct the account on the wrong side, in Bling or in Kamino, then resync the title. If it was meant, "
            "choose “Accept differences” on the title."
        ),
    ),
    DiscrepancyKind.LOOK_ALIKE: Words(
        gettext_noop("Maybe entered twice in Kamino"),
        Severity.DANGER,
        gettext_noop(
            "Kamino has another title of the same person and value, due within three days, that nobody linked: it may "
            "be the same one, entered there by hand."
        ),
        gettext_noop(
            "Compare the two in Kamino and cancel the one that is too many there. If both are owed, choose “Accept "
            "differences” on the title."
        ),
    ),
}


assert _WORDS.keys() == set(DiscrepancyKind), "a kind without words"


def kind_name(kind: DiscrepancyKind) -> str:
    """Return what a kind is called, in the active language."""
    return _(_WORDS[kind].name)


def kind_choices() -> list[tuple[str, Any]]:
    """Return the kinds with their names; a function, so that a new one needs no migration."""
    return [(kind.value, gettext_lazy(words.name)) for kind, words in _WORDS.items()]


def words_of(kind: DiscrepancyKind) -> Words:
    """Return the words for a kind, not translated yet."""
    return _WORDS[kind]


def kind_colour(kind: str) -> str:
    """Return the colour of a kind's badge."""
    return SEVERITY_COLOURS[_WORDS[DiscrepancyKind(kind)].severity]


def kind_cause(kind: str) -> str:
    """Return what a kind of discrepancy means, in the active language."""
    return _(_WORDS[DiscrepancyKind(kind)].meaning)


def part_text(bordero_id: int) -> str:
    """Return what is special to a difference of one payment's own title in Kamino, in the active language."""
    text = _(
        "It is the part paid by borderô %(bordero)s, a title of its own that is never sent twice: correct it in Kamino."
    )
    return text % {"bordero": bordero_id}


def suggested_action(kind: str) -> str:
    """Return what to do about a kind of discrepancy, in the active language."""
    return _(_WORDS[DiscrepancyKind(kind)].advice)
