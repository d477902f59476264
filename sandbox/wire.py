"""Values to and from the wire: dates, money, JSON, and what one HTTP call is."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from werkzeug.datastructures import Headers, MultiDict

if TYPE_CHECKING:
    from sandbox.faults import Fault

#: Bling writes a missing date like this on some records.
ZERO_DATE = "0000-00-00"
ZERO = Decimal("0.00")

Money = Decimal | str | int | float
Day = date | str

F = TypeVar("F", bound=Callable[..., Any])


def atomic(method: F) -> F:
    """Run a method under its object's `lock` (the world's), so that no request sees half a change."""

    @wraps(method)
    def locked(self: Any, *args: Any, **kwargs: Any) -> Any:
        with self.lock:
            return method(self, *args, **kwargs)

    return cast(F, locked)


def money(value: Money) -> Decimal:
    """Return an amount with two decimals; floats go through their text, never through binary."""
    return Decimal(str(value)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def as_date(value: Day) -> date:
    """Return a calendar day from a date or from text in ISO form, with or without a time.

    Raises ValueError when the text is not a day.
    """
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(value[:10])


def as_optional_date(value: Day | None) -> date | None:
    """Return a day, or None for nothing and for Bling's `0000-00-00`."""
    return as_date(value) if value and value != ZERO_DATE else None


def iso(value: date | None) -> str:
    """Return a day as Bling writes it, `0000-00-00` when there is none."""
    return value.isoformat() if value else ZERO_DATE


def dump(payload: object) -> bytes:
    """Return JSON; amounts become numbers and days become ISO text."""
    return json.dumps(payload, ensure_ascii=False, default=_plain).encode()


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no wire form")


@dataclass(slots=True)
class Call:
    """One HTTP request, reduced to what a handler may look at."""

    method: str
    path: str
    route: str
    query: MultiDict[str, str]
    headers: Headers
    body: bytes
    remote: str
    fault: Fault | None = None

    def json(self) -> Any:
        """Return the body; amounts come as Decimal. Raises ValueError when it is not JSON."""
        return json.loads(self.body, parse_float=Decimal)


@dataclass(slots=True)
class Reply:
    """One HTTP answer before faults have been applied to it."""

    payload: object = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    text: str | None = None
    content_type: str = "application/json; charset=utf-8"

    def body(self) -> bytes:
        """Return the bytes to send."""
        if self.text is not None:
            return self.text.encode()
        return b"" if self.status == 204 else dump(self.payload)


class HttpError(Exception):
    """A refusal that already knows its answer."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


BLOCK_PAGE = "<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"


def html(status: int, title: str) -> Reply:
    """Return an HTML answer, as a proxy in front of an API gives it."""
    return Reply(status=status, text=BLOCK_PAGE.format(title=title), content_type="text/html; charset=utf-8")
