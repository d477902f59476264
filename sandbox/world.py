"""The whole fake world: its companies, its clock, its fault switches, one lock around everything."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from random import Random
from threading import RLock
from typing import Any

from sandbox.bling.grants import Grants, TokenKind
from sandbox.bling.state import BlingAccount
from sandbox.documents import random_cnpj
from sandbox.faults import FaultBoard
from sandbox.kamino.state import KaminoCompany
from sandbox.limits import AddressGuard

BRASILIA = timezone(timedelta(hours=-3))
SYNC_DAYS = 60
DEFAULT_REDIRECT = "http://127.0.0.1:8000/bling/callback"


class World:
    """Everything that the two fake services remember.

    `unlimited` switches every rate limit off; `generous` adds what Kamino is only guessed to have (receivable
    list, external codes in lists, un-settling). `paid_is_net` makes borderô lines show the money that moved
    instead of the principal: which of the two Bling does is not documented.
    """

    def __init__(
        self,
        today: date | None = None,
        seed: int = 1,
        unlimited: bool = False,
        generous: bool = False,
        kamino_per_minute: int = 20,
        redirect_uri: str = DEFAULT_REDIRECT,
    ) -> None:
        self.lock = RLock()
        self.today = today or datetime.now(BRASILIA).date()
        self.seed, self.unlimited, self.generous = seed, unlimited, generous
        self.kamino_per_minute = kamino_per_minute
        self.redirect_uri = redirect_uri
        self.paid_is_net = False
        self.base_url = ""
        self.clock_offset = 0.0
        self.accounts: dict[str, Account] = {}
        self.faults = FaultBoard()
        self.addresses = AddressGuard()
        self.grants = Grants(self)

    def clock(self) -> float:
        """Return seconds that only grow: what limits and token lives are measured on."""
        return time.monotonic() + self.clock_offset

    def advance(self, seconds: float) -> None:
        """Let time pass for limits, codes and tokens without waiting; `today` stays."""
        self.clock_offset += seconds

    def now(self) -> datetime:
        """Return the time of day in Brasília on the world's day, without a zone."""
        return datetime.combine(self.today, datetime.now(BRASILIA).time().replace(microsecond=0))

    def account(self, slug: str) -> Account:
        """Return a company; raises KeyError when there is none by that name."""
        return self.accounts[slug]

    def add_account(
        self,
        slug: str,
        payables: int = 0,
        receivables: int = 0,
        name: str | None = None,
        cnpj: str | None = None,
        unmapped: bool = False,
    ) -> Account:
        """Create a company with its Bling account and its Kamino company.

        Without titles it gets a small set of registers; with titles, the full realistic set of that size.
        `unmapped` gives Bling categories names that Kamino does not have.
        """
        from sandbox.seed import fill_large, fill_small  # seeds need the world, and Faker only when large

        with self.lock:
            if slug in self.accounts:
                raise ValueError(f"account {slug!r} exists")
            account = Account(self, slug, len(self.accounts), name, cnpj)
            self.accounts[slug] = account
            if payables or receivables:
                fill_large(account, payables=payables, receivables=receivables, unmapped=unmapped)
            else:
                fill_small(account, unmapped=unmapped)
            return account

    def provision(self, token_kind: TokenKind = "opaque") -> dict[str, Any]:
        """Return what a client needs to connect to every company."""
        return {"tenants": [account.provision(token_kind) for account in self.accounts.values()]}


class Account:
    """One company: a Bling account and a Kamino company."""

    def __init__(self, world: World, slug: str, number: int, name: str | None, cnpj: str | None) -> None:
        self.world, self.slug, self.number = world, slug, number
        self.name = name or f"{slug.replace('-', ' ').title()} Comércio e Serviços Ltda"
        plain = cnpj or random_cnpj(Random(f"company:{world.seed}:{slug}"))
        plain = "".join(char for char in plain if char.isalnum()).upper()
        self.bling = BlingAccount(world, slug, number, self.name, plain)
        self.kamino = KaminoCompany(world, slug, number, self.name)

    def provision(self, token_kind: TokenKind = "opaque") -> dict[str, Any]:
        """Return the client's configuration for this company, with a fresh token pair."""
        start = (self.world.today - timedelta(days=SYNC_DAYS)).isoformat()
        tokens = self.bling.issue_tokens(token_kind)
        return {
            "slug": self.slug,
            "name": self.name,
            "cnpj": self.bling.cnpj,
            "delivery_mode": "live",
            "sync_from": start,
            "settled_from": start,
            "bling": [
                {
                    "label": "Bling",
                    "client_id": self.bling.client_id,
                    "client_secret": self.bling.client_secret,
                    "access_token": tokens["access_token"],
                    "refresh_token": tokens["refresh_token"],
                    "expires_in": tokens["expires_in"],
                    "token_kind": token_kind,
                }
            ],
            "kamino": self.kamino.keys()
            | {
                "base_url": f"{self.world.base_url}/kamino",
                "requests_per_minute": 60_000 if self.world.unlimited else self.world.kamino_per_minute,
                "allow_unconfirmed": True,
            },
            "mappings": [],
        }

    def summary(self) -> dict[str, Any]:
        """Return both sides in a form that a checker can compare title by title."""
        with self.world.lock:
            return {
                "today": self.world.today,
                "counts": {"bling": self.bling_counts(), "kamino": self.kamino.counts()},
                "bling": {
                    direction: {str(title.id): _title_summary(title) for title in self.bling.titles_of(direction)}
                    for direction in ("payable", "receivable")
                },
                "kamino": {direction: self.kamino.summary_of(direction) for direction in ("payable", "receivable")},
                "charges": self.kamino.charges,
                "requests": {"bling": dict(self.bling.calls), "kamino": dict(self.kamino.calls)},
                "refused": {"bling": dict(self.bling.refused), "kamino": dict(self.kamino.refused)},
                "writes": self.kamino.write_count,
                "persons": len(self.kamino.persons),
            }

    def bling_counts(self) -> dict[str, dict[str, int]]:
        """Return the number of Bling titles by direction and status."""
        counts: dict[str, dict[str, int]] = {"payable": {}, "receivable": {}}
        for title in self.bling.titles.values():
            of_direction = counts[title.direction]
            of_direction[str(title.status)] = of_direction.get(str(title.status), 0) + 1
        return counts


def _title_summary(title: Any) -> dict[str, Any]:
    return {
        "status": title.status,
        "value": title.value,
        "due": title.due,
        "issue": title.issue,
        "competence": title.competence,
        "contact": title.contact,
        "category": title.category,
        "account": title.account,
        "document_number": title.document_number,
        "history": title.history,
        "balance": title.balance,
        "paid_total": title.paid if title.payment_days else Decimal("0.00"),
        "borderos": list(title.borderos),
        "payment_days": list(title.payment_days),
    }
