"""Reads from Bling's API v3. Never writes. Knows no Django: credentials, slots and addresses are given to it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from threading import Lock
from typing import Any, Protocol, TypeVar

from integrations.bling import records, translate
from integrations.bling.ahead import UNDER_WAY, Ahead, Read
from integrations.bling.auth import KIND_JWT
from integrations.bling.contacts import WholeContact
from integrations.bling.errors import SERVICE, NothingShownError, body_of, error_of
from integrations.bling.order_reads import OrderReads
from integrations.bling.rows import OddRow, Rows
from integrations.domain.documents import DocumentKind, compact, kind_of
from integrations.domain.titles import (
    BorderoFacts,
    Direction,
    PersonFacts,
    SalesOrderFacts,
    TitleFacts,
    TitleRow,
    TitleStatus,
)
from integrations.rest.address import Address
from integrations.rest.errors import InternalError, NotFoundError, TransientError, UnauthorizedError
from integrations.rest.fields import Fields
from integrations.rest.limits import Pace, Slots
from integrations.rest.retrying import read_with_retries
from integrations.rest.session import Patience, Session, send

T = TypeVar("T")


class _HasId(Protocol):
    @property
    def id(self) -> int: ...


D = TypeVar("D", bound=_HasId)
PAGE_SIZE = 100
_CATEGORIES, _ACCOUNTS, _FORMS = _REGISTERS = (
    "/categorias/receitas-despesas", "/contas-contabeis", "/formas-pagamentos"
)  # fmt: skip
_CONTACT_TYPES, _CHANNELS = Read("/contatos/tipos", "/contatos/tipos"), "/canais-venda"
_BORDEROS, _CONTACTS, _ORDERS = "/borderos", "/contatos", "/pedidos/vendas"
NOBODY_S = 1
"""An id that no account has: asking for it tells whether the app may read its kind at all."""
_PATHS = {Direction.PAYABLE: "/contas/pagar", Direction.RECEIVABLE: "/contas/receber"}
_FILTERED = {
    TitleStatus.OPEN, TitleStatus.SETTLED, TitleStatus.PARTIAL, TitleStatus.RETURNED, TitleStatus.CANCELLED
}  # fmt: skip
"""Bling: the statuses that its filters take. Which of them shows another one is not documented."""


@dataclass(frozen=True, repr=False)
class Access:
    """What a call authenticates with; `kind` is "jwt" or "opaque" (the header `enable-jwt` must match it). `pair` is
    the row and version of the tokens that it belongs to, (0, 0) where they are not stored."""

    token: str
    kind: str
    pair: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Listing:
    """One listing of titles: a direction and either due dates or payment dates, optionally some statuses or a contact.

    Both bounds are inclusive and at most 365 days apart. `None` bounds list without dates, which only payables allow:
    receivables would silently fall back to what was issued in the last year.
    """

    direction: Direction
    by: str = "due"
    start: date | None = None
    end: date | None = None
    statuses: tuple[TitleStatus, ...] = ()
    contact_id: int = 0

    def parameters(self) -> list[tuple[str, str]]:
        """Return Bling's query; the two endpoints name everything differently."""
        contact = [("idContato", str(self.contact_id))] if self.contact_id else []
        if self.direction is Direction.PAYABLE:
            name = "dataPagamento" if self.by == "paid" else "dataVencimento"
            found = [(f"{name}Inicial", str(self.start)), (f"{name}Final", str(self.end))] if self.start else []
            return found + contact + [("situacao", str(translate.STATUS_NUMBERS[status])) for status in self.statuses]
        found = [("tipoFiltroData", "R" if self.by == "paid" else "V")]
        found += [("dataInicial", str(self.start)), ("dataFinal", str(self.end)), *contact]
        return found + [("situacoes[]", str(translate.STATUS_NUMBERS[status])) for status in self.statuses]

    def is_asked(self, row: TitleRow) -> bool:
        """Say whether this listing asks for a row, as far as rows show that: none says when it was paid. What a row
        does not show, or not readably, contradicts nothing."""
        if self.contact_id and row.contact_id not in (0, self.contact_id):
            return False
        first, last, day = self.start, self.end, row.due_date
        if self.by == "due" and first and last and day and not first <= day <= last:
            return False
        return not self.statuses or row.status in self.statuses or row.status not in _FILTERED


class BlingClient(OrderReads):
    """Bling's API for one connection. All methods raise only `ApiError` kinds."""

    def __init__(
        self,
        *,
        address: Address,
        access: Access,
        slots: Slots,
        renew: Callable[[], Access],
        session: Session | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._address = address
        self._patience = patience
        self._access = access
        self._slots = slots
        self._renew = renew
        self._session = session or Session(address)
        # Titles stay under way while the borderôs and contacts of those before them are read. A thread for each: one
        # that had to queue would leave after its moment, too close to the next.
        threads = ThreadPoolExecutor(2 * UNDER_WAY, thread_name_prefix="bling")
        self._titles, self._others = (
            Ahead[Mapping[str, Any], Access](slots, self._send, lambda: self._access, threads) for _ in range(2)
        )
        self.requests = 0
        self._counting = Lock()
        self._pace = Pace()

    @property
    def access(self) -> Access:
        """Return what the last call authenticated with."""
        return self._access

    def announce_titles(self, titles: Iterable[tuple[Direction, int]]) -> None:
        """Announce which titles will be read next, in this order: a few are then under way at the same time."""
        self._titles.announce(_one(_PATHS[direction], bling_id) for direction, bling_id in titles)

    def announce_borderos(self, bling_ids: Iterable[int]) -> None:
        """Announce which borderôs will be read next, in this order."""
        self._others.announce(_one(_BORDEROS, bling_id) for bling_id in bling_ids)

    def announce_contacts(self, bling_ids: Iterable[int]) -> None:
        """Announce which contacts will be read next, in this order."""
        self._others.announce(_one(_CONTACTS, bling_id) for bling_id in bling_ids)

    def announce_orders(self, bling_ids: Iterable[int]) -> None:
        """Announce which sales orders will be read next, in this order."""
        self._others.announce(_one(_ORDERS, bling_id) for bling_id in bling_ids)

    def announce_registers(self) -> None:
        """Announce that the registers will be read next, in the order of the methods below."""
        self._others.announce([_page(path, (), 1) for path in _REGISTERS] + [_CONTACT_TYPES, _page(_CHANNELS, (), 1)])

    def announce_listings(self, listings: Iterable[Listing]) -> None:
        """Announce the listings whose first page will be read next, in this order."""
        self._others.announce(_page(_PATHS[listing.direction], listing.parameters(), 1) for listing in listings)

    def company(self) -> records.Empresa:
        return records.Empresa.parse(self._object(Read("/empresas/me/dados-basicos", "/empresas/me/dados-basicos")))

    def probes(self) -> list[tuple[str, Callable[[], object]]]:
        """Return one cheap read for each scope that a sync needs: its name and the call (raises `ApiError` kinds).

        Sales orders and channels are not among them: only some mappings need those.
        """
        one = [("limite", "1")]
        today = date(2020, 1, 1)  # any window will do: only the permission is asked
        window = [*Listing(Direction.RECEIVABLE, "due", today, today).parameters(), *one]
        reads: list[tuple[str, str, list[tuple[str, str]]]] = [
            ("company", "/empresas/me/dados-basicos", []),
            ("payables", "/contas/pagar", one),
            ("receivables", "/contas/receber", window),
            ("contacts", "/contatos", one),
            ("categories", "/categorias/receitas-despesas", one),
            ("accounts", "/contas-contabeis", one),
            ("payment_forms", "/formas-pagamentos", one),
            ("borderos", f"{_BORDEROS}/{NOBODY_S}", []),
        ]
        return [(name, partial(self._ask, Read(path, path, tuple(query)))) for name, path, query in reads]

    def title_pages(self, listing: Listing, first_page: int = 1) -> Iterator[Rows[TitleRow]]:
        """Yield the pages of a listing from `first_page` on, until a short one. Raises `FilterIgnoredError` when most
        rows of a page were not asked for."""

        def parse(row: Fields) -> TitleRow:
            return translate.title_row(listing.direction, records.ContaRow.parse(row))

        path = _PATHS[listing.direction]
        for page in self._pages(path, listing.parameters(), parse, first_page):
            yield page.asked(listing.is_asked, f"GET {path}")

    def title(self, direction: Direction, bling_id: int) -> TitleFacts:
        """Return a title's detail. Raises `NotFoundError` when it was deleted, `NothingShownError` when Bling answers
        without saying so."""
        return translate.title(direction, self._detail(_PATHS[direction], bling_id, records.Conta.parse))

    def bordero(self, bling_id: int) -> BorderoFacts:
        """Return one borderô. Raises `NotFoundError` when it was reversed."""
        return translate.bordero(self._detail(_BORDEROS, bling_id, records.Bordero.parse))

    def order(self, bling_id: int) -> SalesOrderFacts:
        """Return where a sale was made. Raises `NotFoundError` when it was deleted, `ForbiddenError` where the app
        may not read sales orders."""
        return translate.order(self._detail(_ORDERS, bling_id, records.PedidoVenda.parse))

    def contact(self, bling_id: int) -> PersonFacts:
        """Return one contact, deleted ones too."""
        return translate.person(self._detail(_CONTACTS, bling_id, records.Contato.parse))

    def whole_contact(self, bling_id: int) -> WholeContact:
        """Return one contact as it can be sent back changed, deleted ones too. Raises `NotFoundError`."""
        return translate.whole_contact(self._detail(_CONTACTS, bling_id, records.ContatoInteiro.parse))

    def usable_contact(self, bling_id: int) -> PersonFacts | None:
        """Return a contact that titles can be entered for; `None` where it is deleted or inactive."""
        try:
            contact = self._detail(_CONTACTS, bling_id, records.Contato.parse)
        except NotFoundError:
            return None
        return translate.person(contact) if contact.is_usable else None

    def changed_contacts(self, since: datetime, until: datetime) -> Rows[records.ContatoRow]:
        """Return the contacts changed between two moments of Brasília time, at most a year apart (Bling:
        `dataAlteracaoInicial`; no row shows when it was changed)."""
        query = [
            ("criterio", "1"),
            ("dataAlteracaoInicial", since.strftime("%Y-%m-%d %H:%M:%S")),
            ("dataAlteracaoFinal", until.strftime("%Y-%m-%d %H:%M:%S")),
        ]
        return self._all(_CONTACTS, records.ContatoRow.parse, query)

    def contacts_like(self, term: str) -> Rows[records.ContatoRow]:
        """Return the first page of contacts found by CPF/CNPJ (Bling: `numeroDocumento`, without punctuation), or by
        name, trade name, e-mail or code (`pesquisa`; a row shows no reason). Raises `FilterIgnoredError`."""
        is_document = kind_of(term) in (DocumentKind.CPF, DocumentKind.CNPJ)
        query = [("criterio", "1"), ("numeroDocumento", compact(term)) if is_document else ("pesquisa", term)]
        found = next(self._pages(_CONTACTS, query, records.ContatoRow.parse))
        if not is_document:
            return found
        return found.asked(lambda row: compact(row.numero_documento) in ("", compact(term)), f"GET {_CONTACTS}")

    def contacts_named(self, name: str) -> Rows[records.ContatoRow]:
        """Return all contacts that Bling finds by a name, also those with a similar one (`pesquisa`)."""
        return self._all(_CONTACTS, records.ContatoRow.parse, [("criterio", "1"), ("pesquisa", name)])

    def cash_entries(self, start: date, end: date, value: Decimal) -> list[records.CashEntry]:
        """Return the first page of Caixas e Bancos in a span of at most a year with one value, signed: Bling shows
        debits as negative, and whether its filter heeds the sign is unknown (GET /caixas; days are a pair of
        YYYY-MM-DD). Raises `ForbiddenError` where the app may not read it, `FilterIgnoredError` when most rows are
        others."""
        query = (("dataInicial", str(start)), ("dataFinal", str(end)), ("valor", str(value)))

        def is_asked(row: records.CashEntry) -> bool:
            has_value = abs(row.valor) in (0, abs(value))  # 0: it shows none
            return has_value and (row.data is None or start <= row.data <= end)

        found = Rows.read(self._rows(Read("/caixas", "/caixas", query)), records.CashEntry.parse, "GET /caixas")
        return found.asked(is_asked, "GET /caixas")

    def categories(self) -> Rows[records.Categoria]:
        return self._all(_CATEGORIES, records.Categoria.parse)

    def accounts(self) -> Rows[records.Registro]:
        return self._all(_ACCOUNTS, records.Registro.parse)

    def payment_forms(self) -> Rows[records.FormaPagamento]:
        return self._all(_FORMS, records.FormaPagamento.parse)

    def sales_channels(self) -> Rows[records.CanalVenda]:
        """Return all sales channels with their business units: one call each. Raises `ForbiddenError` where the app
        may not read them."""
        rows = self._all(_CHANNELS, records.Registro.parse)
        found, odd = [], list(rows.odd)
        for row in rows:
            try:
                found.append(self._detail(_CHANNELS, row.id, records.CanalVenda.parse))
            except (InternalError, NotFoundError) as error:
                odd.append(OddRow(row.id, error))
        return Rows(found, odd)

    def contact_types(self) -> Rows[records.Registro]:
        """Return all contact types; this list has no pages."""
        return Rows.read(self._rows(_CONTACT_TYPES), records.Registro.parse, "GET /contatos/tipos")

    def _all(self, path: str, parse: Callable[[Fields], T], query: Sequence[tuple[str, str]] = ()) -> Rows[T]:
        pages = list(self._pages(path, list(query), parse))
        return Rows((row for page in pages for row in page), [odd for page in pages for odd in page.odd])

    def _pages(
        self, path: str, query: list[tuple[str, str]], parse: Callable[[Fields], T], first_page: int = 1
    ) -> Iterator[Rows[T]]:
        previous: Any = None
        page = first_page
        while True:
            data = self._rows(_page(path, query, page))
            if data and data == previous:
                # Bling ignores parameters that it does not understand, without an error.
                raise InternalError(
                    f"page {page} repeats the one before", service=SERVICE, operation=f"GET {path}", code="repeats"
                )
            yield Rows.read(data, parse, f"GET {path}?pagina={page}")
            if len(data) < PAGE_SIZE:
                return
            previous, page = data, page + 1

    def _rows(self, read: Read) -> list[Any]:
        data = self._ask(read).get("data")
        if not isinstance(data, list):
            raise TransientError(
                "a list without data", service=SERVICE, operation=f"GET {read.operation}", code="says_nothing"
            )
        return data

    def _detail(self, path: str, bling_id: int, parse: Callable[[Fields], D]) -> D:
        found = parse(self._object(_one(path, bling_id)))
        if found.id != bling_id:
            raise InternalError(
                f"asked for {bling_id}, got {found.id}",
                service=SERVICE,
                operation=f"GET {path}/{{id}}",
                code="other_object",
            )
        return found

    def _object(self, read: Read) -> Fields:
        body = self._ask(read)
        # /borderos/{id} has a field `data` of its own: only an object under `data` is an envelope.
        inner = body.get("data", body)
        if not inner:
            raise NothingShownError(
                "the answer shows nothing", service=SERVICE, operation=f"GET {read.operation}", code="says_nothing"
            )
        return Fields(inner if isinstance(inner, Mapping) else body, f"GET {read.path}", SERVICE)

    def _ask(self, read: Read) -> Mapping[str, Any]:
        sent = self._titles.take(read) or self._others.take(read)
        refused = sent.access if sent else self._access

        def call() -> Mapping[str, Any]:
            return self._send(read, self._access)

        try:
            return read_with_retries(call, self._slots, sent=sent.result if sent else None)
        except UnauthorizedError:
            if refused is self._access:  # else it was renewed while this request was under way
                self._access = self._renew()
            return read_with_retries(call, self._slots)

    def _send(self, read: Read, access: Access) -> Mapping[str, Any]:
        name = f"GET {read.operation}"
        with self._counting:
            self.requests += 1
        self._pace.keep(self._slots.gap)
        answer = send(
            self._session, "GET", f"{self._address}{read.path}", service=SERVICE, operation=name, is_write=False,
            params=list(read.query), headers=headers_of(access), patience=self._patience,
        )  # fmt: skip
        body = body_of(answer)
        if body is None:
            raise error_of(answer, name, is_write=False)
        return body


def _one(path: str, bling_id: int) -> Read:
    """Return the read of one object."""
    return Read(f"{path}/{bling_id}", f"{path}/{{id}}")


def _page(path: str, query: Iterable[tuple[str, str]], page: int) -> Read:
    """Return the read of one page of a list."""
    return Read(path, path, (*query, ("pagina", str(page)), ("limite", str(PAGE_SIZE))))


def headers_of(access: Access) -> dict[str, str]:
    """Return what authenticates a call."""
    headers = {"Authorization": f"Bearer {access.token}"}
    if access.kind == KIND_JWT:
        headers["enable-jwt"] = "1"
    return headers
