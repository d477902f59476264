"""Seeded titles: about half paid recently, the rest in every state that a client must cope with."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any

from sandbox.bling.records import CANCELLED, CONFIRMED, PARTLY_RETURNED, RETURNED, Direction
from sandbox.wire import ZERO_DATE

if TYPE_CHECKING:
    from sandbox.account import Account

#: Shares of the states; what is left is open. "together" titles are paid in groups by one borderô.
SHARES = (
    ("paid", 0.42),
    ("together", 0.06),
    ("twice", 0.02),
    ("partial", 0.04),
    ("cancelled", 0.03),
    ("returned", 0.01),
    ("partly_returned", 0.01),
    ("confirmed", 0.01),
)
RAW_STATUS = {
    "cancelled": CANCELLED,
    "returned": RETURNED,
    "partly_returned": PARTLY_RETURNED,
    "confirmed": CONFIRMED,
}
PAID_WITHIN = 55
TOGETHER = 3


def fill_titles(account: Account, rng: Random, contacts: list[int], *, payables: int, receivables: int) -> None:
    """Create the titles of both kinds and the payments that some of them have."""
    for direction, count in (("payable", payables), ("receivable", receivables)):
        TitleSeeder(account, rng, contacts, "payable" if direction == "payable" else "receivable").fill(count)


class TitleSeeder:
    """Makes the titles of one direction."""

    def __init__(self, account: Account, rng: Random, contacts: list[int], direction: Direction) -> None:
        self.bling, self.rng, self.direction = account.bling, rng, direction
        self.today: date = account.world.today
        kinds = (1, 3) if direction == "payable" else (2, 3)
        parents = {category.parent for category in self.bling.categories.values()}
        self.categories = [
            category.id
            for category in self.bling.categories.values()
            if category.kind in kinds and category.id not in parents
        ]
        self.contacts = contacts
        self.accounts = list(self.bling.accounts)
        self.forms = list(self.bling.payment_forms)
        self.sales: list[int] = []
        self.group: list[int] = []

    def fill(self, count: int) -> None:
        """Create `count` titles, in states by share, exactly the same for the same seed."""
        for place in range(count):
            self._one(place, self._state(place / count))
        self._pay_group()

    def _state(self, part: float) -> str:
        """Return the state at a place of the whole, so that shares hold in small sets too."""
        # Multiplying by a number without common divisors mixes the states over the sequence.
        point, reached = (part * 7919) % 1.0, 0.0
        for state, share in SHARES:
            reached += share
            if point < reached:
                return state
        return "open"

    def _one(self, place: int, state: str) -> None:
        id = self.bling.add_title(self.direction, **self._content(place, state))
        if state in ("paid", "partial", "twice"):
            self._pay(id, state)
        elif state == "together":
            self.group.append(id)
            if len(self.group) == TOGETHER:
                self._pay_group()

    def _content(self, place: int, state: str) -> dict[str, Any]:
        rng = self.rng
        due = self._due(place, state)
        issue = due - timedelta(days=rng.choice((0, 15, 30, 60)))
        parts = rng.choice((1, 1, 1, 3))
        number = f"NF {1000 + place // parts}/{1 + place % parts}" if parts > 1 else f"NF {1000 + place}"
        if rng.random() < 0.08:
            number = ""
        zero = place % 211 == 7
        return {
            "value": Decimal(rng.randrange(1_000, 2_000_000)) / 100,
            "due": due,
            "contact": self._contact(state),
            "category": 0 if rng.random() < 0.03 else rng.choice(self.categories),
            "issue": ZERO_DATE if zero else min(issue, self.today),
            "competence": ZERO_DATE if zero else issue,
            "document_number": "NF 77" if state == "together" and place % 2 else number,
            "history": "" if rng.random() < 0.15 else f"Ref. {number or 'sem número'} – parcela",
            "status": RAW_STATUS.get(state, 1),
            "account": self._account(),
            "payment_form": rng.choice(self.forms),
            "installments": parts,
            "origin": self._origin(place, due),
        }

    def _contact(self, state: str) -> int:
        """Return a contact; the titles of one group share theirs, so that their lines look alike."""
        if state == "together" and self.group:
            return self.bling.titles[self.group[0]].contact
        return self.rng.choice(self.contacts)

    def _account(self) -> int:
        """Return a portador: mostly one with a namesake in Kamino, sometimes the last one, sometimes none."""
        point = self.rng.random()
        if point < 0.05:
            return 0
        return self.accounts[-1] if point < 0.1 else self.rng.choice(self.accounts[:-1])

    def _due(self, place: int, state: str) -> date:
        rng = self.rng
        if state not in ("open", "cancelled", "confirmed"):
            return self.today - timedelta(days=rng.randrange(1, 75))
        if place % 97 == 3:
            return self.today + timedelta(days=730 + rng.randrange(30))
        if place % 89 == 5:
            return self.today - timedelta(days=1095 + rng.randrange(30))
        return self.today + timedelta(days=rng.randrange(-30, 180))

    def _paid_on(self) -> date:
        return self.today - timedelta(days=self.rng.randrange(PAID_WITHIN))

    def _pay(self, id: int, state: str) -> None:
        value, rng = self.bling.titles[id].value, self.rng
        account = self.bling.titles[id].account or self.accounts[0]
        if state == "partial":
            self.bling.pay(id, amount=value / 3, date=self._paid_on(), account=account)
        elif state == "twice":
            self.bling.pay(id, amount=value / 2, date=self._paid_on(), account=account)
            self.bling.pay(id, date=self._paid_on(), account=account)
        else:
            late = rng.random() < 0.1
            self.bling.pay(
                id,
                date=self._paid_on(),
                account=account,
                interest=Decimal("3.50") if late else 0,
                discount=Decimal("1.00") if not late and rng.random() < 0.05 else 0,
            )

    def _pay_group(self) -> None:
        if self.group:
            self.bling.pay_together(self.group, date=self._paid_on(), account=self.accounts[0])
            self.group = []

    def _origin(self, place: int, due: date) -> dict[str, Any] | None:
        """Return a sale or an invoice behind one receivable in three."""
        if self.direction == "payable" or place % 3:
            return None
        if place % 6 == 0:
            channel = next(iter(self.bling.channels.values()))
            sale = self.bling.add_sale(
                self.rng.choice(self.contacts), 100, min(due, self.today), channel.id, self.rng.choice(channel.units)[0]
            )
            return {"id": sale, "tipoOrigem": "venda", "numero": str(place), "situacao": 1}
        return {
            "id": self.bling.new_id(),
            "tipoOrigem": "notafiscal",
            "numero": str(place),
            "situacao": self.rng.choice((6, 7, 3)),
        }
