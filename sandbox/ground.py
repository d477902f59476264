"""What all companies stand on: one clock, one day, one lock, and how strict the fake services are."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from threading import RLock
from typing import Any, Literal, Protocol

from sandbox.bling.tokens import TokenKind

BRASILIA = timezone(timedelta(hours=-3))
DEFAULT_REDIRECT = "http://127.0.0.1:8000/bling/callback"


def today_in_brasilia() -> date:
    return datetime.now(BRASILIA).date()


class Issuer(Protocol):
    """Who gives an account its tokens."""

    def issue(self, client_id: str, account: Any, kind: TokenKind) -> dict[str, Any]: ...

    def expire_access(self, account: Any) -> None: ...

    def revoke_company(self, account: Any) -> None: ...


ReceivableList = Literal["first", "second", "none", ""]


@dataclass(eq=False)
class Ground:
    """The part of the world that a company knows.

    `unlimited` switches every rate limit off; `generous` adds what Kamino is only guessed to have (external codes in
    lists, un-settling). `receivable_list` says at which path Kamino lists receivables; "" means the first one where it
    is generous, else none. `paid_is_net` makes borderô lines show the money that moved instead of the principal: which
    of the two Bling does is not documented.
    """

    grants: Issuer = field(init=False)
    today: date = field(default_factory=today_in_brasilia)
    seed: int = 1
    unlimited: bool = False
    generous: bool = False
    receivable_list: ReceivableList = "first"
    kamino_per_minute: int = 20
    redirect_uri: str = DEFAULT_REDIRECT
    paid_is_net: bool = field(default=False, init=False)
    base_url: str = field(default="", init=False)
    clock_offset: float = field(default=0.0, init=False)
    lock: RLock = field(default_factory=RLock, init=False)

    @property
    def lists_receivables_at(self) -> ReceivableList:
        """Return which path lists receivables."""
        return self.receivable_list or ("first" if self.generous else "none")

    def clock(self) -> float:
        """Return seconds that only grow: what limits and token lives are measured on."""
        return time.monotonic() + self.clock_offset

    def advance(self, seconds: float) -> None:
        """Let time pass for limits, codes and tokens without waiting; `today` stays."""
        self.clock_offset += seconds

    def now(self) -> datetime:
        """Return the time of day in Brasília on the world's day, without a zone."""
        return datetime.combine(self.today, datetime.now(BRASILIA).time().replace(microsecond=0))
