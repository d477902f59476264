"""Titles as Bling shows them: directions, statuses, and the facts that rules read."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from typing import Any


class Direction(StrEnum):
    PAYABLE = "payable"
    RECEIVABLE = "receivable"


class TitleStatus(StrEnum):
    OPEN = "open"
    SETTLED = "settled"
    PARTIAL = "partial"
    RETURNED = "returned"
    CANCELLED = "cancelled"
    PARTLY_RETURNED = "partly_returned"
    CONFIRMED = "confirmed"
    UNKNOWN = "unknown"
    DELETED = "deleted"


NOT_OWED = (TitleStatus.CANCELLED, TitleStatus.DELETED)
"""Nobody has to pay these: nothing of them is created or settled in Kamino."""


class Origin(StrEnum):
    """What a title comes from, as far as rules care."""

    SALE = "sale"
    INVOICE = "invoice"
    OTHER = ""


class InvoiceStatus(StrEnum):
    """How far the invoice (or, `FULFILLED` and `CANCELLED`, the sale) behind a title is, as far as rules care."""

    FULFILLED = "fulfilled"
    AUTHORISED = "authorised"
    DANFE_ISSUED = "danfe_issued"
    CANCELLED = "cancelled"
    DENIED = "denied"
    OTHER = ""


UNSETTLED = (TitleStatus.OPEN, TitleStatus.PARTIAL, TitleStatus.CONFIRMED)
"""Statuses under which Bling still expects money."""


@dataclass(frozen=True)
class TitleRow:
    """One row of a listing: what tells whether the detail has to be read again."""

    direction: Direction
    bling_id: int
    status: TitleStatus
    status_number: int
    due_date: date | None
    value: Decimal
    contact_id: int
    payment_form_id: int


@dataclass(frozen=True)
class TitleFacts:
    """One title as its detail shows it; money in reais, dates without zone, absent dates `None`.

    `split_category_ids` are those among which Bling divides it, as far as they have ids (else 0).
    `status_number`, `origin_kind` and `origin_status` are Bling's own forms of the words beside them: evidence, which
    no rule reads.
    """

    direction: Direction
    bling_id: int
    status: TitleStatus
    status_number: int
    due_date: date | None
    value: Decimal
    balance: Decimal | None
    contact_id: int
    issue_date: date | None = None
    competence_date: date | None = None
    document_number: str = ""
    history: str = ""
    category_id: int = 0
    split_category_ids: tuple[int, ...] = ()
    account_id: int = 0
    payment_form_id: int = 0
    bordero_ids: tuple[int, ...] = ()
    origin_kind: str = ""
    origin_id: int = 0
    origin_number: str = ""
    origin_status: int = 0
    origin: Origin = Origin.OTHER
    invoice_status: InvoiceStatus = InvoiceStatus.OTHER

    @property
    def order_id(self) -> int:
        """The sales order behind a receivable, 0 where Bling names none."""
        is_sale = self.direction is Direction.RECEIVABLE and self.origin is Origin.SALE
        return self.origin_id if is_sale else 0


@dataclass(frozen=True)
class SalesOrderFacts:
    """Where a sale was made: channel and business unit, 0 for none (also where Bling deleted the order)."""

    bling_id: int
    channel_id: int = 0
    unit_id: int = 0


@dataclass(frozen=True)
class BorderoLine:
    """One line of a borderô: money that moved for one contact and document number (it names no title)."""

    contact_id: int
    document_number: str
    amount: Decimal
    interest: Decimal
    discount: Decimal
    surcharge: Decimal
    fee: Decimal


@dataclass(frozen=True)
class BorderoFacts:
    """One borderô: a payment event on one account at one date. `category_id` is `None` where it was not read."""

    bling_id: int
    date: date
    account_id: int
    lines: tuple[BorderoLine, ...]
    history: str = ""
    category_id: int | None = 0


def categories_of(own: int, borderos: Iterable[BorderoFacts]) -> list[int]:
    """Return what may be a title's category: its own, else those of its borderôs; more than one where they disagree."""
    return [own] if own else sorted({bordero.category_id for bordero in borderos if bordero.category_id})


@dataclass(frozen=True)
class PersonFacts:
    """A contact, only the fields that the data protection rules list (docs/lgpd.md)."""

    bling_id: int
    name: str
    document: str = ""
    trade_name: str = ""
    kind: str = ""
    email: str = ""
    street: str = ""
    number: str = ""
    complement: str = ""
    district: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    is_final_consumer: bool = False
    category_id: int = 0
    type_ids: tuple[int, ...] = ()


ROW_FIELDS = ("status_number", "due_date", "value", "contact_id", "payment_form_id")
"""What a listing row shows of a title; its detail has the same fields."""
shown_by_row = attrgetter(*ROW_FIELDS)
"""Return these of a row, of facts, or of anything else that has them."""


def row_fingerprint(title: Any) -> str:
    """Return a short hash of what a listing row shows of a title: of its row, or of its facts."""
    return hashlib.sha256(repr([str(part) for part in shown_by_row(title)]).encode()).hexdigest()[:32]


COMPETENCE_FIELDS = ("issue_date", "competence_date", "due_date")
"""The day that a title's competence is taken from: the first of these that it has. The same rule in SQL and below."""


def competence_of(title: Any) -> date | None:
    """Return a title's competence: of its facts, or of anything that has these days."""
    day: date | None = title.issue_date or title.competence_date or title.due_date
    return day
