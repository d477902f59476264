"""Suppliers that a spreadsheet of payables names: known ones, and those who may be created in Bling."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.models import ContactWrite, PayableSheet, Person
from integrations.models.confidential import WHOLE
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.payables.suppliers import nearest_names
from tests.admin.world import Rows
from tests.pipeline.payables.test_sheet import GOOD, ana, confirm, rows, sent, shown

__all__ = ["ana", "rows"]


def test_a_supplier_whom_nobody_knows_is_created_only_where_somebody_says_so(rows: Rows, ana: User) -> None:
    Person.objects.create(
        connection=rows.bling, bling_id=71, name="Padaria Sol Ltda", document="", read_at=timezone.now()
    )
    lines = [
        {"supplier": name, "document": "", "document_number": name} for name in ("PADARIA SOL  ltda", "Padaria Sol")
    ]
    sheet = sent(rows, ana, *({**GOOD, **line} for line in lines))
    assert [row.has_new_supplier for row in shown(sheet).good] == [False, True]
    assert [one.name for one in shown(sheet).new_suppliers] == ["Padaria Sol"]
    assert nearest_names(rows.bling, ["Padaria Sol"], WHOLE)["Padaria Sol"][0] == "Padaria Sol Ltda"
    batch = confirm(sheet, ana, with_new=False)
    assert [row.supplier_name for row in batch.payables.all()] == ["Padaria Sol Ltda"]
    left = PayableSheet.objects.filter(connection=rows.bling, user=ana).latest("pk")
    with pytest.raises(Refused, match="Nada foi marcado"):
        confirm(left, ana, with_new=False)
    assert confirm(left, ana).count == 1


def test_who_was_created_or_has_a_known_document_is_not_new(rows: Rows, ana: User) -> None:
    Person.objects.create(
        connection=rows.bling, bling_id=71, name="Sol", document="98765432000198", read_at=timezone.now()
    )
    made = {"state": "delivered", "ready_at": timezone.now(), "planned_at": timezone.now(), "bling_id": 72}
    ContactWrite.objects.create(connection=rows.bling, name="Lua", folded_name="lua", **made)
    lines = [{}, {"supplier": "LUA", "document": ""}, {"supplier": "Sol", "document": "11222333000181"}]
    sheet = sent(rows, ana, *({**GOOD, "value": Decimal(place + 5), **line} for place, line in enumerate(lines)))
    assert [row.has_new_supplier for row in shown(sheet).good] == [False, False, True]


def test_what_was_shown_holds_only_while_the_same_suppliers_are_new(rows: Rows, ana: User) -> None:
    sheet = sent(rows, ana, {**GOOD, "document": ""})
    seen = shown(sheet).signature
    Person.objects.create(connection=rows.bling, bling_id=71, name="Gráfica Sol", document="", read_at=timezone.now())
    with pytest.raises(Refused, match="diferente"):
        confirm(sheet, ana, signature=seen)


def test_a_known_supplier_is_named_by_its_number_in_bling(rows: Rows, ana: User) -> None:
    """Bling need not find a name without its accents, and what it deleted would be created unasked."""
    Person.objects.create(connection=rows.bling, bling_id=71, name="Padaria São João", read_at=timezone.now())
    sheet = sent(rows, ana, {**GOOD, "supplier": "PADARIA SAO JOAO", "document": ""})
    batch = confirm(sheet, ana, with_new=False)
    [row] = batch.payables.all()
    assert (row.contact_id, row.supplier, row.supplier_name) == (71, None, "Padaria São João")


def test_of_two_suppliers_of_one_name_nobody_knows_which(rows: Rows, ana: User) -> None:
    for number in (71, 72):
        Person.objects.create(connection=rows.bling, bling_id=number, name="Padaria Sol", read_at=timezone.now())
    sheet = sent(rows, ana, {**GOOD, "supplier": "Padaria Sol", "document": ""})
    assert [row.has_new_supplier for row in shown(sheet).good] == [True]


def test_as_many_suppliers_are_told_as_may_be_created(rows: Rows, ana: User) -> None:
    lines = [
        {"supplier": "Loja Nova", "document": "11.222.333/0001-81"},
        {"supplier": "Loja Nova", "document": "11.444.777/0001-61", "document_number": "NF 78"},
        {"supplier": "Loja Nova", "document": "", "document_number": "NF 79"},
    ]
    sheet = sent(rows, ana, *({**GOOD, **line} for line in lines))
    told, before = shown(sheet).new_suppliers, ContactWrite.objects.count()
    confirm(sheet, ana, with_doubtful=True)
    assert ContactWrite.objects.count() - before == len(told) == 3
