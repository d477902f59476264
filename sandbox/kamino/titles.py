"""Kamino: financeiro/pagamento, financeiro/recebimento, movements and the financial export."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from sandbox.bling.records import Direction
from sandbox.kamino.fields import FIELDS, PAID, Row
from sandbox.kamino.registers_book import Rejected
from sandbox.kamino.state import FIELDS_BY_DIRECTION, KaminoCompany
from sandbox.kamino.views import Route, body_of, no_resource, page_of, parameter, without_code
from sandbox.wire import Call, Reply, as_date

#: `Tipo` of a movement.
MOVEMENT_TYPES = {"payable": 1, "receivable": 2}
EXPORT_COLUMNS = (
    "ID",
    "Tipo",
    "Data",
    "DataPagamento",
    "DataVencimento",
    "DataCompetencia",
    "ValorPrevisto",
    "ValorRealizado",
    "PercentualRateio",
    "Realizado",
    "IDContaOrigem",
    "NomeContaOrigem",
    "CodigoReduzidoOrigem",
    "IDContaDestino",
    "NomeContaDestino",
    "CodigoReduzidoDestino",
    "IDCentroCusto",
    "NomeCentroCusto",
    "IDPessoa",
    "NomePessoa",
    "CPFCNPJPessoa",
    "Observacao",
    "Descricao",
    "IDUnidadeNegocio",
    "NomeUnidadeNegocio",
    "NumeroNotaFiscal",
    "ConciliadoOrigem",
    "ConciliadoDestino",
    "SaldoInicioDiaContaAtivo",
    "SaldoFimDiaContaAtivo",
    "IDProjeto",
    "NomeProjeto",
    "NomeClassificacao",
    "ContaAtivo",
)


def _name(rows: dict[Any, Row], id: Any) -> str | None:
    row = rows.get(id)
    return row["Nome"] if row else None


def shown(company: KaminoCompany, direction: Direction, row: Row) -> Row:
    """Return a title as reads show it: names beside ids, and each date twice, with an underscore."""
    person = company.persons.get(row["IDPessoa"], {})
    view = without_code(company, row) | {"SimbMoeda": "R$", "NomePessoa": person.get("Nome")}
    view["Pessoa"] = {"ID": row["IDPessoa"]} | {name: person.get(name) for name in ("NomeExibicao", "Nome", "CPFCNPJ")}
    view["NomeCentroCusto"] = _name(company.cost_centers, row["IDCentroCusto"])
    if direction == "payable":
        return view | {
            "CPFCNPJPessoa": person.get("CPFCNPJ"),
            "_DataVencimento": row["DataVencimento"],
            "_DataPagamento": row["DataPagamento"],
            "_DataCompetencia": row["DataCompetencia"],
            "NomeUnidadeNegocio": _name(company.units, row["IDUnidadeNegocio"]),
            "NomeContaClassificacao": _name(company.charts, row["IDPlanoContaClassificacao"]),
            "NomeContaPagamento": _name(company.charts, row["IDPlanoContaPagamento"]),
        }
    return view | {
        "CPFCNPJ": person.get("CPFCNPJ"),
        "_DataVencimento": row["DtaVenc"],
        "_DataPagamento": row["DtaPagto"],
        "_DataCompetencia": row["DtaCompet"],
        "DescricaoSituacao": "Paga" if row["SitConta"] == PAID else "Pendente",
        "NomeContaOrigem": _name(company.charts, row["IDPlanoContaOrigem"]),
        "NomeContaDestino": _name(company.charts, row["IDPlanoContaPagto"]),
    }


def _day(call: Call, name: str) -> str:
    """Return a day in ISO form, empty when nobody asked; stored days compare with it as text."""
    text = parameter(call, name)
    try:
        return as_date(text).isoformat() if text else ""
    except ValueError:
        raise Rejected(f"Data inválida em {name}.") from None


def _within(stamp: str | None, start: str, end: str) -> bool:
    """Return whether a stored day lies in a window; bounds are inclusive and may be open."""
    if not start and not end:
        return True
    return bool(stamp) and str(stamp)[:10] >= start and (not end or str(stamp)[:10] <= end)


def _list(direction: Direction, place: str = "first") -> Callable[..., Reply]:
    """List titles; which of two places lists receivables, if any, differs from world to world."""

    def view(company: KaminoCompany, call: Call) -> Reply:
        if direction == "receivable" and company.world.lists_receivables_at != place:
            return no_resource(call)
        window = _day(call, "VencDe"), _day(call, "VencAte")
        if company.ignores_filters:
            window = "", ""
        due = FIELDS[direction].due

        def build() -> list[Row]:
            found = [row for row in company.titles(direction) if _within(row[due], *window)]
            return sorted(found, key=lambda row: row["ID"])

        rows = company.listing((direction, window), build)
        show = lambda row: company.as_shown(direction, row["ID"], shown(company, direction, row))  # noqa: E731
        return page_of(company, call, rows, show)

    return view


def save_payable(company: KaminoCompany, call: Call) -> Reply:
    """POST financeiro/pagamento; answered with the command envelope, the title in `Objeto`."""
    row = company.save("payable", body_of(call))
    return Reply({"Sucesso": True, "Mensagem": None, "InfoAdicional": None, "Objeto": shown(company, "payable", row)})


def save_receivable(company: KaminoCompany, call: Call) -> Reply:
    """POST financeiro/recebimento; answered with the saved object, its `ID` at the top."""
    return Reply(shown(company, "receivable", company.save("receivable", body_of(call))))


def _delete(direction: Direction) -> Callable[..., Reply]:
    def view(company: KaminoCompany, call: Call, id: int) -> Reply:
        company.remove(direction, id)
        return Reply({"Sucesso": True, "Mensagem": None, "InfoAdicional": None, "Objeto": None})

    return view


def _movements(
    company: KaminoCompany, call: Call, *, only_realized: bool, period: tuple[str, str], competence: tuple[str, str]
) -> Iterator[tuple[Direction, Row]]:
    """Yield the titles of both kinds in a cash period (due date while unpaid) and a competence period."""
    cash_days = _day(call, period[0]), _day(call, period[1])
    competence_days = _day(call, competence[0]), _day(call, competence[1])
    for direction in FIELDS_BY_DIRECTION:
        fields = FIELDS[direction]
        for row in company.titles(direction):
            paid = row[fields.status] == PAID
            cash_day = row[fields.paid_on] if paid else row[fields.due]
            fits = _within(cash_day, *cash_days) and _within(row[fields.competence], *competence_days)
            if fits and (paid or not only_realized):
                yield direction, row


def list_movements(company: KaminoCompany, call: Call) -> Reply:
    """GET financeiro/movimentoFinanceiro/lista: money that moved, a bare array."""
    found = _movements(
        company,
        call,
        only_realized=True,
        period=("PeriodoDe", "PeriodoAte"),
        competence=("CompetenciaDe", "CompetenciaAte"),
    )
    account = parameter(call, "IDPlanoContaAtivo").strip()
    rows = [_movement(company, direction, row) for direction, row in found]
    return Reply([row for row in rows if not account or account in _accounts(row)])


def _accounts(movement: Row) -> tuple[str, str]:
    return (movement["IDContaOrigem"] or "").strip(), (movement["IDContaDestino"] or "").strip()


def _ends(company: KaminoCompany, direction: Direction, row: Row) -> Row:
    """Return where money comes from and goes to: account to classification, or the other way round."""
    fields = FIELDS[direction]
    account, chart = row[fields.account], row[fields.chart]
    source, target = (account, chart) if direction == "payable" else (chart, account)
    reconciled = bool(row["IDConciliacaoBancaria"])
    return {
        "IDContaOrigem": source,
        "NomeContaOrigem": _name(company.charts, source),
        "IDContaDestino": target,
        "NomeContaDestino": _name(company.charts, target),
        "ConciliadoOrigem": reconciled and direction == "payable",
        "ConciliadoDestino": reconciled and direction == "receivable",
    }


def _movement(company: KaminoCompany, direction: Direction, row: Row) -> Row:
    fields = FIELDS[direction]
    return {
        "ID": row["ID"],
        "Tipo": MOVEMENT_TYPES[direction],
        "Data": row[fields.paid_on],
        "DataPagamento": row[fields.paid_on],
        "ValorRealizado": row[fields.paid_value],
        "Descricao": row[fields.description],
        "NomePessoa": _name(company.persons, row["IDPessoa"]),
        "IDContaBanco": None,
        "RateioPagamento": None,
        "RateioRecebimento": None,
    } | _ends(company, direction, row)


def export(company: KaminoCompany, call: Call) -> Reply:
    """GET exportacao/financeiro: CSV, `;`, dd/MM/yyyy, decimal comma; open titles have Realizado 0."""
    only_realized = parameter(call, "apenasRealizados").lower() in ("true", "1")
    found = _movements(
        company,
        call,
        only_realized=only_realized,
        period=("periodoDe", "periodoAte"),
        competence=("competenciaDe", "competenciaAte"),
    )
    text = io.StringIO()
    writer = csv.DictWriter(text, EXPORT_COLUMNS, delimiter=parameter(call, "separador") or ";", restval="")
    if parameter(call, "removerCabecalho").lower() not in ("true", "1"):
        writer.writeheader()
    writer.writerows(_export_row(company, direction, row) for direction, row in found)
    return Reply(text=text.getvalue(), content_type="text/csv; charset=utf-8")


def _export_row(company: KaminoCompany, direction: Direction, row: Row) -> dict[str, Any]:
    fields = FIELDS[direction]
    paid = row[fields.status] == PAID
    person = company.persons.get(row["IDPessoa"], {})
    ends = _ends(company, direction, row)
    return {name: "" if value is None else value for name, value in ends.items()} | {
        "ID": row["ID"],
        "Tipo": MOVEMENT_TYPES[direction],
        "Data": _brazilian(row[fields.paid_on] if paid else row[fields.due]),
        "DataPagamento": _brazilian(row[fields.paid_on]),
        "DataVencimento": _brazilian(row[fields.due]),
        "DataCompetencia": _brazilian(row[fields.competence]),
        "ValorPrevisto": _comma(row[fields.value]),
        "ValorRealizado": _comma(row[fields.paid_value]),
        "PercentualRateio": "100",
        "Realizado": int(paid),
        "ConciliadoOrigem": int(ends["ConciliadoOrigem"]),
        "ConciliadoDestino": int(ends["ConciliadoDestino"]),
        "IDCentroCusto": row["IDCentroCusto"] or "",
        "NomeCentroCusto": _name(company.cost_centers, row["IDCentroCusto"]) or "",
        "IDPessoa": row["IDPessoa"],
        "NomePessoa": person.get("Nome"),
        "CPFCNPJPessoa": person.get("CPFCNPJ"),
        "Observacao": row["Obs"] or "",
        "Descricao": row[fields.description],
        "IDUnidadeNegocio": row["IDUnidadeNegocio"] or "",
        "NomeUnidadeNegocio": _name(company.units, row["IDUnidadeNegocio"]) or "",
        "NumeroNotaFiscal": row.get("NroNotaFiscal") or "",
        "NomeClassificacao": _name(company.charts, row[fields.chart]) or "",
        "ContaAtivo": _name(company.charts, row[fields.account]) or "",
    }


def _brazilian(stamp: str | None) -> str:
    return f"{as_date(stamp):%d/%m/%Y}" if stamp else ""


def _comma(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:.2f}".replace(".", ",")


ROUTES: tuple[Route, ...] = (
    ("GET", "/financeiro/pagamento/lista/paginada", _list("payable")),
    ("POST", "/financeiro/pagamento", save_payable),
    ("DELETE", "/financeiro/pagamento/<int:id>", _delete("payable")),
    ("GET", "/financeiro/recebimentos/paginada", _list("receivable")),
    ("GET", "/financeiro/recebimento/lista/paginada", _list("receivable", "second")),
    ("POST", "/financeiro/recebimento", save_receivable),
    ("DELETE", "/financeiro/recebimento/<int:id>", _delete("receivable")),
    ("GET", "/financeiro/movimentoFinanceiro/lista", list_movements),
    ("GET", "/exportacao/financeiro", export),
)
