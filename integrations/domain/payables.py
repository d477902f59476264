"""Payables and suppliers that people want in Bling: the bodies that are stored and sent, and our marker."""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from integrations.domain.bodies import StoredBody
from integrations.domain.documents import CPF_LENGTH, DocumentKind, compact, kind_of
from integrations.domain.money import ZERO
from integrations.domain.occurrences import Recurrence

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_MARKER = re.compile(r"\[#K([A-Z2-7]{10})\]\s*\Z")
LARGEST_VALUE = Decimal("999999999.99")
MOST_HISTORY = 200
"""Characters of a text that people write: how long Bling lets it be is not known, and the marker has to fit behind."""
MOST_NUMBER = 25
"""Characters of a document number (Bling, API v2)."""
MOST_NAME = 120
"""Characters of a supplier's name (Bling, API v2)."""


def new_marker() -> str:
    """Return what makes one title known as ours: at random, so that a restored backup never makes it again."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(10))


def with_marker(history: str, marker: str) -> str:
    """Return a text that ends with our marker."""
    return f"{history.strip()} [#K{marker}]".strip()


def marker_of(history: str) -> str:
    """Return the marker that a text ends with, "" for none."""
    found = _MARKER.search(history)
    return found[1] if found else ""


@dataclass(frozen=True)
class DesiredContact(StoredBody):
    """A supplier or customer to be found or created in Bling. `document` is compact; `kind` is "J", "F" or "E"
    (Bling)."""

    VERSION = 2

    name: str
    document: str = ""
    kind: str = "J"
    state_registration: str = ""
    email: str = ""
    phone: str = ""
    mobile: str = ""
    street: str = ""
    number: str = ""
    complement: str = ""
    district: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    trade_name: str = ""

    @property
    def settles(self) -> bool:
        return False


def contact_kind(document: str) -> str:
    """Return which kind of contact has this CPF or CNPJ; a company where there is none."""
    return "F" if len(compact(document)) == CPF_LENGTH and kind_of(document) is DocumentKind.CPF else "J"


@dataclass(frozen=True)
class DesiredPayable(StoredBody):
    """A payable that Bling should hold. Ids are Bling's, 0 for none; `history` ends with the marker; `day` is the day
    of the month on which a repeated one is due, 0 where it is not repeated by months."""

    value: Decimal
    due_date: date
    issue_date: date
    competence_date: date
    document_number: str = ""
    history: str = ""
    category_id: int = 0
    account_id: int = 0
    payment_form_id: int = 0
    recurrence: Recurrence = Recurrence.ONCE
    day: int = 0

    @property
    def settles(self) -> bool:
        return False

    @classmethod
    def _parsed(cls, values: dict[str, Any]) -> dict[str, Any]:
        readers: dict[str, Callable[[str], Any]] = {
            "value": Decimal, "due_date": date.fromisoformat, "issue_date": date.fromisoformat,
            "competence_date": date.fromisoformat, "recurrence": Recurrence,
        }  # fmt: skip
        return {name: readers[name](str(value)) if name in readers else value for name, value in values.items()}


@dataclass(frozen=True)
class DesiredSettlement(StoredBody):
    """A payable of Bling (`title_id`) that is to be settled whole. Ids are Bling's; `account_id` and `category_id` are
    0 and `amount` is `None` until the payable was read: `amount` is what was open of it then."""

    title_id: int
    day: date
    interest: Decimal = ZERO
    discount: Decimal = ZERO
    surcharge: Decimal = ZERO
    fee: Decimal = ZERO
    value: Decimal | None = None
    account_id: int = 0
    category_id: int = 0
    history: str = ""
    amount: Decimal | None = None

    @property
    def settles(self) -> bool:
        return True

    @classmethod
    def _parsed(cls, values: dict[str, Any]) -> dict[str, Any]:
        amounts = ("interest", "discount", "surcharge", "fee", "value", "amount")
        found = {
            name: Decimal(str(text)) if name in amounts and text is not None else text for name, text in values.items()
        }
        return {**found, "day": date.fromisoformat(str(values["day"]))} if "day" in values else found
