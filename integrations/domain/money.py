"""Money: `Decimal` in reais, two places, never float."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

ZERO = Decimal("0.00")
CENT = Decimal("0.01")


def to_money(value: Decimal | int | str) -> Decimal:
    """Round to cents, half up, as both services show amounts.

    Raises `decimal.InvalidOperation` for text that is no number.
    """
    amount = Decimal(value)
    if amount.is_nan():
        raise InvalidOperation(f"{value} is no amount")
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)
