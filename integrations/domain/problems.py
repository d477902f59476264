"""Problems: why a title, or a part of it, is held back. A code and its parameters; words are made where people read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class ProblemCode(StrEnum):
    """Each code's Portuguese sentence stands in `models/problem_texts.py`, and its mend in docs/operations.md."""

    CATEGORY_UNMAPPED = "category_unmapped"
    CATEGORY_AMBIGUOUS = "category_ambiguous"
    CATEGORY_MISSING = "category_missing"
    ACCOUNT_NOT_USABLE = "account_not_usable"
    ACCOUNT_WRONG_DIRECTION = "account_wrong_direction"
    MAPPING_TARGET_UNKNOWN = "mapping_target_unknown"
    ORDER_UNREAD = "order_unread"
    BANK_ACCOUNT_UNMAPPED = "bank_account_unmapped"
    BANK_ACCOUNT_AMBIGUOUS = "bank_account_ambiguous"
    BANK_ACCOUNT_MISSING = "bank_account_missing"
    BANK_ACCOUNT_NOT_USABLE = "bank_account_not_usable"
    DUE_DATE_MISSING = "due_date_missing"
    PERSON_MISSING = "person_missing"
    PERSON_UNREAD = "person_unread"
    PERSON_REFUSED = "person_refused"
    INVALID_DOCUMENT = "invalid_document"
    VALUE_NOT_POSITIVE = "value_not_positive"
    STATUS_RETURNED = "status_returned"
    STATUS_UNKNOWN = "status_unknown"
    CANCELLED_WITH_PAYMENT = "cancelled_with_payment"
    CANCELLED_BEFORE_SENDING = "cancelled_before_sending"
    PAYMENTS_UNREAD = "payments_unread"
    PAYMENTS_MISSING = "payments_missing"
    PAYMENT_AMBIGUOUS = "payment_ambiguous"
    PAYMENTS_DO_NOT_ADD_UP = "payments_do_not_add_up"
    PAYMENTS_SEVERAL = "payments_several"
    OVERPAID = "overpaid"
    PARTIALLY_PAID = "partially_paid"
    PART_REVERSED = "part_reversed"
    PART_DIFFERS = "part_differs"
    PART_STUCK = "part_stuck"
    SPLIT_NOT_PROVED = "split_not_proved"
    CLOSED_PERIOD_FOR_PARTS = "closed_period_for_parts"
    BEFORE_SETTLED_FROM = "before_settled_from"
    CLOSED_PERIOD = "closed_period"
    FILTERED = "filtered"
    AWAITING_RELEASE = "awaiting_release"
    RELAUNCH_UNCLEAR = "relaunch_unclear"
    DELETED_IN_BLING = "deleted_in_bling"
    REVERSED_AFTER_SETTLEMENT = "reversed_after_settlement"
    PAID_IN_KAMINO_FIRST = "paid_in_kamino_first"
    CANCELLED_AFTER_SETTLEMENT = "cancelled_after_settlement"
    SETTLEMENT_DIFFERS = "settlement_differs"
    FROZEN_AFTER_SETTLEMENT = "frozen_after_settlement"
    REOPENED_AFTER_CANCELLATION = "reopened_after_cancellation"


NAME_CODES = (
    ProblemCode.CATEGORY_UNMAPPED,
    ProblemCode.CATEGORY_AMBIGUOUS,
    ProblemCode.CATEGORY_MISSING,
    ProblemCode.ACCOUNT_NOT_USABLE,
    ProblemCode.ACCOUNT_WRONG_DIRECTION,
    ProblemCode.MAPPING_TARGET_UNKNOWN,
)
"""A name without classification holds the whole title back."""
BANK_CODES = (
    ProblemCode.BANK_ACCOUNT_UNMAPPED,
    ProblemCode.BANK_ACCOUNT_AMBIGUOUS,
    ProblemCode.BANK_ACCOUNT_MISSING,
    ProblemCode.BANK_ACCOUNT_NOT_USABLE,
)
"""A bank account without classification holds only the settlement back."""
LACKS_NAMES = (*NAME_CODES, *BANK_CODES)


class Blocks(StrEnum):
    """How much of a title a problem holds back."""

    TITLE = "title"
    SETTLEMENT = "settlement"
    NOTHING = "nothing"


_SETTLEMENT_ONLY = {
    ProblemCode.BANK_ACCOUNT_UNMAPPED,
    ProblemCode.BANK_ACCOUNT_AMBIGUOUS,
    ProblemCode.BANK_ACCOUNT_MISSING,
    ProblemCode.BANK_ACCOUNT_NOT_USABLE,
    ProblemCode.PAYMENTS_UNREAD,
    ProblemCode.PAYMENTS_MISSING,
    ProblemCode.PAYMENT_AMBIGUOUS,
    ProblemCode.PAYMENTS_DO_NOT_ADD_UP,
    ProblemCode.PAYMENTS_SEVERAL,
}
_NOTHING = {
    ProblemCode.PARTIALLY_PAID,
    ProblemCode.PART_REVERSED,
    ProblemCode.PART_DIFFERS,
    ProblemCode.PART_STUCK,
    ProblemCode.SPLIT_NOT_PROVED,
    ProblemCode.CLOSED_PERIOD_FOR_PARTS,
    ProblemCode.OVERPAID,
    ProblemCode.FROZEN_AFTER_SETTLEMENT,
}
_NO_HUMAN = {
    ProblemCode.BEFORE_SETTLED_FROM,
    ProblemCode.FILTERED,
    ProblemCode.AWAITING_RELEASE,
    ProblemCode.CANCELLED_BEFORE_SENDING,
    ProblemCode.PAYMENTS_UNREAD,
}


@dataclass(frozen=True)
class Problem:
    """One named reason, with what a sentence about it needs (names, dates and amounts as text)."""

    code: ProblemCode
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def blocks(self) -> Blocks:
        if self.code in _SETTLEMENT_ONLY:
            return Blocks.SETTLEMENT
        return Blocks.NOTHING if self.code in _NOTHING else Blocks.TITLE

    @property
    def needs_human(self) -> bool:
        """False where time or the next read mends it, or nothing is to be mended."""
        return self.code not in _NO_HUMAN

    def to_json(self) -> dict[str, object]:
        return {"code": self.code.value, "params": dict(self.params)}

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> "Problem":
        params = data.get("params")
        texts = {str(key): str(value) for key, value in params.items()} if isinstance(params, Mapping) else {}
        return cls(ProblemCode(str(data["code"])), texts)


def blocking(problems: Iterable[Problem]) -> list[Problem]:
    """Return those that hold back the whole title."""
    return [problem for problem in problems if problem.blocks is Blocks.TITLE]
