"""Reasons: why a title, or a part of it, waits or is not as Bling has it. One enum for every stage.

A reason is stored as its code and parameters. Sentences, colours, worklists and advice are in `integrations/words`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Holds(StrEnum):
    """How much of a title a reason holds back."""

    TITLE = "title"
    SETTLEMENT = "settlement"
    NOTHING = "nothing"


class Severity(StrEnum):
    """How loud a reason is: money may be lost; a person has something to do; it goes on by itself."""

    DANGER = "danger"
    WARNING = "warning"
    INFO = "info"


class Reason(StrEnum):
    """Why a title waits, is stuck, or differs. What each one holds back is in `_EFFECTS` below."""

    CATEGORY_UNMAPPED = "category_unmapped"
    CATEGORY_AMBIGUOUS = "category_ambiguous"
    CATEGORY_MISSING = "category_missing"
    CATEGORY_DISPUTED = "category_disputed"
    CATEGORY_SPLIT = "category_split"
    ACCOUNT_NOT_USABLE = "account_not_usable"
    ACCOUNT_INACTIVE = "account_inactive"
    ACCOUNT_IS_GROUP = "account_is_group"
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
    PERSON_UNDECIDED = "person_undecided"
    DOCUMENT_DIFFERS = "document_differs"
    INVALID_DOCUMENT = "invalid_document"
    VALUE_NOT_POSITIVE = "value_not_positive"
    STATUS_RETURNED = "status_returned"
    STATUS_UNKNOWN = "status_unknown"
    CANCELLED_WITH_PAYMENT = "cancelled_with_payment"
    CANCELLED_BEFORE_SENDING = "cancelled_before_sending"
    PAYMENTS_UNREAD = "payments_unread"
    PAYMENTS_MISSING = "payments_missing"
    PAYMENT_AMBIGUOUS = "payment_ambiguous"
    PAYMENT_OF_OTHERS = "payment_of_others"
    PAYMENTS_DO_NOT_ADD_UP = "payments_do_not_add_up"
    PAID_AMOUNT_UNSURE = "paid_amount_unsure"
    PAYMENTS_SEVERAL = "payments_several"
    SETTLED_UNCHECKED = "settled_unchecked"
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
    AWAITING_SALE = "awaiting_sale"
    INVOICE_VOID = "invoice_void"
    SALE_VOID = "sale_void"
    RELAUNCH_UNCLEAR = "relaunch_unclear"
    DELETED_IN_BLING = "deleted_in_bling"
    REVERSED_AFTER_SETTLEMENT = "reversed_after_settlement"
    PAID_IN_KAMINO_FIRST = "paid_in_kamino_first"
    CANCELLED_AFTER_SETTLEMENT = "cancelled_after_settlement"
    SETTLEMENT_DIFFERS = "settlement_differs"
    FROZEN_AFTER_SETTLEMENT = "frozen_after_settlement"
    VALUE_AFTER_SETTLEMENT = "value_after_settlement"
    PAID_FROM_ANOTHER_ACCOUNT = "paid_from_another_account"
    REOPENED_AFTER_CANCELLATION = "reopened_after_cancellation"

    # What a delivery met.
    REFUSED = "refused"
    EXHAUSTED = "exhausted"
    INTERNAL = "internal"
    ACCESS_REFUSED = "access_refused"
    NOT_CONFIRMED = "not_confirmed"
    AMBIGUOUS = "ambiguous"
    POSSIBLE_DUPLICATE = "possible_duplicate"
    GONE_FROM_KAMINO = "gone_from_kamino"
    CREATION_AWAITS = "creation_awaits"
    PAID_IN_KAMINO = "paid_in_kamino"
    PAID_DIFFERENTLY = "paid_differently"
    SCHEDULED = "scheduled"
    SCHEDULED_AS_IT_WAS = "scheduled_as_it_was"
    PAID_AS_SCHEDULED = "paid_as_scheduled"
    RECONCILED = "reconciled"
    LOCKED_PERIOD = "locked_period"
    AWAITING_APPROVAL = "awaiting_approval"
    UNKNOWN_IN_KAMINO = "unknown_in_kamino"
    ANOTHER_ID = "another_id"
    NOT_OPEN = "not_open"
    FIELDS_DIFFER = "fields_differ"
    CONTACT_UNSURE = "contact_unsure"
    CONTACT_TAKEN = "contact_taken"
    CONTACT_GONE = "contact_gone"
    CONTACT_CHANGES_OFF = "contact_changes_off"
    PRODUCT_UNKNOWN = "product_unknown"
    PAYMENT_FORM_UNKNOWN = "payment_form_unknown"
    ORDER_INVOICED = "order_invoiced"
    ORDER_LAUNCHED = "order_launched"
    ORDER_CHANGED = "order_changed"
    ORDER_GONE = "order_gone"
    TOTAL_DIFFERS = "total_differs"
    NO_ANSWER = "no_answer"
    LIMITED = "limited"
    LIST_INCOMPLETE = "list_incomplete"
    LIST_UNKNOWN = "list_unknown"
    LIST_FAILED = "list_failed"
    SOUGHT = "sought"

    # What is known of a write whose answer was lost.
    UNCONFIRMED = "unconfirmed"
    OUTCOME_UNKNOWN = "outcome_unknown"
    NO_RECORD = "no_record"
    NO_LIST = "no_list"
    FOUND_TWICE = "found_twice"
    NOT_PROVED_ABSENT = "not_proved_absent"
    NO_DOCUMENT = "no_document"
    PERSON_FOUND_TWICE = "person_found_twice"
    LOOK_UP_FAILED = "look_up_failed"

    # Where a title is in its own way.
    REPLACED = "replaced"
    NEW = "new"
    IGNORED = "ignored"
    BEING_PLANNED = "being_planned"
    BEING_CHECKED = "being_checked"
    BEING_COMPARED = "being_compared"
    SENDING = "sending"
    AWAITS_APPROVAL = "awaits_approval"
    HELD_AFTER_RESTORE = "held_after_restore"
    SIMULATION = "simulation"
    SWITCHED_OFF = "switched_off"
    QUEUED = "queued"
    UNREAD = "unread"
    NOT_IN_BLING = "not_in_bling"


@dataclass(frozen=True)
class Effect:
    """What a reason holds back, how loud it is, and whether only a person ends it."""

    holds: Holds
    severity: Severity
    needs_human: bool = True


_ASKS = Effect(Holds.TITLE, Severity.WARNING)
_STUCK = Effect(Holds.TITLE, Severity.DANGER)
_WAITS = Effect(Holds.TITLE, Severity.INFO, needs_human=False)
_SETTLEMENT_ASKS = Effect(Holds.SETTLEMENT, Severity.WARNING)
_NOTE = Effect(Holds.NOTHING, Severity.WARNING)
_EFFECTS: dict[Reason, Effect] = {
    **dict.fromkeys(
        (
            Reason.CATEGORY_UNMAPPED, Reason.CATEGORY_AMBIGUOUS, Reason.CATEGORY_MISSING, Reason.CATEGORY_DISPUTED,
            Reason.CATEGORY_SPLIT,
            Reason.ACCOUNT_NOT_USABLE, Reason.ACCOUNT_INACTIVE, Reason.ACCOUNT_IS_GROUP, Reason.ACCOUNT_WRONG_DIRECTION,
            Reason.MAPPING_TARGET_UNKNOWN,
            Reason.ORDER_UNREAD, Reason.DUE_DATE_MISSING, Reason.PERSON_MISSING, Reason.PERSON_UNREAD,
            Reason.PERSON_REFUSED, Reason.PERSON_UNDECIDED, Reason.DOCUMENT_DIFFERS, Reason.INVALID_DOCUMENT,
            Reason.VALUE_NOT_POSITIVE, Reason.STATUS_RETURNED, Reason.STATUS_UNKNOWN, Reason.INVOICE_VOID,
            Reason.SALE_VOID,
            Reason.CLOSED_PERIOD, Reason.RELAUNCH_UNCLEAR, Reason.PAID_IN_KAMINO_FIRST, Reason.AWAITS_APPROVAL,
            Reason.AMBIGUOUS, Reason.POSSIBLE_DUPLICATE, Reason.PAID_IN_KAMINO, Reason.RECONCILED,
            Reason.LOCKED_PERIOD, Reason.AWAITING_APPROVAL, Reason.NOT_CONFIRMED, Reason.LIST_INCOMPLETE,
        ),
        _ASKS,
    ),
    **dict.fromkeys(
        (
            Reason.CANCELLED_WITH_PAYMENT, Reason.DELETED_IN_BLING, Reason.REVERSED_AFTER_SETTLEMENT,
            Reason.CANCELLED_AFTER_SETTLEMENT, Reason.SETTLEMENT_DIFFERS, Reason.REOPENED_AFTER_CANCELLATION,
            Reason.REFUSED, Reason.EXHAUSTED, Reason.INTERNAL, Reason.GONE_FROM_KAMINO, Reason.CREATION_AWAITS,
            Reason.PAID_DIFFERENTLY,
            Reason.SCHEDULED, Reason.UNCONFIRMED, Reason.OUTCOME_UNKNOWN, Reason.NO_RECORD, Reason.NO_LIST,
            Reason.FOUND_TWICE, Reason.NOT_PROVED_ABSENT, Reason.NO_DOCUMENT, Reason.PERSON_FOUND_TWICE,
            Reason.UNKNOWN_IN_KAMINO, Reason.ANOTHER_ID, Reason.LOOK_UP_FAILED, Reason.PAID_AS_SCHEDULED,
            Reason.SCHEDULED_AS_IT_WAS,
        ),
        _STUCK,
    ),
    **dict.fromkeys(
        (
            Reason.BEFORE_SETTLED_FROM, Reason.FILTERED, Reason.AWAITING_RELEASE, Reason.AWAITING_SALE,
            Reason.CANCELLED_BEFORE_SENDING, Reason.REPLACED, Reason.NEW, Reason.IGNORED, Reason.BEING_PLANNED,
            Reason.BEING_CHECKED, Reason.SENDING,
            Reason.SIMULATION, Reason.SWITCHED_OFF, Reason.QUEUED, Reason.ACCESS_REFUSED, Reason.NO_ANSWER,
            Reason.LIMITED, Reason.LIST_UNKNOWN, Reason.LIST_FAILED, Reason.SOUGHT, Reason.HELD_AFTER_RESTORE,
            Reason.BEING_COMPARED,
        ),
        _WAITS,
    ),
    **dict.fromkeys(
        (
            Reason.BANK_ACCOUNT_UNMAPPED, Reason.BANK_ACCOUNT_AMBIGUOUS, Reason.BANK_ACCOUNT_MISSING,
            Reason.BANK_ACCOUNT_NOT_USABLE, Reason.PAYMENTS_MISSING, Reason.PAYMENT_AMBIGUOUS, Reason.PAYMENT_OF_OTHERS,
            Reason.PAYMENTS_DO_NOT_ADD_UP, Reason.PAID_AMOUNT_UNSURE, Reason.PAYMENTS_SEVERAL,
        ),
        _SETTLEMENT_ASKS,
    ),
    Reason.PAYMENTS_UNREAD: Effect(Holds.SETTLEMENT, Severity.INFO, needs_human=False),
    **dict.fromkeys(
        (
            Reason.PARTIALLY_PAID, Reason.PART_REVERSED, Reason.PART_DIFFERS, Reason.PART_STUCK,
            Reason.SPLIT_NOT_PROVED, Reason.CLOSED_PERIOD_FOR_PARTS, Reason.OVERPAID, Reason.FROZEN_AFTER_SETTLEMENT,
        ),
        _NOTE,
    ),
    Reason.VALUE_AFTER_SETTLEMENT: Effect(Holds.NOTHING, Severity.WARNING, needs_human=False),
    Reason.PAID_FROM_ANOTHER_ACCOUNT: Effect(Holds.NOTHING, Severity.INFO, needs_human=False),
    Reason.SETTLED_UNCHECKED: Effect(Holds.NOTHING, Severity.WARNING, needs_human=False),
    Reason.UNREAD: Effect(Holds.NOTHING, Severity.INFO, needs_human=False),
    Reason.NOT_IN_BLING: Effect(Holds.NOTHING, Severity.WARNING, needs_human=False),
    Reason.NOT_OPEN: Effect(Holds.NOTHING, Severity.WARNING, needs_human=False),
    **dict.fromkeys(
        (
            Reason.FIELDS_DIFFER, Reason.CONTACT_UNSURE, Reason.CONTACT_TAKEN, Reason.CONTACT_GONE,
            Reason.PRODUCT_UNKNOWN, Reason.PAYMENT_FORM_UNKNOWN, Reason.ORDER_INVOICED, Reason.ORDER_LAUNCHED,
            Reason.ORDER_CHANGED, Reason.ORDER_GONE, Reason.TOTAL_DIFFERS,
        ),
        _NOTE,
    ),
    Reason.CONTACT_CHANGES_OFF: Effect(Holds.NOTHING, Severity.INFO, needs_human=False),
}  # fmt: skip

NAME_REASONS = (
    Reason.CATEGORY_UNMAPPED,
    Reason.CATEGORY_AMBIGUOUS,
    Reason.CATEGORY_MISSING,
    Reason.ACCOUNT_NOT_USABLE,
    Reason.ACCOUNT_INACTIVE,
    Reason.ACCOUNT_IS_GROUP,
    Reason.ACCOUNT_WRONG_DIRECTION,
    Reason.MAPPING_TARGET_UNKNOWN,
)
"""A name without classification holds the whole title back."""
BANK_REASONS = (
    Reason.BANK_ACCOUNT_UNMAPPED,
    Reason.BANK_ACCOUNT_AMBIGUOUS,
    Reason.BANK_ACCOUNT_MISSING,
    Reason.BANK_ACCOUNT_NOT_USABLE,
)
"""A bank account without classification holds only the settlement back."""
LACKS_NAMES = (*NAME_REASONS, *BANK_REASONS)


def effect_of(reason: Reason) -> Effect:
    """Return what a reason does; every member has an entry (`KeyError` else, at import: see below)."""
    return _EFFECTS[reason]


assert _EFFECTS.keys() == set(Reason), "a reason without an effect"


@dataclass(frozen=True)
class Problem:
    """One reason with what a sentence about it needs (names, dates and amounts as text)."""

    code: Reason
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def holds(self) -> Holds:
        return effect_of(self.code).holds

    @property
    def needs_human(self) -> bool:
        """False where time or the next read ends it, or nothing is to be done."""
        return effect_of(self.code).needs_human

    def to_json(self) -> dict[str, object]:
        return {"code": self.code.value, "params": dict(self.params)}

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> "Problem":
        params = data.get("params")
        texts = {str(key): str(value) for key, value in params.items()} if isinstance(params, Mapping) else {}
        return cls(Reason(str(data["code"])), texts)


ASKED_OF_A_PERSON = (
    Reason.AMBIGUOUS,
    Reason.PERSON_FOUND_TWICE,
    Reason.OUTCOME_UNKNOWN,
    Reason.NO_DOCUMENT,
    Reason.NO_RECORD,
    Reason.LOOK_UP_FAILED,
)
"""Reasons of a customer or supplier that is not linked yet which "Decide" on its page ends."""
PART_REASONS = (Reason.PART_REVERSED, Reason.PART_DIFFERS, Reason.PART_STUCK)
"""A payment that is a title of its own in Kamino needs a person."""
ASKED_ELSEWHERE = (Reason.POSSIBLE_DUPLICATE, Reason.SCHEDULED, Reason.PAID_AS_SCHEDULED)
"""Reasons of a stuck title that are a discrepancy of their own."""
LOST_ANSWERS = (
    Reason.OUTCOME_UNKNOWN,
    Reason.NO_RECORD,
    Reason.NO_LIST,
    Reason.FOUND_TWICE,
    Reason.NOT_PROVED_ABSENT,
    Reason.NO_DOCUMENT,
    Reason.PERSON_FOUND_TWICE,
    Reason.GONE_FROM_KAMINO,
    Reason.PAID_DIFFERENTLY,
    Reason.UNKNOWN_IN_KAMINO,
    Reason.ANOTHER_ID,
    Reason.LOOK_UP_FAILED,
)
"""What a look-up may leave open: nobody knows whether the last write happened, and only a person can find out."""


def because_of(code: Reason, inner: Problem | None, **params: str) -> Problem:
    """Return a problem whose cause is another one: its sentence ends with the sentence of that one."""
    if inner is None:
        return Problem(code, params)
    return Problem(code, {**inner.params, **params, "why": inner.code.value})


def with_since(
    problems: Iterable[Problem], before: Iterable[Mapping[str, object]], now: datetime
) -> list[dict[str, object]]:
    """Return problems as they are stored: one that was there before keeps the moment when it began."""
    began = {row.get("code"): row.get("since") for row in before}
    return [{**row, "since": began.get(row["code"]) or now.isoformat()} for row in map(Problem.to_json, problems)]


def holding_title(problems: Iterable[Problem]) -> list[Problem]:
    """Return those that hold back the whole title."""
    return [problem for problem in problems if problem.holds is Holds.TITLE]
