"""The fields that go from Bling to Kamino, one by one: new, changed, emptied; read back from Kamino."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User

from tests.flows.helpers import Company, in_days
from tests.pipeline.mapping.edits import map_name

ADDRESS = {
    "endereco": "Rua A", "numero": "10", "complemento": "Sala 4", "bairro": "Centro", "municipio": "Campinas",
    "uf": "SP", "cep": "13010-000",
}  # fmt: skip
IN_KAMINO = ("Logradouro", "Nro", "Complemento", "Bairro", "Cidade", "UF", "CEP")
PLACE = tuple(ADDRESS.values())
WITHOUT_ROOM = ("Rua A", "10", "", "Centro", "Campinas", "SP", "13010-000")
BLANK = dict.fromkeys(ADDRESS, "")
CONTACT = {
    "name": "Papelaria Horizonte Ltda", "fantasia": "Horizonte", "document": "11.222.333/0001-81",
    "email": "financeiro@horizonte.example", "address": ADDRESS,
}  # fmt: skip
OTHER = {"endereco": "Rua B", "numero": "7", "municipio": "Santos", "uf": "SP"}

PERSON_FIELDS = [
    pytest.param(
        "name", "Horizonte SA", "", ("Nome",), ("Papelaria Horizonte Ltda",), ("Horizonte SA",), None, id="name"
    ),
    pytest.param(
        "fantasia", "Novo Horizonte", "", ("NomeFantasia", "NomeExibicao"), ("Horizonte",) * 2, ("Novo Horizonte",) * 2,
        ("Novo Horizonte",) * 2, id="trade name",
    ),
    pytest.param(
        "email", "contas@horizonte.example", "", ("Email", "EmailPrincipal"), ("financeiro@horizonte.example",) * 2,
        ("contas@horizonte.example",) * 2, ("contas@horizonte.example",) * 2, id="e-mail",
    ),
    pytest.param(
        "document", "11222333000181", "", ("CPFCNPJ",), ("11222333000181",), ("11222333000181",), ("11222333000181",),
        id="document",
    ),
    pytest.param(
        "address", OTHER, BLANK, IN_KAMINO, PLACE, ("Rua B", "7", "", "", "Santos", "SP", ""),
        ("Rua B", "7", "", "", "Santos", "SP", ""), id="address",
    ),
    pytest.param(
        "address", {**ADDRESS, "complemento": ""}, BLANK, IN_KAMINO, PLACE, WITHOUT_ROOM, WITHOUT_ROOM,
        id="a part of the address",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("field", "change", "empty", "names", "new", "changed", "emptied"), PERSON_FIELDS)
@pytest.mark.some(3)
def test_a_person_s_field(
    company: Company, field: str, change: Any, empty: Any, names: tuple[str, ...], new: Any, changed: Any, emptied: Any
) -> None:
    contact = company.bling.add_contact(kind="J", **CONTACT)
    company.add_title("payable", contact=contact)

    def shown() -> tuple[str, ...]:
        company.sync()
        [row] = company.kamino.persons.values()
        return tuple(row[name] or "" for name in names)

    assert shown() == new
    company.bling.edit_contact(contact, **{field: change})
    assert shown() == changed
    if emptied is not None:
        company.bling.edit_contact(contact, **{field: empty})
        assert shown() == emptied


@pytest.mark.parametrize(
    ("edited", "field", "change", "kept"),
    [
        ("EmailPrincipal", "email", "contas@horizonte.example", "dono@horizonte.example"),
        ("NomeExibicao", "fantasia", "Novo Horizonte", "A loja da esquina"),
        ("Complemento", "address", OTHER, "Fundos"),
        ("Logradouro", "address", OTHER, "Rua do Contrato"),
    ],
)
@pytest.mark.some(2)
def test_what_people_edited_at_a_person_stays(
    company: Company, edited: str, field: str, change: Any, kept: str
) -> None:
    contact = company.bling.add_contact(kind="J", **CONTACT)
    company.add_title("payable", contact=contact)
    company.sync()
    [row] = company.kamino.persons.values()
    company.kamino.edit_person(row["ID"], **{edited: kept})
    company.bling.edit_contact(contact, **{field: change})
    company.sync()
    [row] = company.kamino.persons.values()
    assert row[edited] == kept
    if field == "address":
        assert row["Cidade"] == "Campinas", "an address is one thing"


def test_an_address_that_was_there_is_not_filled_up_with_another_one(company: Company) -> None:
    company.kamino.add_person("Horizonte", document="11222333000181", Logradouro="Rua de antes")
    company.add_title("payable", contact=company.bling.add_contact(kind="J", **CONTACT))
    company.sync()
    [row] = company.kamino.persons.values()
    assert [row[name] or "" for name in IN_KAMINO] == ["Rua de antes", "", "", "", "", "", ""]
    assert (row["Email"], row["NomeFantasia"]) == ("financeiro@horizonte.example", "Horizonte")


NAMES = {
    "payable": {
        "description": "Descricao", "due": "DataVencimento", "value": "ValorVencimento",
        "competence": "DataCompetencia", "chart": "IDPlanoContaClassificacao", "status": "Situacao",
        "paid_on": "DataPagamento", "paid": "ValorPagamento", "account": "IDPlanoContaPagamento",
    },
    "receivable": {
        "description": "Descri", "due": "DtaVenc", "value": "VlrVenc", "competence": "DtaCompet",
        "chart": "IDPlanoContaOrigem", "status": "SitConta", "paid_on": "DtaPagto", "paid": "VlrPagto",
        "account": "IDPlanoContaPagto",
    },
}  # fmt: skip
PENDING, PAID = 1, 2


@pytest.fixture(params=["payable", "receivable"])
def direction(request: pytest.FixtureRequest, company: Company) -> str:
    company.bling.world.generous = True
    return str(request.param)


class Titled:
    """One title, and what Kamino shows of it."""

    def __init__(self, company: Company, direction: str) -> None:
        self.company, self.direction = company, direction
        self.id = company.add_title(
            direction,
            history="Compra de papel",
            document_number="NF 77",
            issue=in_days(company.bling.world, -3),
        )

    def change(self, **changes: Any) -> None:
        self.company.bling.edit_title(self.id, **changes)

    def shown(self, name: str) -> Any:
        self.company.sync()
        value = self.company.in_kamino(self.direction, self.id)[NAMES[self.direction][name]]
        if name in ("due", "competence", "paid_on"):
            return value[:10]
        return value.strip() if isinstance(value, str) else value


@pytest.mark.some(2)
def test_the_fields_of_a_title(company: Company, direction: str, user: User) -> None:
    world, title = company.bling.world, Titled(company, direction)
    chart = company.kamino.add_chart_account("Papelaria")
    category = company.bling.add_category("papelaria", kind=3)
    company.sync()
    marker = f"[Bling {title.id}]"
    steps = [
        ("description", {}, f"Compra de papel {marker}"),
        ("description", {"history": "Compra de tinta"}, f"Compra de tinta {marker}"),
        ("due", {}, str(in_days(world, 10))),
        ("due", {"due": in_days(world, 20)}, str(in_days(world, 20))),
        ("value", {}, 100),
        ("value", {"value": "123.45"}, Decimal("123.45")),
        ("competence", {}, str(in_days(world, -3))),
        ("competence", {"issue": in_days(world, -5)}, str(in_days(world, -5))),
        ("status", {}, PENDING),
        ("chart", {"category": category}, chart.strip()),
    ]
    for name, change, expected in steps:
        if change:
            title.change(**change)
            company.resync(title.id, user)
        assert title.shown(name) == expected, name
    title.change(history="")
    company.resync(title.id, user)
    assert title.shown("description") == f"NF 77 – Fornecedor Exemplo {marker}"


@pytest.mark.some(2)
def test_the_fields_of_a_settlement(company: Company, direction: str) -> None:
    title = Titled(company, direction)
    company.sync()
    paid_on = company.bling.world.today - timedelta(days=1)
    company.bling.pay(title.id, account=company.bank, date=paid_on)
    assert title.shown("status") == PAID
    assert (title.shown("paid_on"), title.shown("paid")) == (str(paid_on), 100)
    assert title.shown("account") == company.kamino_bank.strip()


@pytest.mark.some(2)
def test_cost_center_and_unit_follow_the_mapping(company: Company, direction: str) -> None:
    centers = [company.kamino.add_cost_center(name) for name in ("Loja", "Fabrica")]
    unit = company.kamino.add_business_unit("Filial Oeste")
    title = Titled(company, direction)
    company.sync()
    for targets, names in (
        ({"cost_center": "Loja"}, (centers[0], None)),
        ({"cost_center": "Fabrica", "business_unit": "Filial Oeste"}, (centers[1], unit)),
    ):
        map_name(company, "category", company.category, chart_account="Categoria de Teste", **targets)
        company.sync()
        row = company.in_kamino(direction, title.id)
        assert (row["IDCentroCusto"], row["IDUnidadeNegocio"]) == names


@pytest.mark.some(2)
def test_a_cancelled_title_leaves_kamino(company: Company, direction: str) -> None:
    title = Titled(company, direction)
    company.sync()
    company.bling.cancel(title.id)
    company.sync()
    assert company.in_kamino(direction, title.id) is None
