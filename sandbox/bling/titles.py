"""Bling: GET /contas/pagar, /contas/receber, /borderos and /caixas."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from sandbox.bling import errors, queries
from sandbox.bling.records import Bordero, CashEntry, Direction, Title
from sandbox.bling.state import BlingAccount
from sandbox.bling.wire_forms import (
    Wire,
    bordero_detail,
    cash_row,
    direct_cash_row,
    payable_row,
    receivable_row,
    title_detail,
)
from sandbox.wire import Call, Reply, money

#: The status filters accept 1 to 5 only; returned in part and confirmed are never found by filter.
FILTERABLE = {1, 2, 3, 4, 5}


def _order(title: Title) -> tuple[date, int]:
    return title.sorted_by, title.id


def _paid_within(title: Title, start: date | None, end: date | None) -> bool:
    """Return whether any payment of a title, not only the last one, falls in a window."""
    if start is None and end is None:
        return True
    return any(queries.within(day, start, end) for day in title.payment_days)


def list_payables(account: BlingAccount, call: Call) -> Reply:
    """GET /contas/pagar: no default window, one `situacao`, and rows that carry next to nothing."""
    issue, due, paid = (queries.window(call, name) for name in ("dataEmissao", "dataVencimento", "dataPagamento"))
    status, contact = queries.integer(call, "situacao"), queries.integer(call, "idContato")

    def build() -> list[Title]:
        return sorted(
            (
                title
                for title in account.titles.values()
                if title.direction == "payable"
                and (status is None or (title.status == status and status in FILTERABLE))
                and (contact is None or title.contact == contact)
                and queries.within(title.due, *due)
                and queries.within(title.issue, *issue)
                and _paid_within(title, *paid)
            ),
            key=_order,
        )

    rows = account.listing(("payable", issue, due, paid, status, contact), build)
    return Reply(queries.page_of(call, rows, payable_row))


def _receivable_window(account: BlingAccount, call: Call) -> tuple[date, date]:
    """Return the window that applies even when nobody asked for one: the last year up to today."""
    start, end = queries.day(call, "dataInicial"), queries.day(call, "dataFinal")
    today = account.world.today
    start, end = start or queries.a_year_before(today), end or today
    queries.check_year("dataInicial", start, end)
    return start, end


def _in_receivable_window(kind: str, start: date, end: date) -> Callable[[Title], bool]:
    if kind == "V":
        return lambda title: queries.within(title.due, start, end)
    if kind == "R":
        return lambda title: _paid_within(title, start, end)
    return lambda title: queries.within(title.issue, start, end)


def list_receivables(account: BlingAccount, call: Call) -> Reply:
    """GET /contas/receber: `situacoes[]`, and a window on the issue date by default."""
    kind = call.query.get("tipoFiltroData", "E")
    if kind not in ("E", "V", "R"):
        raise errors.invalid("tipoFiltroData", "O valor do parâmetro tipoFiltroData é inválido.")
    start, end = _receivable_window(account, call)
    fits = _in_receivable_window(kind, start, end)
    statuses, categories = queries.integers(call, "situacoes[]"), queries.integers(call, "idsCategorias[]")
    exact = (
        queries.integer(call, "idContato"),
        queries.integer(call, "idPortador"),
        queries.integer(call, "idFormaPagamento"),
        queries.integer(call, "idVendedor"),
        queries.integer(call, "boletoGerado"),
    )

    def build() -> list[Title]:
        return sorted(
            (
                title
                for title in account.titles.values()
                if title.direction == "receivable"
                and (not statuses or title.status in statuses & FILTERABLE)
                and (not categories or title.category in categories)
                and _has(title, exact)
                and fits(title)
            ),
            key=_order,
        )

    rows = account.listing(("receivable", kind, start, end, statuses, categories, exact), build)
    return Reply(queries.page_of(call, rows, lambda title: receivable_row(account, title)))


def _has(title: Title, exact: tuple[int | None, ...]) -> bool:
    """Return whether contact, account, form, seller and boleto are the wanted ones; no title here has the last two."""
    mine = (title.contact, title.account, title.payment_form, 0, 0)
    return all(wanted is None or wanted == value for wanted, value in zip(exact, mine, strict=True))


def _detail(direction: Direction) -> Callable[..., Reply]:
    def show(account: BlingAccount, call: Call, id: int) -> Reply:
        title = account.titles.get(id)
        if title is None or title.direction != direction:
            raise errors.not_found()
        return Reply({"data": title_detail(account, title)})

    return show


show_payable = _detail("payable")
show_receivable = _detail("receivable")


def show_bordero(account: BlingAccount, call: Call, id: int) -> Reply:
    """GET /borderos/{id}; there is no list of borderôs."""
    bordero = account.borderos.get(id)
    if bordero is None:
        raise errors.not_found()
    return Reply({"data": bordero_detail(bordero, paid_is_net=account.world.paid_is_net)})


def list_cash(account: BlingAccount, call: Call) -> Reply:
    """GET /caixas: what payments made and what was entered there; the default window is the current month."""
    today = account.world.today
    start = queries.day(call, "dataInicial") or today.replace(day=1)
    end = queries.day(call, "dataFinal") or _last_of_month(today)
    queries.check_year("dataInicial", start, end)
    wanted = queries.integer(call, "idContaFinanceira")
    hidden = call.query.get("situacao", "R") != "R"
    value = call.query.get("valor", "")

    def build() -> list[Wire]:
        entries: list[tuple[Bordero | CashEntry, Wire]]
        entries = [(entry, cash_row(account, entry)) for entry in account.borderos.values()]
        entries += [(entry, direct_cash_row(account, entry)) for entry in account.cash.values()]
        found = [
            (entry, row)
            for entry, row in entries
            if start <= entry.day <= end and wanted in (None, entry.account) and not hidden
            if not value or row["valor"] == money(value)
        ]
        return [row for _entry, row in sorted(found, key=lambda pair: (pair[0].day, pair[0].id))]

    rows = account.listing(("cash", start, end, wanted, hidden, value), build)
    # Declared with `pagina` and without `limite`.
    call.query.poplist("limite")
    return Reply(queries.page_of(call, rows, lambda row: row))


def _last_of_month(today: date) -> date:
    following = date(today.year + today.month // 12, today.month % 12 + 1, 1)
    return date.fromordinal(following.toordinal() - 1)


ROUTES: tuple[tuple[str, str, Callable[..., Reply]], ...] = (
    ("contas-pagar", "/contas/pagar", list_payables),
    ("contas-pagar", "/contas/pagar/<int:id>", show_payable),
    ("contas-receber", "/contas/receber", list_receivables),
    ("contas-receber", "/contas/receber/<int:id>", show_receivable),
    ("borderos", "/borderos/<int:id>", show_bordero),
    ("caixas", "/caixas", list_cash),
)
