"""What Kamino refuses: always HTTP 200, `Sucesso: false` and a sentence."""

from __future__ import annotations

from datetime import date
from typing import Any

from sandbox.kamino.fields import PAID, PENDING, WAITING_APPROVAL, Row, TitleFields, positive
from sandbox.kamino.registers_book import POSTING, RegisterBook, Rejected
from sandbox.wire import as_date


def check_save(book: RegisterBook, fields: TitleFields, old: Row | None, new: Row) -> None:
    """Raise Rejected when a title may not be saved like this."""
    _check_mandatory(fields, new)
    _check_references(book, fields, new)
    _check_payment(book, fields, old, new)
    if old and old["IDConciliacaoBancaria"]:
        _check_reconciled(fields, old, new)
    for row in (old, new):
        if row:
            check_lock(book, fields, row)


def _check_mandatory(fields: TitleFields, new: Row) -> None:
    if not new["IDPessoa"]:
        raise Rejected("Informe a pessoa.")
    if not str(new[fields.description] or "").strip():
        raise Rejected("Informe a descrição.")
    if not new[fields.due]:
        raise Rejected("Informe a data de vencimento.")
    if not positive(new[fields.value]):
        raise Rejected("Informe o valor.")
    if new[fields.status] not in (PENDING, PAID, WAITING_APPROVAL):
        raise Rejected("Situação inválida.")


def _check_references(book: RegisterBook, fields: TitleFields, new: Row) -> None:
    if new["IDPessoa"] not in book.persons:
        raise Rejected("Pessoa não encontrada.")
    for name in (fields.chart, fields.account):
        _check_chart(book, new[name])
    if new["IDCentroCusto"] and not _active(book.cost_centers.get(new["IDCentroCusto"])):
        raise Rejected("Centro de custo não encontrado.")
    if new["IDUnidadeNegocio"] and not _active(book.units.get(new["IDUnidadeNegocio"])):
        raise Rejected("Unidade de negócio não encontrada.")


def _active(row: Row | None) -> bool:
    return bool(row and row["Ativo"])


def _check_chart(book: RegisterBook, id: str | None) -> None:
    """Refuse a chart account that does not exist, is switched off, or is a group."""
    if id is None:
        return
    row = book.charts.get(id)
    if row is None:
        raise Rejected(f"Conta {id.strip()} não encontrada no plano de contas.")
    if not row["Ativo"]:
        raise Rejected(f"A conta {row['Nome']} está inativa.")
    if row["Tipo"] != POSTING:
        raise Rejected(f"A conta {row['Nome']} não aceita lançamentos.")


def _payment(fields: TitleFields, row: Row) -> tuple[Any, Any]:
    return row[fields.paid_on], row[fields.paid_value]


def _check_payment(book: RegisterBook, fields: TitleFields, old: Row | None, new: Row) -> None:
    was_paid = bool(old and old[fields.status] == PAID)
    if new[fields.status] != PAID:
        if any(_payment(fields, new)):
            raise Rejected("Título pendente não pode ter data ou valor de pagamento.")
        if was_paid and not book.world.generous:
            raise Rejected("Título já baixado: a baixa não pode ser desfeita por esta operação.")
        return
    if not new[fields.paid_on] or not positive(new[fields.paid_value]):
        raise Rejected("Informe a data e o valor do pagamento.")
    if not new[fields.account]:
        raise Rejected("Informe a conta do pagamento.")
    if old and was_paid and _payment(fields, old) != _payment(fields, new):
        raise Rejected("Título já baixado com outra data ou valor.")


def _check_reconciled(fields: TitleFields, old: Row, new: Row) -> None:
    """Refuse to move a reconciled title; classification, person, unit, cost center and texts stay editable."""
    fixed = (fields.value, fields.due, fields.paid_on, fields.paid_value, fields.account, fields.status)
    if any(old[name] != new[name] for name in fixed):
        raise Rejected("Título conciliado não pode ser alterado.")


def check_lock(book: RegisterBook, fields: TitleFields, row: Row) -> None:
    """Refuse to write a title whose competence or payment lies in the locked period."""
    last = book.lock_day
    days = [row[fields.competence] or row[fields.due], row[fields.paid_on]]
    if last and any(day and _day(day) <= last for day in days):
        raise Rejected(f"Período bloqueado até {last:%d/%m/%Y}.")


def check_delete(book: RegisterBook, fields: TitleFields, row: Row) -> None:
    """Raise Rejected when a title may not be cancelled."""
    if row["IDConciliacaoBancaria"]:
        raise Rejected("Título conciliado não pode ser excluído.")
    if row[fields.status] == PAID:
        raise Rejected("Título baixado não pode ser excluído.")
    check_lock(book, fields, row)


def _day(stamp: str) -> date:
    return as_date(stamp)
