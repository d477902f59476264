"""What a Bling account holds. English names here; the wire's words are in `wire_forms`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

Direction = Literal["payable", "receivable"]

#: Title statuses of both kinds: open, settled, partial, returned, cancelled, partly returned, confirmed.
OPEN, SETTLED, PARTIAL, RETURNED, CANCELLED, PARTLY_RETURNED, CONFIRMED = 1, 2, 3, 4, 5, 6, 7


@dataclass(slots=True)
class Contact:
    """A customer or supplier."""

    id: int
    name: str
    created: datetime
    changed: datetime
    document: str = ""
    kind: str = "J"
    fantasia: str = ""
    email: str = ""
    phone: str = ""
    mobile: str = ""
    code: str = ""
    status: str = "A"
    address: dict[str, str] = field(default_factory=dict)
    types: tuple[str, ...] = ("Cliente",)
    category: int = 0


@dataclass(slots=True)
class Category:
    """A revenue or expense category; kind 1 expense, 2 revenue, 3 both."""

    id: int
    name: str
    kind: int
    parent: int = 0
    active: bool = True


@dataclass(slots=True)
class Account:
    """A conta contábil, which titles and borderôs call `portador`."""

    id: int
    name: str
    kind: str = "banco"
    alias: str = ""
    active: bool = True


@dataclass(slots=True)
class PaymentForm:
    """A payment form; `code` is Bling's tipoPagamento."""

    id: int
    name: str
    code: int
    purpose: int = 3
    active: bool = True
    default: int = 0


@dataclass(slots=True)
class Title:
    """An account payable or receivable. `paid` is the principal that payments have taken off its value; `split` are
    categories with their parts of the value: undocumented, and shown only where there are some."""

    id: int
    direction: Direction
    value: Decimal
    due: date | None
    original_due: date
    contact: int
    issue: date | None
    competence: date | None
    payment_form: int
    status: int = OPEN
    category: int = 0
    split: tuple[tuple[int, Decimal], ...] = ()
    account: int = 0
    document_number: str = ""
    history: str = ""
    origin: dict[str, Any] | None = None
    installments: int = 1
    borderos: list[int] = field(default_factory=list)
    payment_days: list[date] = field(default_factory=list)
    paid: Decimal = Decimal("0.00")

    @property
    def sorted_by(self) -> date:
        """The due date; a title that has none (`0000-00-00`) comes before all others."""
        return self.due or date.min

    @property
    def balance(self) -> Decimal:
        """Return value minus payments, never below zero."""
        return max(self.value - self.paid, Decimal("0.00"))


@dataclass(slots=True)
class PaymentLine:
    """One title's part of a borderô. `title` is ours only: the wire does not show it."""

    title: int
    contact: int
    document_number: str
    amount: Decimal
    interest: Decimal
    discount: Decimal
    surcharge: Decimal
    fee: Decimal


@dataclass(slots=True)
class Bordero:
    """A payment: one day, one account, one or more titles."""

    id: int
    direction: Direction
    day: date
    account: int
    category: int
    history: str
    lines: list[PaymentLine]


@dataclass(slots=True)
class CashEntry:
    """Money booked straight to Caixas e Bancos: no title stands behind it."""

    id: int
    day: date
    account: int
    value: Decimal
    text: str
    is_out: bool = True


@dataclass(slots=True)
class Sale:
    """A sales order. `items` are (product, quantity, unit price, text), `parcels` (due date, value, payment form)."""

    id: int
    number: int
    contact: int
    day: date
    total: Decimal
    channel: int = 0
    unit: int = 0
    category: int = 0
    status: int = 9
    invoice: int = 0
    shop_number: str = ""
    notes: str = ""
    internal_notes: str = ""
    discount: Decimal = Decimal("0.00")
    freight: Decimal = Decimal("0.00")
    expenses: Decimal = Decimal("0.00")
    items: list[tuple[int, Decimal, Decimal, str]] = field(default_factory=list)
    parcels: list[tuple[str, Decimal, int]] = field(default_factory=list)


@dataclass(slots=True)
class Product:
    """A product or service; `code` is its SKU."""

    id: int
    code: str
    name: str
    active: bool = True


@dataclass(slots=True)
class Channel:
    """A sales channel with its branches: (business unit id, name)."""

    id: int
    name: str
    units: list[tuple[int, str]] = field(default_factory=list)
