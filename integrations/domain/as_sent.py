"""What of Kamino's side nobody read: it stands in a report as it was sent, and the report says so."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from integrations.domain.confidential import OPEN, Guard
from integrations.domain.money import ZERO


class NotRead(StrEnum):
    """Why a direction, or some titles of it, are not as Kamino's list shows them."""

    NEVER = "never"
    UNKNOWN = "unknown"
    ABSENT = "absent"
    FAILED = "failed"
    SENT_SINCE = "sent_since"


@dataclass(frozen=True)
class AsSent:
    """A direction of which `titles`, of `amount` in reais on Kamino's side, are as they were sent. None of them, where
    only what Kamino has beside them is not known. `guard`: who sees these titles."""

    direction: str
    why: NotRead
    titles: int = 0
    amount: Decimal = ZERO
    guard: Guard = OPEN


def as_sent(unread: Mapping[str, NotRead], amounts: Iterable[tuple[str, Decimal, Guard]]) -> list[AsSent]:
    """Sum up what was not read, by direction and guard. `unread`: directions that no list shows, and why; `amounts`:
    the direction, amount and guard of each title that no list showed since it was sent."""
    found = {(direction, OPEN): AsSent(direction, why) for direction, why in unread.items()}
    for direction, amount, guard in amounts:
        why = unread.get(direction, NotRead.SENT_SINCE)
        row = found.get((direction, guard)) or AsSent(direction, why, guard=guard)
        found[direction, guard] = replace(row, titles=row.titles + 1, amount=row.amount + amount)
    return [found[key] for key in sorted(found)]


def merged(rows: Iterable[AsSent]) -> list[AsSent]:
    """Sum up by direction, whoever sees the titles."""
    found: dict[str, AsSent] = {}
    for row in rows:
        before = found.get(row.direction) or AsSent(row.direction, row.why)
        found[row.direction] = replace(before, titles=before.titles + row.titles, amount=before.amount + row.amount)
    return list(found.values())
