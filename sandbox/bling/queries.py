"""Query parameters as Bling reads them: paging, dates, the one-year rule. Unknown names are ignored."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from sandbox.bling import errors
from sandbox.wire import Call

T = TypeVar("T")
MAX_LIMIT = 100
PAGING = {"pagina", "limite"}


def integer(call: Call, name: str, default: int | None = None) -> int | None:
    """Return a whole number; raises a 400 when it is something else."""
    text = call.query.get(name)
    if text is None or text == "":
        return default
    try:
        return int(text)
    except ValueError:
        raise errors.invalid(name, f"O valor do parâmetro {name} é inválido.") from None


def integers(call: Call, name: str) -> frozenset[int]:
    """Return the values of a repeated parameter such as `situacoes[]`."""
    try:
        return frozenset(int(text) for text in call.query.getlist(name))
    except ValueError:
        raise errors.invalid(name, f"O valor do parâmetro {name} é inválido.") from None


def day(call: Call, name: str) -> date | None:
    """Return a calendar day given as YYYY-MM-DD."""
    text = call.query.get(name)
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise errors.invalid(name, f"A data do parâmetro {name} é inválida.") from None


def moment(call: Call, name: str) -> datetime | None:
    """Return a time given as `YYYY-MM-DD HH:mm:ss` or as a day."""
    text = call.query.get(name)
    if not text:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise errors.invalid(name, f"A data do parâmetro {name} é inválida.") from None


def check_year(name: str, start: date | None, end: date | None) -> None:
    """Refuse a window of more than one year between an Inicial and a Final."""
    if start and end and end > a_year_after(start):
        raise errors.invalid(name, "O intervalo entre as datas não pode ser maior que um ano.")


def a_year_after(start: date) -> date:
    """Return the same day of the next year."""
    try:
        return start.replace(year=start.year + 1)
    except ValueError:  # 29 February
        return start.replace(year=start.year + 1, day=28)


def a_year_before(end: date) -> date:
    """Return the same day of the last year."""
    try:
        return end.replace(year=end.year - 1)
    except ValueError:  # 29 February
        return end - timedelta(days=366)


def window(call: Call, prefix: str) -> tuple[date | None, date | None]:
    """Return `<prefix>Inicial` and `<prefix>Final`, checked against the one-year rule."""
    start, end = day(call, f"{prefix}Inicial"), day(call, f"{prefix}Final")
    check_year(f"{prefix}Inicial", start, end)
    return start, end


def page_of(call: Call, rows: Sequence[T], wire: Callable[[T], Any]) -> dict[str, Any]:
    """Return one page. There is no total and no next link; past the end comes an empty page."""
    page, limit = integer(call, "pagina", 1) or 0, integer(call, "limite", MAX_LIMIT) or 0
    if page < 1:
        raise errors.invalid("pagina", "O parâmetro pagina deve ser maior que zero.")
    if limit < 1:
        raise errors.invalid("limite", "O parâmetro limite deve ser maior que zero.")
    limit = min(limit, MAX_LIMIT)
    kind = call.fault.kind if call.fault else None
    start = 0 if kind == "repeat_page" else (page - 1) * limit
    if kind == "page_shift":
        # A row left the head of the list since the previous page, so that one row is never shown.
        start += 1
    if call.fault and kind == "stray_row":
        return {"data": [json.loads(call.fault.answer), *map(wire, rows)][start : start + limit]}
    return {"data": [wire(row) for row in rows[start : start + limit]]}


def within(value: date | None, start: date | None, end: date | None) -> bool:
    """Return whether a day lies in a window; bounds are inclusive and may be open."""
    if start is None and end is None:
        return True
    return value is not None and (start is None or value >= start) and (end is None or value <= end)
