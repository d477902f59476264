"""Sales orders that other systems want in Bling: what they sum to, their parcels, and the body that is stored."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal
from typing import Any

from integrations.domain.bodies import StoredBody
from integrations.domain.money import CENT, ZERO

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
LARGEST_TOTAL = Decimal("99999999.99")
MOST_ITEMS, MOST_PARCELS = 200, 60


class NoSumError(ValueError):
    """An order whose parts do not make a whole; the message names the field, and `wanted` what would fit."""

    def __init__(self, field: str, wanted: str = "") -> None:
        super().__init__(field)
        self.field, self.wanted = field, wanted


def new_reference() -> str:
    """Return what makes one order known as ours (Bling: `numeroLoja`): at random, so that a restored backup never makes
    it again."""
    return "BK-" + "".join(secrets.choice(_ALPHABET) for _ in range(10))


@dataclass(frozen=True)
class OrderItem:
    """A line of an order: a product or service by its `sku`."""

    sku: str
    description: str
    quantity: Decimal
    price: Decimal

    @property
    def value(self) -> Decimal:
        return self.quantity * self.price


@dataclass(frozen=True)
class OrderParcel:
    """What is due when; `form` is the payment form's name."""

    due_date: date
    value: Decimal
    form: str


@dataclass(frozen=True)
class DesiredOrder(StoredBody):
    """A sales order that Bling should hold. `discount` is in reais; `reference` makes it known as ours."""

    day: date
    items: tuple[OrderItem, ...]
    parcels: tuple[OrderParcel, ...]
    reference: str
    discount: Decimal = ZERO
    freight: Decimal = ZERO
    expenses: Decimal = ZERO
    notes: str = ""

    @property
    def settles(self) -> bool:
        return False

    @property
    def total(self) -> Decimal:
        return total_of(self.items, self.discount, self.freight, self.expenses)

    @property
    def skus(self) -> list[str]:
        return sorted({item.sku for item in self.items})

    @classmethod
    def _parsed(cls, values: dict[str, Any]) -> dict[str, Any]:
        amounts = ("discount", "freight", "expenses")
        found = {name: Decimal(str(value)) if name in amounts else value for name, value in values.items()}
        if "day" in values:
            found["day"] = date.fromisoformat(str(values["day"]))
        if "items" in values:
            found["items"] = tuple(_item(row) for row in values["items"])
        if "parcels" in values:
            found["parcels"] = tuple(_parcel(row) for row in values["parcels"])
        return found


def total_of(items: Sequence[OrderItem], discount: Decimal, freight: Decimal, expenses: Decimal) -> Decimal:
    """Return what an order sums to, as Bling sums it. Raises `NoSumError` where a fraction of a cent is left: how Bling
    rounds that is not known."""
    if any(item.value != item.value.quantize(CENT, rounding=ROUND_DOWN) for item in items):
        raise NoSumError("itens")
    subtotal = sum((item.value for item in items), Decimal(0))
    total = subtotal.quantize(CENT) - discount + freight + expenses
    if not ZERO < total <= LARGEST_TOTAL:
        raise NoSumError("total", str(total))
    return total


def split(total: Decimal, count: int) -> list[Decimal]:
    """Return a total in parts as equal as they can be; what does not divide goes into the last. Raises `NoSumError`
    where that leaves less than a cent for one."""
    each = (total / count).quantize(CENT, rounding=ROUND_DOWN)
    if each < CENT:
        raise NoSumError("parcelas", str(total))
    return [each] * (count - 1) + [total - each * (count - 1)]


def check_parcels(parcels: Sequence[OrderParcel], total: Decimal) -> None:
    """Raise `NoSumError` where parcels do not sum to the total: Bling refuses such an order (VENDAS 22)."""
    if not parcels or any(parcel.value < CENT for parcel in parcels):
        raise NoSumError("parcelas", str(total))
    if sum((parcel.value for parcel in parcels), ZERO) != total:
        raise NoSumError("parcelas", str(total))


def _item(row: dict[str, Any]) -> OrderItem:
    return OrderItem(row["sku"], row["description"], Decimal(row["quantity"]), Decimal(row["price"]))


def _parcel(row: dict[str, Any]) -> OrderParcel:
    return OrderParcel(date.fromisoformat(row["due_date"]), Decimal(row["value"]), row["form"])
