"""What the views of Kamino's API have in common: bodies, parameters, pages."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from sandbox.kamino.fields import Row
from sandbox.kamino.registers_book import Rejected
from sandbox.kamino.state import LEFT_OUT, KaminoCompany
from sandbox.wire import Call, Reply

MAX_PAGE = 100
Handler = Callable[..., Reply]
Route = tuple[str, str, Handler]


def no_resource(call: Call) -> Reply:
    """Return ASP.NET's answer for a path that the API does not have."""
    return Reply({"Message": f"No HTTP resource was found that matches the request URI '{call.path}'."}, 404)


def body_of(call: Call) -> Row:
    """Return a save's JSON object. Raises a 400 when it is not one."""
    try:
        body = call.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Rejected("Requisição inválida: corpo JSON esperado.")
    return body


def parameter(call: Call, name: str) -> str:
    """Return a query parameter; keys ignore case and may carry the prefix `filtro.`."""
    for key, value in call.query.items():
        if key.lower().removeprefix("filtro.") == name.lower():
            return value
    return ""


def page_of(company: KaminoCompany, call: Call, rows: Sequence[Row], show: Callable[[Row], object]) -> Reply:
    """Return one page in the envelope PaginaAtual … Dados; at most 100 rows."""
    page, size = _number(call, "_pagina", 1), min(_number(call, "_tamanhoPagina", MAX_PAGE), MAX_PAGE)
    kind = call.fault.kind if call.fault else ""
    start = 0 if kind == "repeat_page" else (page - 1) * size
    if kind == "page_shift":
        rows = rows[1:]  # somebody has just deleted the first one
    envelope = {
        "PaginaAtual": page,
        "TamanhoPagina": size,
        "TotalLinhas": len(rows),
        "TotalPaginas": math.ceil(len(rows) / size),
        "Dados": [show(row) for row in rows[start : start + size]],
    } | company.odd_envelope
    return Reply({name: value for name, value in envelope.items() if value is not LEFT_OUT})


def _number(call: Call, name: str, default: int) -> int:
    text = parameter(call, name)
    return max(1, int(text)) if text.isdigit() else default


def without_code(company: KaminoCompany, row: Row) -> Row:
    """Return a row as reads show it: the external code only in generous mode."""
    if company.world.generous:
        return row
    return {name: value for name, value in row.items() if name != "CodigoExterno"}
