"""What a person saw of a list before ordering something for it: how many rows, their sum, and which ones they were."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import Any

from integrations.domain.money import ZERO


@dataclass(frozen=True)
class Seen:
    """`total` is in reais; `mark` differs as soon as a row, or what was seen of one, does."""

    count: int
    total: Decimal
    mark: str

    @classmethod
    def of(cls, rows: Iterable[tuple[Any, ...]]) -> "Seen":
        """Look at rows: the key of each, its amount (None where it has none), and whatever else has to stay."""
        count, total, mark = 0, ZERO, sha256()
        for row in rows:
            count += 1
            total += row[1] or ZERO
            mark.update(f"{row}\n".encode())
        return cls(count, total, mark.hexdigest())
