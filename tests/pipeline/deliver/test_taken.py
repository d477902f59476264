"""A Kamino title that is a part of one of ours is nobody else's."""

import json
from typing import Any

import pytest

from integrations.domain.reasons import Reason
from integrations.models import Attempt, KaminoConnection, PartPosting, Posting
from integrations.pipeline.compare.exact_matches import with_exact_match
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company


@pytest.fixture
def company(company: Company) -> Company:
    company.split_payments()
    return company


def part_of_a_title(company: Company, **options: Any) -> tuple[int, int]:
    """Return a title of which a payment is a Kamino title of its own, and that one's id."""
    title = company.add_title("payable", value="100.00", **options)
    company.sync()
    company.bling.pay(title, amount="40.00", account=company.bank)
    company.sync()
    return title, int(PartPosting.objects.get().kamino_id or 0)


@pytest.mark.some(2)
@pytest.mark.parametrize("field", ["Descricao", "Obs"])
def test_a_title_whose_answer_was_lost_is_not_a_part_that_carries_its_marker(
    company: Company, world: World, field: str
) -> None:
    _split, part = part_of_a_title(company)
    title = company.add_title("payable", value="40.00")
    company.kamino.edit_title("payable", part, **{field: f"ver também [Bling {title}]"})
    world.faults.add(Fault(side="kamino", kind="cut_before", method="POST", path="/financeiro/pagamento"))
    company.sync()
    for _ in range(4):
        company.forget_waits()
        company.work()
    posting = company.posting(title)
    assert posting.kamino_id != part
    assert posting.state == "delivered"
    assert PartPosting.objects.get().kamino_id == part
    assert len(company.kamino.titles("payable")) == 3


def test_a_part_is_no_exact_match(company: Company) -> None:
    """People took its marker away, and Bling has a title just like it."""
    contact = company.bling.add_contact(name="Fornecedor", document="11.222.333/0001-81", kind="J")
    _split, part = part_of_a_title(company, contact=contact, document_number="NF 9")
    row = next(row for row in company.kamino.titles("payable") if row["ID"] == part)
    same = {"document_number": row["NroNotaFiscal"], "due": str(row["DataVencimento"])[:10]}
    company.kamino.edit_title("payable", part, Descricao="Parte", Obs="", CodigoExterno="")
    company.to_shadow()
    title = company.add_title("payable", contact=contact, value="40.00", **same)
    company.sync()
    KaminoConnection.objects.update(reconciled_at=None, reconcile_cursor={})
    company.work()
    mine = Posting.objects.filter(title__bling_id=title)
    assert list(with_exact_match(mine).values_list("state", "exact_match")) == [("ready", None)]
    PartPosting.objects.all().delete()  # then it would be one
    assert list(with_exact_match(mine).values_list("exact_match", flat=True)) == [part]


def test_a_creation_that_is_answered_with_a_part_is_a_person_s_question(company: Company, world: World) -> None:
    """The title and the part would be one in Kamino, and each would be settled."""
    _split, part = part_of_a_title(company)
    title = company.add_title("payable", value="77.00")
    answer = json.dumps({"Sucesso": True, "Objeto": {"ID": part}})
    world.faults.add(Fault("kamino", "odd_after", "POST", "/financeiro/pagamento", answer=answer))
    company.sync()
    posting = company.posting(title)
    assert (posting.kamino_id, posting.reason) == (None, Reason.ANOTHER_ID)
    assert Attempt.objects.filter(surplus_id=part).exists()
    assert PartPosting.objects.get().kamino_id == part
