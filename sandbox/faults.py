"""Fault switches: what can go wrong between a client and an API, on demand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

FaultKind = Literal[
    "429",
    "429_day",
    "500",
    "503",
    "slow",
    "cut_before",
    "cut_after",
    "html",
    "wrong_host",
    "truncated",
    "token_lost",
    "invalid_grant",
    "repeat_page",
    "page_shift",
    "ignore_filter",
    "stray_row",
    "odd_before",
    "odd_after",
    "another_id",
    "answer",
]
KINDS: tuple[str, ...] = get_args(FaultKind)

#: These only make sense on one kind of request; elsewhere the switch stays armed.
TOKEN_KINDS = {"token_lost", "invalid_grant"}
LIST_KINDS = {"ignore_filter", "stray_row"}
TOKEN_PATH = "/oauth/token"


@dataclass
class Fault:
    """One switch. It fires on `times` matching requests, after letting `after` of them pass.

    `path` is a prefix without /api or /Api/v3; `seconds` is the length of "slow" and the reset time of a
    Kamino "429"; `status` is the HTTP status of "html". "ignore_filter" and "stray_row" need the whole path of one of
    Bling's lists: it is answered as if only a page had been asked for, or with the row `answer` before its own.
    "odd_before" answers 200 with the text `answer` and does nothing, "odd_after" does it and answers that; "answer"
    answers `status` with it; "another_id" saves to a new id whatever id was sent. `asks` is a part of the query that
    a request to Bling must have ("situacao=1"): lists are read side by side, so their order tells nothing.
    """

    side: Literal["bling", "kamino"]
    kind: FaultKind
    method: str = "*"
    path: str = "/"
    times: int = 1
    after: int = 0
    account: str | None = None
    seconds: float = 1.0
    status: int = 502
    answer: str = "null"
    asks: str = ""

    def __post_init__(self) -> None:
        """Refuse a misspelled switch at once rather than never firing it."""
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}; one of {', '.join(KINDS)}")
        if self.side not in ("bling", "kamino"):
            raise ValueError(f"unknown side {self.side!r}")

    def matches(self, side: str, method: str, path: str, page: int, account: str | None, query: str = "") -> bool:
        """Return whether a request is one that this switch is about."""
        if self.kind in TOKEN_KINDS and path != TOKEN_PATH:
            return False
        if self.kind in {"page_shift", "repeat_page"} and (method != "GET" or page < 2):
            return False
        if self.kind == "another_id" and method != "POST":
            return False
        if self.kind in LIST_KINDS and (method, path) != ("GET", self.path):
            return False
        return (
            self.side == side
            and self.method in ("*", method)
            and path.startswith(self.path)
            and self.account in (None, account)
            and self.asks in query
        )


@dataclass(frozen=True)
class Fired:
    """A switch that went off, and on what."""

    kind: str
    side: str
    method: str
    path: str
    account: str | None


@dataclass
class FaultBoard:
    """The armed switches of a world and the list of those that fired."""

    armed: list[Fault] = field(default_factory=list)
    fired: list[Fired] = field(default_factory=list)

    def add(self, fault: Fault) -> Fault:
        """Arm a switch and return it."""
        self.armed.append(fault)
        return fault

    def clear(self) -> None:
        """Disarm everything; `fired` keeps its history."""
        self.armed.clear()

    def take(self, side: str, method: str, path: str, page: int, account: str | None, query: str = "") -> Fault | None:
        """Return the switch that fires on this request, if any, and use up one of its times."""
        for fault in self.armed:
            if not fault.matches(side, method, path, page, account, query):
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self.armed.remove(fault)
            self.fired.append(Fired(fault.kind, side, method, path, account))
            return fault
        return None
