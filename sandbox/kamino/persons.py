"""Kamino: pessoa."""

from __future__ import annotations

from sandbox.kamino.fields import Row, plain
from sandbox.kamino.state import KaminoCompany
from sandbox.kamino.views import Route, body_of, page_of, parameter, without_code
from sandbox.wire import Call, Reply


def _found(company: KaminoCompany, call: Call) -> list[Row]:
    """Return the persons that the filters CPFCNPJ, NomeContem, ID and ApenasAtivos leave."""
    document, name = plain(parameter(call, "CPFCNPJ")), parameter(call, "NomeContem").casefold()
    id, only_active = parameter(call, "ID"), parameter(call, "ApenasAtivos").lower() == "true"
    if company.ignores_filters:
        document = name = id = ""

    def build() -> list[Row]:
        return [
            row
            for row in company.persons.values()
            if (not document or plain(row["CPFCNPJ"]) == document)
            and (not name or name in str(row["Nome"]).casefold())
            and (not id or str(row["ID"]) == id)
            and (not only_active or row["Ativo"])
        ]

    return company.listing(("persons", document, name, id, only_active), build)


def list_paged(company: KaminoCompany, call: Call) -> Reply:
    """GET pessoa/lista/paginada."""
    found = _found(company, call)
    return page_of(company, call, found, lambda row: company.as_shown("person", row["ID"], without_code(company, row)))


def list_all(company: KaminoCompany, call: Call) -> Reply:
    """GET pessoa/lista and GET pessoa?CPFCNPJ=: bare arrays."""
    return Reply([without_code(company, row) for row in _found(company, call)])


def save(company: KaminoCompany, call: Call) -> Reply:
    """POST pessoa/grava; answered with the saved object, its `ID` at the top."""
    return Reply(without_code(company, company.save_person(body_of(call))))


ROUTES: tuple[Route, ...] = (
    ("GET", "/pessoa/lista/paginada", list_paged),
    ("GET", "/pessoa/lista", list_all),
    ("GET", "/pessoa", list_all),
    ("POST", "/pessoa/grava", save),
)
