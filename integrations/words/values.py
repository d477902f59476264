"""What machines wrote, for people: days and amounts as Brazilians write them, Kamino's statuses in words."""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from integrations.domain.desired import KaminoStatus
from integrations.domain.discrepancies import DiscrepancyKind
from integrations.domain.documents import mask, pretty, without_personal_data

_ISO_DAY = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_SIDE = re.compile(r"(?:\d{4}-\d{2}-\d{2} )?(-?\d+\.\d{2})")
_AMOUNT = re.compile(r"(?<![\w.,])-?\d+\.\d{2}(?![\w.,])")


def readable(text: str) -> str:
    """Rewrite the ISO days and plain amounts in a text that a machine made: 21/11/2026, R$ 1.234,56. What an older
    version kept of messages is shown without personal data."""
    text = without_personal_data(text)
    try:
        text = _ISO_DAY.sub(
            lambda found: date_format(date(*(int(part) for part in found.groups())), "SHORT_DATE_FORMAT"), text
        )
    except ValueError:  # no such day: shown as it came
        return text
    return _AMOUNT.sub(lambda found: reais(Decimal(found[0])), text)


def reais(value: Decimal) -> str:
    """Write an amount as Brazilians do, the sign first: R$ 1.234,56, -R$ 40,40."""
    return f"{'-' if value < 0 else ''}R$\u00a0{number_format(abs(value), 2, force_grouping=True)}"


def moment_text(moment: str) -> str:
    """Write a moment (ISO, with its zone) for people of Brasília: 30/11/2026 00:05; "" for none."""
    return date_format(localtime(datetime.fromisoformat(moment)), "SHORT_DATETIME_FORMAT") if moment else ""


def side_text(kind: str, text: str, *, whole: bool = False) -> str:
    """Write one side of a discrepancy of some kind for people; Kamino's statuses are translated, and a CPF is masked
    unless `whole`, for people who may see personal data."""
    if kind == DiscrepancyKind.DOCUMENT:
        return pretty(text) if whole else mask(text)
    words = {
        KaminoStatus.PENDING.value: _("Pending"),
        KaminoStatus.SETTLED.value: _("Paid"),
        KaminoStatus.CANCELLED.value: _("Cancelled"),
        KaminoStatus.UNKNOWN.value: _("Unknown"),
    }
    return words.get(text) or readable(text)


def amount_of(text: str) -> Decimal | None:
    """Return the amount of one side of a discrepancy about money, in reais; `None` where it shows none."""
    found = _SIDE.fullmatch(text)
    return Decimal(found[1]) if found else None


class Values(dict[str, Any]):
    """Parameters of a sentence; rows of an older version may lack one, and still have to be shown."""

    def __missing__(self, key: str) -> str:
        return "?"
