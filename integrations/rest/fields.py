"""Read typed fields out of a JSON object; a missing or malformed required field is an error that names it."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.domain.money import ZERO, to_money
from integrations.rest.errors import InternalError

LARGEST, LARGEST_CODE = 2**63 - 1, 2**31 - 1
"""What a database holds as an id, and as a number of somebody's own list."""
MOST_MONEY = Decimal(10) ** 13
_DIGITS = len(str(LARGEST))
_WHOLE = re.compile(f"[+-]?[0-9]{{1,{_DIGITS}}}")
_NO_DATES = {"", "0000-00-00"}


def storable(text: str) -> str:
    """Return a text without what PostgreSQL takes in no column: NUL, and halves of surrogate pairs."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\x00", "")


def whole(value: object) -> int:
    """Return a whole number up to `LARGEST`, also when it is sent as text. Raises `ValueError` for all else, and before
    it works out a number of many digits: 1e400000 would take a quarter of a minute."""
    number: int | None = None
    if isinstance(value, Decimal):
        is_whole = value.is_finite() and value.adjusted() < _DIGITS and value == value.to_integral_value()
        number = int(value) if is_whole else None
    elif isinstance(value, str):
        number = int(value) if _WHOLE.fullmatch(value.strip()) else None
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    if number is None or abs(number) > LARGEST:
        raise ValueError("no whole number that a column holds")
    return number


class OddFieldError(InternalError):
    """An answer lacks what is needed, or shows it in a form that nobody can read. `code` says which; `message` is the
    place, with the value that stands there."""


class Fields:
    """One JSON object of an answer of `service`; `where` is its place in it (say "GET /contas/pagar data[3]")."""

    def __init__(self, data: Any, where: str, service: str = "") -> None:
        self.where, self._service = where, service
        if not isinstance(data, Mapping):
            raise OddFieldError(where, service=service, code="no_object")
        self._data = data

    @property
    def data(self) -> Mapping[str, Any]:
        """The object itself, for what is sent back as it came."""
        found: Mapping[str, Any] = self._data
        return found

    def has(self, name: str) -> bool:
        return self._data.get(name) is not None

    def raw(self, name: str) -> Any:
        """Return what stands there, whatever it is."""
        return self._data.get(name)

    def integer(self, name: str, default: int | None = None, *, most: int = LARGEST) -> int:
        """Return a whole number, also when it is sent as text. Raises `InternalError` without it or a default, and for
        one that no column holds: further from zero than `most`."""
        value = self._data.get(name)
        if value is None or value == "":
            return self._missing(name) if default is None else default
        try:
            number = whole(value)
        except ValueError as error:
            raise self._malformed(name, value) from error
        if abs(number) > most:
            raise self._malformed(name, value)
        return number

    def identifier(self, name: str) -> int | None:
        """Return an id: a whole number from 1 to `LARGEST`, also when it is sent as text; else `None`."""
        try:
            number = whole(self._data.get(name))
        except ValueError:
            return None
        return number if number > 0 else None

    def text(self, name: str, default: str | None = "") -> str:
        value = self._data.get(name)
        if value is None:
            return self._missing(name) if default is None else default
        return storable(str(value)).strip()

    def money(self, name: str, default: Decimal | None = None) -> Decimal:
        value = self._data.get(name)
        if value is None or value == "":
            return self._missing(name) if default is None else default
        try:
            amount = to_money(value)
        except (InvalidOperation, TypeError, ValueError) as error:
            raise self._malformed(name, value) from error
        if abs(amount) >= MOST_MONEY:
            raise self._malformed(name, value)
        return amount

    def money_or_none(self, name: str) -> Decimal | None:
        return self.money(name, ZERO) if self.has(name) else None

    def day(self, name: str) -> date | None:
        """Return a calendar day; a time part is cut off. Absent days, `0000-00-00` and whatever else is no day are
        `None`: what needs the day says so by itself, and one odd value does not cost a whole page."""
        text = self.text(name)[:10]
        if text in _NO_DATES:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            return None

    def has_day(self, name: str) -> bool:
        """Say whether there is a day, also one that cannot be read."""
        return self.text(name)[:10] not in _NO_DATES

    def code(self, name: str) -> int | None:
        """Return a number of the other side's own list (a status, say); `None` where it is absent or no such number."""
        value = self._data.get(name)
        text = "" if value is None or isinstance(value, bool) else str(value).strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None

    def flag(self, name: str, default: bool = False) -> bool:
        value = self._data.get(name)
        return default if value is None else value in (True, 1, "1", "true", "True", "S")

    def child(self, name: str) -> "Fields":
        """Return the object under `name`; absent ones are empty."""
        return Fields(self._data.get(name) or {}, f"{self.where}.{name}", self._service)

    def children(self, name: str) -> list["Fields"]:
        items = self._data.get(name) or []
        if not isinstance(items, list):
            raise self._malformed(name, items)
        return [Fields(item, f"{self.where}.{name}[{index}]", self._service) for index, item in enumerate(items)]

    def integers(self, name: str) -> tuple[int, ...]:
        items = self._data.get(name) or []
        try:
            return tuple(whole(item) for item in items)
        except (TypeError, ValueError) as error:
            raise self._malformed(name, items) from error

    def odd(self, name: str) -> OddFieldError:
        """Return the error for a field that cannot be what it says."""
        return self._malformed(name, self._data.get(name))

    def _missing(self, name: str) -> Any:
        raise OddFieldError(f"{self.where}.{name}", service=self._service, code="field_missing")

    def _malformed(self, name: str, value: object) -> OddFieldError:
        shown = f"{self.where}.{name} = {str(value)[:40]!r}"
        return OddFieldError(shown, service=self._service, code="field_odd")
