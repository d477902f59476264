"""Kamino: master data lists (bare arrays), period locks and ping."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.kamino.fields import Row
from sandbox.kamino.state import KaminoCompany
from sandbox.kamino.views import Route, parameter
from sandbox.wire import Call, Reply


def _active(call: Call, rows: Iterable[Row]) -> Reply:
    only_active = parameter(call, "ApenasAtivos").lower() == "true"
    return Reply([row for row in rows if row["Ativo"] or not only_active])


def list_charts(company: KaminoCompany, call: Call) -> Reply:
    """GET financeiro/planoconta/lista; `IDTipoPlanoConta=1` leaves classifications, without bank accounts."""
    rows = company.charts.values()
    if parameter(call, "IDTipoPlanoConta") == "1":
        return _active(call, [row for row in rows if row["IDContaBanco"] is None])
    return _active(call, rows)


def list_cost_centers(company: KaminoCompany, call: Call) -> Reply:
    """GET financeiro/centrocusto/lista."""
    return _active(call, company.cost_centers.values())


def list_units(company: KaminoCompany, call: Call) -> Reply:
    """GET financeiro/unidadenegocio/lista."""
    return _active(call, company.units.values())


def list_bank_accounts(company: KaminoCompany, call: Call) -> Reply:
    """GET financeiro/contabanco/lista."""
    return _active(call, company.bank_accounts.values())


def list_locks(company: KaminoCompany, call: Call) -> Reply:
    """GET financeiro/bloqueio/lista: periods that take no writes."""
    last = company.lock_day
    rows = [{"ID": 1, "DataInicio": "2000-01-01T00:00:00", "DataFim": f"{last}T00:00:00"}] if last else []
    return Reply(rows)


def ping(company: KaminoCompany, call: Call) -> Reply:
    """GET ping: the connection works."""
    return Reply({"Sucesso": True, "Mensagem": "pong", "InfoAdicional": None, "Objeto": None})


ROUTES: tuple[Route, ...] = (
    ("GET", "/financeiro/planoconta/lista", list_charts),
    ("GET", "/financeiro/centrocusto/lista", list_cost_centers),
    ("GET", "/financeiro/unidadenegocio/lista", list_units),
    ("GET", "/financeiro/contabanco/lista", list_bank_accounts),
    ("GET", "/financeiro/bloqueio/lista", list_locks),
    ("GET", "/ping", ping),
)
