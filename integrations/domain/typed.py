"""What people type, read one way everywhere, whatever the language of their browser. None: it is not understood."""

import re
from datetime import date, time
from decimal import Decimal

FIRST_YEAR = 1900
"""An earlier year is a slip, such as 0026 for 26."""
_BRAZILIAN = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4}|[0-9]{2})")
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(\.[0-9]{3})+(,[0-9]{1,2})?|[0-9]+,[0-9]{1,2}")
_PLAIN = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2})?")


def read_day(text: str) -> date | None:
    """Read a day: 31/12/2026, 31/12/26 (of this century) or 2026-12-31."""
    text = text.strip()
    if found := _BRAZILIAN.fullmatch(text):
        day, month, year = map(int, found.groups())
        year += 2000 if len(found[3]) == 2 else 0
    elif found := _ISO.fullmatch(text):
        year, month, day = map(int, found.groups())
    else:
        return None
    if year < FIRST_YEAR:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def read_time(text: str) -> time | None:
    """Read a time of the day: 14:30 or 14:30:59."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None
    try:
        return time(int(found[1]), int(found[2]), int(found[3] or 0))
    except ValueError:
        return None


def read_amount(text: str) -> Decimal | None:
    """Read an amount in reais: 1.234,56, R$ 1234,56 or 1234.56. A sign is not read."""
    text = text.replace("R$", "").strip()
    if _GROUPED.fullmatch(text):
        text = text.replace(".", "").replace(",", ".")
    return Decimal(text) if _PLAIN.fullmatch(text) else None
