"""One Bling account: its data, its app, its tokens, and what it remembers about its callers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any

from sandbox.bling import errors
from sandbox.bling.records import Title
from sandbox.bling.titles_book import TitleBook
from sandbox.bling.tokens import HEX, TokenKind
from sandbox.bling.wire_forms import title_detail
from sandbox.documents import punctuated_cnpj
from sandbox.ground import Ground
from sandbox.limits import Window
from sandbox.wire import atomic

#: Resource name -> numeric scope ids, to read and to change; `missing_scopes` takes these names, and with `WRITE` after
#: one that it may only be read.
SCOPES: dict[str, tuple[int, int]] = {
    "contas-pagar": (98309, 98310),
    "contas-receber": (98313, 98314),
    "borderos": (98565, 98566),
    "contatos": (98301, 98302),
    "categorias": (98569, 98570),
    "contas-contabeis": (98573, 98574),
    "formas-pagamentos": (98577, 98578),
    "empresas": (98581, 98582),
    "caixas": (98585, 98586),
    "pedidos-vendas": (98589, 98590),
    "canais-venda": (98593, 98594),
    "produtos": (98597, 98598),
}
WRITE = ":write"
PER_SECOND, PER_DAY = 3, 120_000
KEPT_LISTINGS = 16


@dataclass
class BlingApp:
    """An app that an account registered; `missing_scopes` were not ticked in it, in the form of the account's own."""

    owner: BlingAccount
    client_id: str
    client_secret: str
    missing_scopes: set[str] = field(default_factory=set)


class BlingAccount(TitleBook):
    """The account of one company, its own apps included: the first may do everything."""

    def __init__(self, world: Ground, slug: str, number: int, name: str, cnpj: str) -> None:
        super().__init__(world, number)
        rng = Random(f"bling:{world.seed}:{slug}")
        self.slug, self.name, self.plain_cnpj = slug, name, cnpj
        self.email = f"financeiro@{slug}.example"
        self.client_id = "".join(rng.choices(HEX, k=40))
        self.apps = {self.client_id: BlingApp(self, self.client_id, "".join(rng.choices(HEX, k=60)))}
        self.company_id = "".join(rng.choices(HEX, k=32))
        self.redirect_uri = world.redirect_uri
        self.inactive = False
        self.app_inactive = False
        self.missing_scopes: set[str] = set()
        self.deleted_keep_documents = True  # whether Bling lets the CPF/CNPJ of a deleted contact be used is not known
        self.calls: Counter[str] = Counter()
        self.request_log: list[float] = []
        self.refused: Counter[int] = Counter()
        self._per_second = Window(PER_SECOND, 1.0)
        self._today: tuple[date, int] = (world.today, 0)
        self._listings: dict[Hashable, list[Any]] = {}
        self._listings_of = -1

    @property
    def client_secret(self) -> str:
        """Return the secret of the first app."""
        return self.apps[self.client_id].client_secret

    @client_secret.setter
    def client_secret(self, secret: str) -> None:
        self.apps[self.client_id].client_secret = secret

    @property
    def cnpj(self) -> str:
        """Return the company's CNPJ with punctuation, as /empresas/me/dados-basicos shows it."""
        return punctuated_cnpj(self.plain_cnpj)

    @property
    def request_count(self) -> int:
        """Return how many requests this account has seen, token calls and refusals included."""
        return sum(self.calls.values())

    @atomic
    def issue_tokens(self, kind: TokenKind = "opaque") -> dict[str, Any]:
        """Return a valid pair, as after a consent."""
        return self.world.grants.issue(self.client_id, self, kind)

    @atomic
    def add_app(self, *missing_scopes: str) -> BlingApp:
        """Register another app, without some scopes."""
        rng = Random(f"app:{self.client_id}:{len(self.apps)}")
        app = BlingApp(self, "".join(rng.choices(HEX, k=40)), "".join(rng.choices(HEX, k=60)), set(missing_scopes))
        self.apps[app.client_id] = app
        return app

    @atomic
    def expire_access_tokens(self) -> None:
        """Let every access token of this company be expired."""
        self.world.grants.expire_access(self)

    @atomic
    def revoke_all(self) -> None:
        """Revoke every token of this company, as when its user removes the app."""
        self.world.grants.revoke_company(self)

    def scope_ids(self, app: BlingApp) -> str:
        """Return the scopes that an app was granted as Bling does: numbers only."""
        missing = self.missing_scopes | app.missing_scopes
        given = [pair for name, pair in SCOPES.items() if name not in missing]
        refused = {SCOPES[name.removesuffix(WRITE)][1] for name in missing if name.endswith(WRITE)}
        return " ".join(str(number) for pair in given for number in pair if number not in refused)

    def may_use(self, app: BlingApp, resource: str, *, is_write: bool) -> bool:
        """Return whether an app was given a resource, to read or to change."""
        lacks = {resource, f"{resource}{WRITE}"} if is_write else {resource}
        return (self.missing_scopes | app.missing_scopes).isdisjoint(lacks)

    def title(self, id: int) -> dict[str, Any]:
        """Return a title's detail in wire form; raises KeyError when it does not exist."""
        return title_detail(self, self.titles[id])

    def titles_of(self, direction: str) -> list[Title]:
        """Return the titles of one direction."""
        return [title for title in self.titles.values() if title.direction == direction]

    def spend_request(self, now: float) -> None:
        """Count one API call against 3 per second and 120,000 per day, or refuse it with 429."""
        if self.world.unlimited:
            return
        day, used = self._today
        if day != self.world.today:
            used = 0
        self._today = (self.world.today, used + 1)
        if used >= PER_DAY:
            raise errors.too_many(PER_DAY, "day")
        if not self._per_second.admit(now):
            raise errors.too_many(PER_SECOND, "second")

    def spend_day(self) -> None:
        """Use up today's quota."""
        self._today = (self.world.today, PER_DAY)

    def listing(self, key: Hashable, build: Callable[[], list[Any]]) -> list[Any]:
        """Return a filtered, ordered list; built once per filter as long as nothing changes.

        A scan of 100,000 titles in pages of 100 would otherwise filter them all a thousand times.
        """
        if self._listings_of != self.version:
            self._listings.clear()
            self._listings_of = self.version
        if key not in self._listings:
            if len(self._listings) >= KEPT_LISTINGS:
                self._listings.pop(next(iter(self._listings)))
            self._listings[key] = build()
        return self._listings[key]
