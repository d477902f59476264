"""Bling's numbers and words end in `translate`: what is not known there is never taken for something known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.bling.translate import STATUS_BY_NUMBER, invoice_status_of, origin_of, status_of
from integrations.domain.titles import UNSETTLED, InvoiceStatus, Origin, TitleStatus
from tests.domain.builders import title


@given(st.integers().filter(lambda number: number not in STATUS_BY_NUMBER))
def test_a_number_that_nobody_knows_is_an_unknown_status(number: int) -> None:
    assert status_of(number) is TitleStatus.UNKNOWN
    assert title(status_number=number).status not in (*UNSETTLED, TitleStatus.SETTLED, TitleStatus.CANCELLED)


def test_the_seven_numbers_are_seven_statuses() -> None:
    assert len(set(STATUS_BY_NUMBER.values())) == len(STATUS_BY_NUMBER) == 7
    assert (status_of(3), status_of(5)) == (TitleStatus.PARTIAL, TitleStatus.CANCELLED)


@pytest.mark.parametrize(
    ("word", "origin"),
    [("venda", Origin.SALE), ("Venda", Origin.SALE), ("NotaFiscal", Origin.INVOICE), ("nfe", Origin.INVOICE),
     ("contrato", Origin.OTHER), ("", Origin.OTHER)],
)  # fmt: skip
def test_an_origin_is_known_by_its_word(word: str, origin: Origin) -> None:
    assert origin_of(word) is origin


@pytest.mark.parametrize("number", [0, 1, 2, 3, 6, 7, 10, 99])
def test_invoices_and_sales_have_numbers_of_their_own(number: int) -> None:
    assert invoice_status_of(Origin.SALE, number) == {1: "fulfilled", 2: "cancelled"}.get(number, "")
    assert invoice_status_of(Origin.OTHER, number) is InvoiceStatus.OTHER
    known = {3: "cancelled", 6: "authorised", 7: "danfe_issued", 10: "denied"}
    assert invoice_status_of(Origin.INVOICE, number) == known.get(number, "")
