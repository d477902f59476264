"""What a problem or a rule says to a person, in words of finance; a problem's sentence ends with what to do where there
is something."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from integrations.domain.classification import RuleWord
from integrations.domain.problems import Problem, ProblemCode

_TEXTS: dict[ProblemCode, str] = {
    ProblemCode.CATEGORY_UNMAPPED: gettext_noop(
        "The category “%(name)s” has no chart account of the same name in Kamino. Map it under Mappings."
    ),
    ProblemCode.CATEGORY_AMBIGUOUS: gettext_noop(
        "Kamino has more than one chart account named “%(name)s”. Choose one under Mappings."
    ),
    ProblemCode.CATEGORY_MISSING: gettext_noop(
        "The title has no category in Bling. Give it one there, or map “(sem categoria)”."
    ),
    ProblemCode.ACCOUNT_NOT_USABLE: gettext_noop(
        "“%(name)s” is inactive in Kamino or takes no postings. Choose another one under Mappings."
    ),
    ProblemCode.ACCOUNT_WRONG_DIRECTION: gettext_noop(
        "“%(name)s” does not fit this title: in Kamino it is an income account and the title is payable, or an expense "
        "account and the title is receivable. Choose another one under Mappings."
    ),
    ProblemCode.ORDER_UNREAD: gettext_noop(
        "The sales order behind this title is still being read: it says which cost center or business unit it has."
    ),
    ProblemCode.MAPPING_TARGET_UNKNOWN: gettext_noop(
        "The mapping of “%(bling_name)s” names “%(name)s”, which Kamino does not have. Correct the name."
    ),
    ProblemCode.BANK_ACCOUNT_UNMAPPED: gettext_noop(
        "The account “%(name)s” has no bank account of the same name in Kamino. Map it; the settlement waits."
    ),
    ProblemCode.BANK_ACCOUNT_AMBIGUOUS: gettext_noop(
        "Kamino has more than one bank account named “%(name)s”. Choose one under Mappings; the settlement waits."
    ),
    ProblemCode.BANK_ACCOUNT_MISSING: gettext_noop(
        "The payment names no account in Bling. Map “(sem conta)”; the settlement waits."
    ),
    ProblemCode.BANK_ACCOUNT_NOT_USABLE: gettext_noop(
        "The mapped bank account “%(name)s” is inactive in Kamino. Choose another one; the settlement waits."
    ),
    ProblemCode.DUE_DATE_MISSING: gettext_noop("The title has no due date in Bling. Give it one there."),
    ProblemCode.PERSON_MISSING: gettext_noop("The title names no customer or supplier in Bling."),
    ProblemCode.PERSON_UNREAD: gettext_noop("The customer or supplier could not be read from Bling (contact %(id)s)."),
    ProblemCode.PERSON_REFUSED: gettext_noop(
        "The customer or supplier “%(name)s” could not be saved in Kamino: %(message)s"
    ),
    ProblemCode.INVALID_DOCUMENT: gettext_noop("The CPF/CNPJ of “%(name)s” is not valid. Correct it in Bling."),
    ProblemCode.VALUE_NOT_POSITIVE: gettext_noop("The value %(value)s is zero or negative."),
    ProblemCode.STATUS_RETURNED: gettext_noop("The title was returned in Bling. Decide in Kamino what that means."),
    ProblemCode.STATUS_UNKNOWN: gettext_noop("Bling shows the status %(number)s, which this service does not know."),
    ProblemCode.CANCELLED_WITH_PAYMENT: gettext_noop("Cancelled in Bling although money was paid on it."),
    ProblemCode.CANCELLED_BEFORE_SENDING: gettext_noop("Cancelled in Bling before it was sent: nothing to do."),
    ProblemCode.PAYMENTS_UNREAD: gettext_noop("Its payments are still being read."),
    ProblemCode.PAYMENTS_MISSING: gettext_noop(
        "Paid in Bling without a payment record (borderô), so date and account are unknown. The settlement waits."
    ),
    ProblemCode.PAYMENT_AMBIGUOUS: gettext_noop(
        "The payment %(bordero)s covers several titles and does not say how much belongs to this one. "
        "The settlement waits."
    ),
    ProblemCode.PAYMENTS_DO_NOT_ADD_UP: gettext_noop(
        "The payments found (%(paid)s) do not make up the value %(value)s. The settlement waits."
    ),
    ProblemCode.PAYMENTS_SEVERAL: gettext_noop(
        "Paid in %(count)s payments on different days or accounts; Kamino takes one. Settle it by hand."
    ),
    ProblemCode.OVERPAID: gettext_noop("%(paid)s was paid for a value of %(value)s."),
    ProblemCode.PARTIALLY_PAID: gettext_noop(
        "Partly paid in Bling: %(paid)s paid, %(balance)s open. Kamino keeps the whole value open."
    ),
    ProblemCode.PART_REVERSED: gettext_noop(
        "The payment %(ids)s was reversed in Bling, and Kamino holds it as a paid title. Undo it in Kamino by hand."
    ),
    ProblemCode.PART_DIFFERS: gettext_noop(
        "The payment %(bordero)s changed in Bling after it was sent to Kamino as a title of its own. Compare the two."
    ),
    ProblemCode.PART_STUCK: gettext_noop("The payment %(bordero)s did not reach Kamino: %(message)s"),
    ProblemCode.SPLIT_NOT_PROVED: gettext_noop(
        "Not split: the Kamino connection's lists were not proved to show every status."
    ),
    ProblemCode.CLOSED_PERIOD_FOR_PARTS: gettext_noop(
        "Not split: a payment is of the period until %(date)s, which is closed. A person must decide."
    ),
    ProblemCode.BEFORE_SETTLED_FROM: gettext_noop("Paid before %(date)s: history, not sent."),
    ProblemCode.CLOSED_PERIOD: gettext_noop("The period until %(date)s is closed; a person must decide."),
    ProblemCode.FILTERED: gettext_noop("Outside the company's filter: not sent."),
    ProblemCode.AWAITING_RELEASE: gettext_noop("Waits until the invoice %(number)s is far enough in Bling."),
    ProblemCode.RELAUNCH_UNCLEAR: gettext_noop(
        "Bling deleted similar titles (%(ids)s) when this one appeared. Say which one it replaces, or none."
    ),
    ProblemCode.DELETED_IN_BLING: gettext_noop("Deleted in Bling. Cancel it in Kamino, or keep it."),
    ProblemCode.REVERSED_AFTER_SETTLEMENT: gettext_noop(
        "The payment was reversed in Bling after the settlement in Kamino. Undo it in Kamino by hand."
    ),
    ProblemCode.PAID_IN_KAMINO_FIRST: gettext_noop(
        "Paid in Kamino, waiting for Bling. Pay it in Bling too: it is compared then, and not settled again."
    ),
    ProblemCode.CANCELLED_AFTER_SETTLEMENT: gettext_noop("Cancelled in Bling after it was settled in Kamino."),
    ProblemCode.SETTLEMENT_DIFFERS: gettext_noop(
        "Settled in Kamino with %(kamino)s; Bling now says %(bling)s. A settlement is never sent twice."
    ),
    ProblemCode.FROZEN_AFTER_SETTLEMENT: gettext_noop(
        "Changed in Bling after it was settled in Kamino; settled titles are not rewritten."
    ),
    ProblemCode.REOPENED_AFTER_CANCELLATION: gettext_noop("Open again in Bling after it was cancelled in Kamino."),
}


_RULES: dict[str, str] = {
    RuleWord.PERSON: gettext_noop("Mapping of the customer or supplier"),
    RuleWord.MAPPING: gettext_noop("Mapping of the category"),
    RuleWord.NAME: gettext_noop("Same name in Kamino"),
    RuleWord.CONTACT: gettext_noop("Default category of the customer or supplier"),
    RuleWord.KEPT: gettext_noop("Kept as it was sent, although the mapping changed"),
}


def rule_text(rule: str) -> str:
    """Return which rule chose a chart account, in the active language; "" where none did."""
    return _(_RULES[rule]) if rule in _RULES else ""


def problem_text(problem: Problem) -> str:
    """Return the sentence for a problem in the active language."""
    return _(_TEXTS[problem.code]) % problem.params
