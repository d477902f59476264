"""Filters and the release rule, and which lost title a new one replaces."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from integrations.domain.reasons import Reason
from integrations.domain.relaunch import Launch, find_replacements
from integrations.domain.rules import (
    Filter,
    FilterKind,
    Release,
    SaleRelease,
    TenantRules,
    has_cancelled_invoice,
    is_filtered,
    kept_back,
)
from integrations.domain.titles import Direction, InvoiceStatus, Origin
from tests.domain.builders import CONFIRMED, OPEN, PARTIAL, RETURNED, SETTLED, title

ONLY_7 = Filter(include=frozenset({7}))
NOT_7 = Filter(exclude=frozenset({7}))


@pytest.mark.parametrize(
    ("kind", "rule", "ids", "is_kept"),
    [
        (FilterKind.CATEGORY, ONLY_7, 7, True),
        (FilterKind.CATEGORY, ONLY_7, 8, False),
        (FilterKind.CATEGORY, NOT_7, 7, False),
        (FilterKind.CATEGORY, NOT_7, 8, True),
        (FilterKind.PAYMENT_FORM, ONLY_7, 8, False),
        (FilterKind.PAYMENT_FORM, NOT_7, 7, False),
        (FilterKind.CONTACT_TYPE, ONLY_7, 7, True),
        (FilterKind.CONTACT_TYPE, ONLY_7, 8, False),
        (FilterKind.CONTACT_TYPE, NOT_7, 7, False),
    ],
)
def test_a_filter_keeps_what_it_names(kind: FilterKind, rule: Filter, ids: int, is_kept: bool) -> None:
    names = {FilterKind.CATEGORY: "category_id", FilterKind.PAYMENT_FORM: "payment_form_id"}
    facts = title(**({names[kind]: ids} if kind in names else {}))
    types = frozenset({ids}) if kind is FilterKind.CONTACT_TYPE else frozenset({1})
    assert is_filtered(facts, types, TenantRules(None, filters={kind: rule})) is not is_kept


def test_a_contact_of_two_types_is_kept_by_either_and_lost_by_either() -> None:
    both = frozenset({7, 8})
    assert not is_filtered(title(), both, TenantRules(None, filters={FilterKind.CONTACT_TYPE: ONLY_7}))
    assert is_filtered(title(), both, TenantRules(None, filters={FilterKind.CONTACT_TYPE: NOT_7}))


LATER = Reason.AWAITING_RELEASE
VOID = Reason.INVOICE_VOID


@pytest.mark.parametrize(
    ("release", "kind", "status", "direction", "why"),
    [
        (Release.ALWAYS, "notaFiscal", 1, Direction.RECEIVABLE, None),
        (Release.ALWAYS, "notaFiscal", 3, Direction.RECEIVABLE, VOID),
        (Release.ALWAYS, "nfe", 10, Direction.RECEIVABLE, VOID),
        (Release.AUTHORISED, "notaFiscal", 1, Direction.RECEIVABLE, LATER),
        (Release.AUTHORISED, "notaFiscal", 6, Direction.RECEIVABLE, None),
        (Release.AUTHORISED, "nfe", 7, Direction.RECEIVABLE, None),
        (Release.AUTHORISED, "nfe", 10, Direction.RECEIVABLE, VOID),
        (Release.DANFE, "nfe", 6, Direction.RECEIVABLE, LATER),
        (Release.DANFE, "nfe", 7, Direction.RECEIVABLE, None),
        (Release.DANFE, "nfe", 3, Direction.RECEIVABLE, VOID),
        (Release.DANFE, "venda", 0, Direction.RECEIVABLE, None),
        (Release.DANFE, "", 0, Direction.RECEIVABLE, None),
        (Release.DANFE, "notaFiscal", 1, Direction.PAYABLE, None),
        (Release.DANFE, "notaFiscal", 3, Direction.PAYABLE, None),
    ],
)
def test_receivables_of_invoices_wait_for_them(
    release: Release, kind: str, status: int, direction: Direction, why: Reason | None
) -> None:
    facts = title(direction=direction, origin_kind=kind, origin_status=status)
    found = kept_back(facts, TenantRules(None, release=release))
    assert (found and found.code) == why


@pytest.mark.parametrize(
    ("release", "kind", "status", "why"),
    [
        (SaleRelease.ALWAYS, "venda", 0, None),
        (SaleRelease.ALWAYS, "venda", 2, None),
        (SaleRelease.FULFILLED, "venda", 0, Reason.AWAITING_SALE),
        (SaleRelease.FULFILLED, "venda", 3, Reason.AWAITING_SALE),
        (SaleRelease.FULFILLED, "venda", 6, Reason.AWAITING_SALE),
        (SaleRelease.FULFILLED, "venda", 1, None),
        (SaleRelease.FULFILLED, "venda", 2, Reason.SALE_VOID),
        (SaleRelease.FULFILLED, "notaFiscal", 1, None),
        (SaleRelease.FULFILLED, "", 0, None),
    ],
)
def test_receivables_of_sales_wait_for_them_where_the_company_wants_it(
    release: SaleRelease, kind: str, status: int, why: Reason | None
) -> None:
    facts = title(direction=Direction.RECEIVABLE, origin_kind=kind, origin_status=status)
    found = kept_back(facts, TenantRules(None, sale_release=release))
    assert (found and found.code) == why


@pytest.mark.parametrize(
    ("origin", "invoice", "status", "is_expected"),
    [
        (Origin.INVOICE, InvoiceStatus.CANCELLED, OPEN, True),
        (Origin.INVOICE, InvoiceStatus.CANCELLED, PARTIAL, True),
        (Origin.INVOICE, InvoiceStatus.DENIED, CONFIRMED, True),
        (Origin.INVOICE, InvoiceStatus.CANCELLED, SETTLED, False),
        (Origin.INVOICE, InvoiceStatus.DENIED, RETURNED, False),
        (Origin.INVOICE, InvoiceStatus.AUTHORISED, OPEN, False),
        (Origin.SALE, InvoiceStatus.CANCELLED, OPEN, False),
    ],
)
def test_money_is_still_expected_for_an_invoice_that_is_none_any_more(
    origin: Origin, invoice: InvoiceStatus, status: int, is_expected: bool
) -> None:
    facts = title(status_number=status, origin=origin, invoice_status=invoice)
    assert has_cancelled_invoice(facts) is is_expected


def launch(key: int, **changes: Any) -> Launch:
    values = {
        "direction": Direction.RECEIVABLE, "origin_id": 5, "due_date": date(2026, 12, 1), "contact_id": 9,
        "value": Decimal("10.00"), "document_number": "",
    }  # fmt: skip
    return Launch(key=key, **{**values, **changes})


@pytest.mark.parametrize(
    ("lost", "new", "pairs", "unclear"),
    [
        pytest.param([launch(1)], [launch(2)], [(1, 2)], {}, id="same origin and due date"),
        pytest.param([launch(1)], [launch(2, value=Decimal("12.00"))], [(1, 2)], {}, id="the sale changed its value"),
        pytest.param([launch(1, origin_id=0)], [launch(2, origin_id=0)], [(1, 2)], {}, id="same content, no origin"),
        pytest.param([launch(1)], [launch(2, due_date=date(2026, 12, 2))], [], {}, id="another due date"),
        pytest.param([launch(1)], [launch(2, origin_id=6, contact_id=8)], [], {}, id="another sale"),
        pytest.param(
            [launch(1, document_number="a")], [launch(2, document_number="b")], [(1, 2)], {}, id="renumbered, alone"
        ),
        pytest.param([launch(1, origin_id=0)], [launch(2, origin_id=0, contact_id=8)], [], {}, id="no sale at all"),
        pytest.param([launch(1)], [launch(2, direction=Direction.PAYABLE)], [], {}, id="another direction"),
        pytest.param([launch(1)], [], [], {}, id="only deleted"),
        pytest.param(
            [launch(1, due_date=date(2027, 1, 1)), launch(2)], [launch(3), launch(4, due_date=date(2027, 1, 1))],
            [(2, 3), (1, 4)], {}, id="two installments",
        ),
        pytest.param([launch(1), launch(2)], [launch(3)], [], {3: [1, 2]}, id="one for two"),
        pytest.param([launch(1)], [launch(2), launch(3)], [], {2: [1], 3: [1]}, id="two for one"),
        pytest.param(
            [launch(1, document_number="a"), launch(2, document_number="b")],
            [launch(3, document_number="b"), launch(4, document_number="a")],
            [(1, 4), (2, 3)], {}, id="document numbers decide",
        ),
        pytest.param(
            [launch(1, document_number="a"), launch(2, document_number="b")],
            [launch(3, document_number="x"), launch(4, document_number="a")],
            [], {3: [1, 2], 4: [1, 2]}, id="half of a group decides nothing",
        ),
    ],
)  # fmt: skip
def test_a_re_launched_title_is_recognised_or_asked_about(
    lost: list[Launch], new: list[Launch], pairs: list[tuple[int, int]], unclear: dict[int, list[int]]
) -> None:
    found = find_replacements(lost, new)
    assert sorted(found.pairs) == sorted(pairs)
    assert found.unclear == unclear
