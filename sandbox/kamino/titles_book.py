"""Kamino's payables and receivables: saving, settling, cancelling, and what it refuses."""

from __future__ import annotations

import re
from typing import Any

from sandbox.bling.records import Direction
from sandbox.ground import Ground
from sandbox.kamino.checks import check_delete, check_save
from sandbox.kamino.fields import FIELDS, PAID, PENDING, WAITING_APPROVAL, Row, TitleFields, normal, padded, stamp
from sandbox.kamino.registers_book import RegisterBook, Rejected, id_of
from sandbox.wire import Day, Money, as_date, atomic, money

MARKER = re.compile(r"\[Bling ([^\]]+)\]")


class TitleBook(RegisterBook):
    """Adds titles. Rows are stored in wire form, amounts as Decimal, deleted ones kept and flagged."""

    def __init__(self, world: Ground, number: int) -> None:
        super().__init__(world, number)
        self.payables: dict[int, Row] = {}
        self.receivables: dict[int, Row] = {}
        self.deleted: set[tuple[Direction, int]] = set()
        # Payables and receivables are numbered apart: one of each may have the same id.
        self._last_ids: dict[Direction, int] = dict.fromkeys(("payable", "receivable"), 100_000 * (number + 1))
        # Kamino may hold payables of an API user back until somebody approves them.
        self.approval_required = False
        self.numbers_only = False
        self.charges = 0

    def rows(self, direction: Direction) -> dict[int, Row]:
        """Return all stored rows of one direction, deleted ones included."""
        return self.payables if direction == "payable" else self.receivables

    def new_title_id(self, direction: Direction) -> int:
        self._last_ids[direction] += 1
        return self._last_ids[direction]

    def titles(self, direction: Direction) -> list[Row]:
        """Return the rows of one direction that are not deleted."""
        return [row for row in self.rows(direction).values() if (direction, row["ID"]) not in self.deleted]

    def find(self, direction: Direction, bling_id: int | str) -> Row | None:
        """Return the living row of a Bling title, by external code or by marker in its texts."""
        return next((row for row in self.titles(direction) if bling_key(direction, row) == str(bling_id)), None)

    def find_all(self, direction: Direction, bling_id: int | str) -> list[Row]:
        """Return every living row of a Bling title: more than one means a duplicate (or a split)."""
        return [row for row in self.titles(direction) if bling_key(direction, row) == str(bling_id)]

    @atomic
    def save(self, direction: Direction, body: Row) -> Row:
        """POST of a title: no or zero `ID` always creates, an existing one is replaced as a whole.

        Fields that the body leaves out become empty. Raises Rejected on what Kamino would not take.
        """
        fields, rows = FIELDS[direction], self.rows(direction)
        id = id_of(body)
        if id and (id not in rows or (direction, id) in self.deleted):
            raise Rejected("Lançamento não encontrado.")
        old = rows.get(id)
        try:
            new = {name: normal(fields, name, body.get(name)) for name in fields.writable}
        except (ValueError, ArithmeticError, TypeError, AttributeError):
            raise Rejected("Um ou mais campos possuem formato inválido.") from None
        number = body.get("NroNotaFiscal")
        if self.numbers_only and direction == "payable" and number is not None and not str(number).isdecimal():
            raise Rejected("Um ou mais campos possuem formato inválido.")
        self._default_status(direction, fields, new, old)
        check_save(self, fields, old, new)
        if new.get("GerarCobranca"):
            self.charges += 1
        return self._store(direction, id or self.new_title_id(direction), new, old)

    def _default_status(self, direction: Direction, fields: TitleFields, new: Row, old: Row | None) -> None:
        if new[fields.status] is None:
            new[fields.status] = PAID if new[fields.paid_on] else PENDING
        waits = direction == "payable" and self.approval_required and old is None
        if waits and new[fields.status] == PENDING:
            new[fields.status] = WAITING_APPROVAL

    def _store(self, direction: Direction, id: int, new: Row, old: Row | None) -> Row:
        fields = FIELDS[direction]
        kept = {name: (old or {}).get(name) for name in fields.server}
        kept["DataHoraInclusao"] = kept["DataHoraInclusao"] or self.world.now().isoformat(timespec="seconds")
        row: Row = {"ID": id} | new | kept
        row["IDMoeda"] = row.get("IDMoeda") or 1
        row[fields.gross] = row[fields.gross] or row[fields.value]
        self.rows(direction)[id] = row
        self.touch()
        return row

    @atomic
    def remove(self, direction: Direction, id: int) -> None:
        """DELETE of a title. Raises Rejected when it is settled, reconciled, locked or unknown."""
        row = self.rows(direction).get(id)
        if row is None or (direction, id) in self.deleted:
            raise Rejected("Lançamento não encontrado.")
        check_delete(self, FIELDS[direction], row)
        self.deleted.add((direction, id))
        self.touch()

    # What Kamino's own users do on its screens: no checks, no charges.

    @atomic
    def add_title(
        self, direction: Direction, person_id: int, value: Money, due: Day, description: str = "", **wire: Any
    ) -> int:
        """Create a title by hand and return its id."""
        fields = FIELDS[direction]
        body: Row = {
            fields.description: description,
            fields.due: as_date(due),
            fields.value: money(value),
            fields.competence: as_date(due),
            fields.status: PENDING,
            "IDPessoa": person_id,
        } | wire
        new = {name: normal(fields, name, body.get(name)) for name in fields.writable}
        return int(self._store(direction, self.new_title_id(direction), new, None)["ID"])

    @atomic
    def edit_title(self, direction: Direction, id: int, **wire: Any) -> int:
        """Change fields of a title by hand."""
        fields = FIELDS[direction]
        for name in wire:
            if name not in fields.writable + fields.server:
                raise TypeError(f"a {direction} has no {name!r}")
        self.rows(direction)[id].update({name: normal(fields, name, value) for name, value in wire.items()})
        self.touch()
        return id

    @atomic
    def pay_title(
        self,
        direction: Direction,
        id: int,
        date: Day | None = None,
        amount: Money | None = None,
        account: str | None = None,
    ) -> int:
        """Settle a title by hand."""
        fields, row = FIELDS[direction], self.rows(direction)[id]
        paying = account or next(iter(self.bank_accounts.values()))["IDPlanoContaAtivo"]
        row[fields.paid_on] = stamp(date or self.world.today)
        row[fields.paid_value] = row[fields.value] if amount is None else money(amount)
        row[fields.account], row[fields.status] = padded(paying), PAID
        self.touch()
        return id

    @atomic
    def reopen_title(self, direction: Direction, id: int) -> int:
        """Take a settlement back by hand: the title is pending again."""
        fields, row = FIELDS[direction], self.rows(direction)[id]
        row[fields.paid_on] = row[fields.paid_value] = row[fields.account] = None
        row[fields.status] = PENDING
        self.touch()
        return id

    @atomic
    def reconcile_title(self, direction: Direction, id: int) -> int:
        """Match a title with the bank statement; from then on its dates and values are fixed."""
        reconciliation = self.new_id()
        self.rows(direction)[id].update(IDConciliacaoBancaria=reconciliation, IDExtratoBanco=reconciliation)
        self.touch()
        return reconciliation

    @atomic
    def delete_title(self, direction: Direction, id: int) -> None:
        """Delete a title by hand."""
        self.rows(direction)[id]  # KeyError for an unknown id
        self.deleted.add((direction, id))
        self.touch()

    @atomic
    def restore_title(self, direction: Direction, id: int) -> None:
        """Take a title back that was deleted by hand."""
        self.deleted.remove((direction, id))
        self.touch()


def bling_key(direction: Direction, row: Row) -> str | None:
    """Return the Bling id that a row carries, from its external code or else from its marker."""
    if row["CodigoExterno"]:
        return str(row["CodigoExterno"])
    texts = f"{row[FIELDS[direction].description] or ''} {row['Obs'] or ''}"
    found = MARKER.search(texts)
    return found.group(1).strip() if found else None
