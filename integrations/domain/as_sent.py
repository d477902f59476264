"""What of Kamino's side nobody read: it stands in a report as it was sent, and the report says so."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

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
    only what Kamino has beside them is not known."""

    direction: str
    why: NotRead
    titles: int = 0
    amount: Decimal = ZERO


def as_sent(unread: Mapping[str, NotRead], amounts: Iterable[tuple[str, Decimal]]) -> list[AsSent]:
    """Sum up what was not read, by direction. `unread`: directions that no list shows, and why; `amounts`: the
    direction and amount of each title that no list showed since it was sent."""
    found = {direction: AsSent(direction, why) for direction, why in unread.items()}
    for direction, amount in amounts:
        row = found.get(direction) or AsSent(direction, NotRead.SENT_SINCE)
        found[direction] = replace(row, titles=row.titles + 1, amount=row.amount + amount)
    return [found[direction] for direction in sorted(found)]
