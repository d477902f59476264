"""The whole fake world: its companies, its clock, its fault switches, one lock around everything."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.account import Account
from sandbox.bling.grants import Grants
from sandbox.bling.tokens import TokenKind
from sandbox.faults import FaultBoard
from sandbox.ground import Ground
from sandbox.limits import AddressGuard


@dataclass(eq=False)
class World(Ground):
    """Everything that the two fake services remember."""

    grants: Grants = field(init=False)
    accounts: dict[str, Account] = field(default_factory=dict, init=False)
    faults: FaultBoard = field(default_factory=FaultBoard, init=False)
    addresses: AddressGuard = field(default_factory=AddressGuard, init=False)

    def __post_init__(self) -> None:
        self.grants = Grants(self, self.accounts)

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
        from sandbox.seed import fill_large, fill_small  # Faker takes a while to import

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
