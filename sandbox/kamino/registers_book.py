"""Kamino's master data: chart of accounts, cost centers, business units, bank accounts, persons."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import date
from threading import RLock
from typing import Any

from sandbox.ground import Ground
from sandbox.kamino.fields import PERSON_TEXT, Row, padded, plain
from sandbox.wire import as_date, atomic

#: `Tipo` of a chart row: only 1 takes postings; groups have another one.
POSTING, GROUP = 1, 0
KEPT_LISTINGS = 16


class Rejected(Exception):
    """A business refusal: HTTP 200 with `Sucesso: false` and this message."""


def id_of(body: Row) -> int:
    """Return the id that a save names, 0 for a new record. Raises Rejected when it is not a number."""
    try:
        return int(body.get("ID") or 0)
    except (TypeError, ValueError):
        raise Rejected("ID inválido.") from None


class RegisterBook:
    """Master data and persons of one Kamino company; every change raises `version`."""

    def __init__(self, world: Ground, number: int) -> None:
        self.world = world
        self.lock: RLock = world.lock
        self.version = 0
        self._next_id = 100_000 * (number + 1)
        self.charts: dict[str, Row] = {}
        self.cost_centers: dict[int, Row] = {}
        self.units: dict[int, Row] = {}
        self.bank_accounts: dict[int, Row] = {}
        self.persons: dict[int, Row] = {}
        self.locked_until: date | str | None = None
        self._listings: dict[Hashable, list[Row]] = {}
        self._listings_of = -1

    def new_id(self) -> int:
        """Return the next id of this company."""
        self._next_id += 1
        return self._next_id

    @property
    def lock_day(self) -> date | None:
        """Return the last day of the locked period."""
        return as_date(self.locked_until) if self.locked_until else None

    def touch(self) -> None:
        """Note that something changed."""
        self.version += 1

    def listing(self, key: Hashable, build: Callable[[], list[Row]]) -> list[Row]:
        """Return a filtered list, built once per filter as long as nothing changes."""
        if self._listings_of != self.version:
            self._listings.clear()
            self._listings_of = self.version
        if key not in self._listings:
            if len(self._listings) >= KEPT_LISTINGS:
                self._listings.pop(next(iter(self._listings)))
            self._listings[key] = build()
        return self._listings[key]

    @atomic
    def add_chart_account(
        self,
        name: str,
        code: str | None = None,
        parent: str | None = None,
        takes_postings: bool = True,
        active: bool = True,
        nature: str | None = None,
    ) -> str:
        """Create a classification of the chart and return its padded id; `takes_postings=False` makes a group.

        `nature` goes to `TipoContaGerencial`; that Kamino writes "Receita" or "Despesa" there is a guess.
        """
        return self._add_chart(name, code, parent, takes_postings, active, nature=nature)

    def _add_chart(
        self,
        name: str,
        code: str | None,
        parent: str | None,
        takes_postings: bool,
        active: bool,
        bank_id: int | None = None,
        nature: str | None = None,
    ) -> str:
        number = self.new_id()
        text = padded(code or f"{30000 + len(self.charts) + 1}") or ""
        if text in self.charts:
            raise ValueError(f"chart account {text.strip()} exists")
        level = 1 if parent is None else self.charts[padded(parent) or ""]["Nivel"] + 1
        self.charts[text] = {
            "NumeroID": number,
            "IDPlanoConta": text,
            "IDPai": padded(parent),
            "Nome": name,
            "Ativo": active,
            "ControlaSaldo": bank_id is not None,
            "Tipo": POSTING if takes_postings else GROUP,
            "DescricaoTipo": "Analítica" if takes_postings else "Sintética",
            "CartaoCredito": False,
            "TipoContaGerencial": nature,
            "IDTipoImposto": None,
            "Nivel": level,
            "GrupoContaCorrente": False,
            "ValorAtual": 0,
            "SaldoBloqueado": 0,
            "IDContaBanco": bank_id,
            "UsarExtratoBanco": bank_id is not None,
            "Kamino": False,
            "ExcluiFluxoCaixa": False,
            "CodigoExterno": None,
            "DataUltimoExtratoConciliado": None,
            "DataUltimoExtratoPendente": None,
        }
        self.touch()
        return text

    @atomic
    def edit_chart_account(self, id: str, **wire: Any) -> str:
        """Change a chart row by Kamino's names, e.g. `Nome` or `Ativo`."""
        text = padded(id) or ""
        self.charts[text].update(wire)
        self.touch()
        return text

    @atomic
    def add_cost_center(self, name: str, active: bool = True) -> int:
        """Create a cost center and return its id."""
        return self._add_named(self.cost_centers, name, active, Hierarquia=f"{len(self.cost_centers) + 1:02d}")

    @atomic
    def add_business_unit(self, name: str, active: bool = True) -> int:
        """Create a business unit and return its id."""
        return self._add_named(self.units, name, active, NomePessoa=name)

    def _add_named(self, rows: dict[int, Row], name: str, active: bool, **more: Any) -> int:
        id = self.new_id()
        rows[id] = {"ID": id, "Nome": name, "NomeExibicao": name, "Ativo": active} | more
        self.touch()
        return id

    @atomic
    def add_bank_account(self, name: str, code: str | None = None, active: bool = True) -> str:
        """Create a bank account and return its plano-conta id; it has an integer id of its own too."""
        id = self.new_id()
        text = self._add_chart(name, code or f"{11000 + len(self.bank_accounts) + 1}", None, True, active, id)
        self.bank_accounts[id] = {
            "ID": id,
            "IDPlanoContaAtivo": text,
            "IDPlanoContaGarantia": None,
            "IDConfigAppExterno": None,
            "Kamino": False,
            "UsarExtratoBanco": True,
            "Descricao": name,
            "Ativo": active,
        }
        return text

    @atomic
    def add_person(self, name: str, document: str = "", **wire: Any) -> int:
        """Create a person as its users do, without the API's checks, and return its id."""
        return int(self._store_person(0, {"Nome": name, "CPFCNPJ": document} | wire)["ID"])

    @atomic
    def edit_person(self, id: int, **wire: Any) -> int:
        """Change fields of a person, as its users do."""
        self._store_person(id, self.persons[id] | wire)
        return id

    @atomic
    def save_person(self, body: Row) -> Row:
        """POST /api/pessoa/grava: no or zero `ID` creates, an existing one replaces the whole person."""
        id = id_of(body)
        if id and id not in self.persons:
            raise Rejected("Pessoa não encontrada.")
        if not str(body.get("Nome") or "").strip():
            raise Rejected("Informe o nome da pessoa.")
        return self._store_person(id, body)

    def _store_person(self, id: int, body: Row) -> Row:
        row: Row = {"ID": id or self.new_id()}
        row |= {name: body.get(name) for name in PERSON_TEXT}
        company = len(plain(body.get("CPFCNPJ"))) != 11
        row |= {
            "TipoEmpresa": body.get("TipoEmpresa") or (2 if company else 1),
            "Cliente": bool(body.get("Cliente")),
            "Fornecedor": bool(body.get("Fornecedor")),
            "Ativo": body.get("Ativo") is not False,
            "NomeExibicao": body.get("NomeExibicao") or body.get("NomeFantasia") or body.get("Nome"),
            "EmailPrincipal": body.get("EmailPrincipal") or body.get("Email"),
        }
        self.persons[row["ID"]] = row
        self.touch()
        return row

    def persons_with(self, document: str) -> list[Row]:
        """Return the persons with exactly this document."""
        return [row for row in self.persons.values() if plain(row["CPFCNPJ"]) == plain(document)]
