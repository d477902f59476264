"""Kamino's REST API for one company. Knows no Django: keys, slots and the address are given to it."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import islice
from operator import attrgetter
from typing import Any, TypeVar

import structlog

from integrations.domain.desired import DesiredTitle
from integrations.domain.matching import KaminoTitle
from integrations.domain.persons import DesiredPerson
from integrations.domain.title_lists import PROVED, TitleList
from integrations.domain.titles import Direction
from integrations.kamino import recognise, translate
from integrations.kamino.endpoints import ENDPOINTS, Endpoint, Op
from integrations.kamino.errors import SERVICE, error_of, refusal
from integrations.kamino.listing import Listing, Page, asked
from integrations.kamino.title_lists import FoundList, find, of_span, operation, usable
from integrations.rest.address import Address, read_address
from integrations.rest.errors import ApiError, ConfigError, InternalError, RateLimitedError, UncertainError
from integrations.rest.fields import Fields
from integrations.rest.limits import Slots, take
from integrations.rest.retrying import read_with_retries
from integrations.rest.session import Answer, Patience, Session, send

log = structlog.get_logger(__name__)

Found = TypeVar("Found")
Person = translate.KaminoPerson
title_id: Callable[[KaminoTitle], int] = attrgetter("kamino_id")
person_id: Callable[[Person], int] = attrgetter("kamino_id")

PAGE_SIZE = 100
_SAVE = {Direction.PAYABLE: Op.PAYABLE_SAVE, Direction.RECEIVABLE: Op.RECEIVABLE_SAVE}
_CANCEL = {Direction.PAYABLE: Op.PAYABLE_CANCEL, Direction.RECEIVABLE: Op.RECEIVABLE_CANCEL}


@dataclass(frozen=True, repr=False)
class Keys:
    """The five headers that identify application, company and user."""

    app: str
    cn: str
    id_usr: str
    usr: str
    hash: str

    def headers(self) -> dict[str, str]:
        return {"App": self.app, "CN": self.cn, "IDUsr": self.id_usr, "Usr": self.usr, "Hash": self.hash}


def read_kamino_address(text: str, cn: str, *, hosts: Collection[str], test_hosts: Collection[str]) -> Address:
    """Return the address that the keys of the company `cn` may be sent to (`read_address`). Raises `ConfigError`.

    The sandbox host with keys of a production company may write to production, so it is refused (`CN` seems to choose
    the company).
    """
    address = read_address(text, service=SERVICE, hosts=hosts, test_hosts=test_hosts)
    if address.host == "sandbox.kamino.tech" and "sandbox" not in cn.lower():
        raise ConfigError("the sandbox host was given keys of a production company", service=SERVICE, code="sandbox_cn")
    return address


@dataclass(frozen=True)
class Register:
    """The rows of a register that have an id; `unread` counts the others: of what is not shown beside them, nobody
    knows whether it is gone."""

    rows: list[translate.RegisterRow]
    unread: int


class KaminoClient:
    """Reads are retried; writes are sent once and raise `UncertainError` when their outcome is unknown.

    `title_lists` says where each direction's titles are listed: what was found by `find_title_list`, or said by a
    person. `failing` are those that could not be read when they were last asked; whoever reads them keeps it true.
    """

    def __init__(
        self,
        *,
        address: Address,
        keys: Keys,
        slots: Slots,
        allow_unconfirmed: bool,
        title_lists: Mapping[Direction, TitleList],
        failing: Collection[Direction] = (),
        session: Session | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._address = address
        self._patience = patience
        self._keys = keys
        self._slots = slots
        self._allow_unconfirmed = allow_unconfirmed
        self.title_lists = dict(title_lists)
        self.failing = set(failing)
        self._session = session or Session(address)
        self.requests = 0

    def chart_accounts(self) -> Register:
        query = {"ApenasAtivos": "true", "IDTipoPlanoConta": "1"}
        return self._register(Op.CHART_LIST, query, translate.chart_row)

    def cost_centers(self) -> Register:
        return self._register(Op.COST_CENTER_LIST, {"ApenasAtivos": "true"}, translate.named_row)

    def business_units(self) -> Register:
        return self._register(Op.BUSINESS_UNIT_LIST, {"ApenasAtivos": "true"}, translate.named_row)

    def bank_accounts(self) -> Register:
        return self._register(Op.BANK_ACCOUNT_LIST, {}, translate.bank_account_row)

    def locks(self, account: str, start: date, end: date) -> list[tuple[date, date]]:
        """Return the periods between two days, both included, that are locked on a bank account (its chart id)."""
        query = {"IDContaAtivo": account, "De": str(start), "Ate": str(end)}
        return [lock for row in self._list(Op.LOCK_LIST, query) if (lock := translate.lock_row(row)) is not None]

    def persons_with_document(self, document: str) -> list[Person]:
        """Return every person that has this document (compact). None is a proof. Raises `IncompleteError`."""

        def has_it(row: Person) -> bool:
            return row.person.document in ("", document)  # "": it shows none that could be read

        ask = partial(self._persons, {"CPFCNPJ": document}, has_it)
        return asked(ask, lambda found: found.person.document == document) or []

    def person(self, kamino_id: int) -> Person | None:
        """Return one person by id; `None` is a proof that there is none. Raises `IncompleteError`."""

        def is_it(row: Person) -> bool:
            return row.kamino_id == kamino_id

        return next(iter(asked(partial(self._persons, {"ID": str(kamino_id)}, is_it), is_it) or []), None)

    def person_pages(self) -> Iterator[Page[Person]]:
        """Yield the whole register of persons, page by page."""
        yield from self._pages(Op.PERSON_LIST, {}, translate.person_row)

    def _persons(self, query: dict[str, str], is_asked: Callable[[Person], bool]) -> Listing[Person]:
        pages = self._pages(Op.PERSON_LIST, query, translate.person_row)
        return Listing.of((page.only(is_asked, str(Op.PERSON_LIST)) for page in pages), person_id)

    def save_person(self, desired: DesiredPerson, *, kamino_id: int = 0, current: dict[str, Any] | None = None) -> int:
        """Create (`kamino_id` 0) or replace a person; return Kamino's id. Raises as `save_title` does."""
        return self._save(Op.PERSON_SAVE, translate.person_body(desired, kamino_id=kamino_id, current=current))

    def titles_due(
        self,
        direction: Direction,
        start: date,
        end: date,
        *,
        most_pages: int | None = None,
        before_page: Callable[[], None] = lambda: None,
    ) -> Listing[KaminoTitle] | None:
        """Return what the list shows of the titles due between two days, both included; the first and the last day that
        there is (`date.min`, `date.max`) leave that side open. Only the first `most_pages` are read; `before_page` is
        called before each.

        `None` where Kamino has no such list. Raises `UnusableListError` where it is not known, or refused.
        """
        op = operation(direction, self.title_lists[direction])
        if op is None:
            return None
        with usable():
            pages = self._title_pages(op, direction, (start, end), before_page=before_page)
            return Listing.of(islice(pages, most_pages), title_id)

    def title_page(self, direction: Direction, number: int) -> Page[KaminoTitle] | None:
        """Return one page of all titles of a direction (100 each); `None` and errors as `titles_due` has them."""
        op = operation(direction, self.title_lists[direction])
        if op is None:
            return None
        with usable():
            return next(self._title_pages(op, direction, number=number))

    def find_title_list(self, direction: Direction) -> FoundList:
        """Look for the list of a direction, and use it from now on where one is proved. Raises what says nothing of a
        list: wrong keys, a limit."""

        def day_page(op: Op, day: date) -> Page[KaminoTitle]:
            return next(self._title_pages(op, direction, (day, day)))

        known = self.title_lists[direction]
        found = find(direction, known, lambda op: next(self._title_pages(op, direction)), day_page)
        if found.title_list in PROVED:
            self.title_lists[direction] = found.title_list
        return found

    def _title_pages(
        self,
        op: Op,
        direction: Direction,
        span: tuple[date, date] = (date.min, date.max),
        *,
        number: int = 1,
        before_page: Callable[[], None] = lambda: None,
    ) -> Iterator[Page[KaminoTitle]]:
        start, end = span
        bounds = {"VencDe": start if start > date.min else None, "VencAte": end if end < date.max else None}
        query = {name: str(day) for name, day in bounds.items() if day is not None}
        for page in self._pages(op, query, partial(translate.title_row, direction), number, before_page):
            yield of_span(page, op, direction, start, end)

    def save_title(
        self, desired: DesiredTitle, *, person_id: int, kamino_id: int = 0, current: dict[str, Any] | None = None
    ) -> int:
        """Create (`kamino_id` 0), update or settle a title by saving it whole; return Kamino's id.

        Raises `OtherObjectError` when the answer names another title than was sent, `UncertainError` when it is no
        success that we know.
        """
        body = translate.title_body(desired, person_id=person_id, kamino_id=kamino_id, current=current)
        return self._save(_SAVE[desired.direction], body)

    def cancel_title(self, direction: Direction, kamino_id: int) -> None:
        """Cancel a title. Raises `RejectedError` when Kamino refuses (settled, reconciled, locked), `UncertainError`
        when the answer is no success that we know."""
        op = _CANCEL[direction]
        self._write(op, partial(recognise.cancelled, operation=str(op)), kamino_id=kamino_id)

    def _register(self, op: Op, query: dict[str, str], read: Callable[[Any], translate.RegisterRow | None]) -> Register:
        rows = [read(row) for row in self._list(op, query)]
        found = [row for row in rows if row is not None]
        return Register(found, unread=len(rows) - len(found))

    def _list(self, op: Op, query: dict[str, str]) -> list[Any]:
        body = self._read(op, query)
        rows = body.get("Dados", False) if isinstance(body, dict) else body
        if rows is not None and not isinstance(rows, list):
            raise InternalError("list expected", service=SERVICE, operation=str(op), code="no_list")
        return rows or []

    def _pages(
        self,
        op: Op,
        query: dict[str, str],
        read: Callable[[Any], Found | None],
        number: int = 1,
        before_page: Callable[[], None] = lambda: None,
    ) -> Iterator[Page[Found]]:
        previous = None
        while True:
            before_page()
            body = self._read(op, {**query, "_pagina": str(number), "_tamanhoPagina": str(PAGE_SIZE)})
            page = _page(body, op, read, number)
            if page.rows and page.rows == previous:
                raise InternalError(
                    f"page {number} repeats the one before", service=SERVICE, operation=str(op), code="repeats"
                )
            yield page
            if page.is_last:
                return
            previous, number = page.rows, number + 1

    def _read(self, op: Op, query: dict[str, str]) -> Any:
        endpoint = self._endpoint(op)

        def call() -> Any:
            answer = self._send(op, endpoint.path, is_write=False, params=query)
            if answer.status != 200 or answer.is_html:
                raise error_of(answer, str(op), is_write=False)
            body = answer.json()
            failed = refusal(body, str(op)) if isinstance(body, dict) else None
            if failed:
                raise failed
            return body

        return read_with_retries(call, self._slots)

    def _save(self, op: Op, body: dict[str, Any]) -> int:
        return self._write(op, partial(recognise.saved, operation=str(op), sent=int(body["ID"])), body)

    def _write(
        self, op: Op, recognised: Callable[[Any], Found], body: dict[str, Any] | None = None, *, kamino_id: int = 0
    ) -> Found:
        """Send a write once. No answer counts but one that `recognised` takes for a success; an empty one is `None`."""
        path = self._endpoint(op).path.format(id=kamino_id)
        take(self._slots)
        content = None if body is None else json.dumps(body, default=_json_number)
        try:
            answer = self._send(op, path, is_write=True, data=content, headers={"Content-Type": "application/json"})
            if answer.status not in (200, 201, 204) or answer.is_html:
                raise error_of(answer, str(op), is_write=True)
            found = recognised(_parsed(answer, op))
        except ApiError as error:
            if isinstance(error, RateLimitedError):
                self._slots.push_back(error)
            self._slots.note(error)
            raise
        self._slots.note(None)
        return found

    def _send(self, op: Op, path: str, *, is_write: bool, **kwargs: Any) -> Any:
        self.requests += 1
        headers = {**self._keys.headers(), **kwargs.pop("headers", {})}
        return send(
            self._session, ENDPOINTS[op].method, f"{self._address}{path}",
            service=SERVICE, operation=str(op), is_write=is_write, headers=headers,
            patience=self._patience, **kwargs,
        )  # fmt: skip

    def _endpoint(self, op: Op) -> Endpoint:
        endpoint = ENDPOINTS[op]
        if not endpoint.confirmed and not self._allow_unconfirmed:
            raise ConfigError(
                f"{endpoint.method} {endpoint.path} is not confirmed by Kamino; allow it on the Kamino connection",
                service=SERVICE, operation=str(op), code="unconfirmed",
            )  # fmt: skip
        return endpoint


def _page(body: Any, op: Op, read: Callable[[Any], Found | None], number: int) -> Page[Found]:
    """Read an answer as a page. Raises `InternalError` for what is none: a bare list says nothing of what it leaves
    out."""
    if not isinstance(body, dict) or not isinstance(raw := body.get("Dados", False), list | None):
        raise InternalError("page without Dados", service=SERVICE, operation=str(op), code="no_list")
    data = Fields(body, str(op), SERVICE)
    pages, total = data.code("TotalPaginas"), data.code("TotalLinhas")
    rows = [read(row) for row in raw or []]
    found = [row for row in rows if row is not None]
    unread = len(rows) - len(found)
    if raw is None and 0 not in (pages, total):
        unread = 1  # no list at all, where there should be rows
    if unread:
        log.warning("rows of Kamino not read", operation=str(op), page=number, rows=unread)
    is_full = len(rows) >= min(data.code("TamanhoPagina") or PAGE_SIZE, PAGE_SIZE)
    return Page(found, unread, number, is_full, pages if pages or not rows else None, total)


def _parsed(answer: Answer, op: Op) -> Any:
    try:
        return answer.json() if answer.body.strip() else None
    except InternalError as error:
        raise UncertainError(
            error.message, service=SERVICE, operation=str(op), status=answer.status, code=error.code
        ) from error


def _json_number(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(type(value).__name__)
