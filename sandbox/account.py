"""One company of the world: a Bling account and a Kamino company."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from sandbox.bling.state import BlingAccount
from sandbox.bling.tokens import TokenKind
from sandbox.bling.wire_forms import money_moved
from sandbox.documents import random_cnpj
from sandbox.ground import Ground
from sandbox.kamino.state import KaminoCompany

SYNC_DAYS = 60


class Account:
    """One company: a Bling account and a Kamino company."""

    def __init__(self, world: Ground, slug: str, number: int, name: str | None, cnpj: str | None) -> None:
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
                    direction: {str(title.id): self._title_summary(title) for title in self.bling.titles_of(direction)}
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

    def _title_summary(self, title: Any) -> dict[str, Any]:
        moved = sum((money_moved(line) for _day, line in self.bling.payments_of(title.id)), Decimal("0.00"))
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
            "moved_total": moved,
            "borderos": list(title.borderos),
            "payment_days": list(title.payment_days),
        }
