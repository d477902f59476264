"""Which rows of a listing were asked for, as far as a row shows that."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from integrations.bling.client import Listing
from integrations.domain.titles import Direction, TitleRow, TitleStatus

DAY = date(2026, 12, 10)
ROW = TitleRow(Direction.PAYABLE, 7, TitleStatus.OPEN, 1, DAY, Decimal(10), 55, 3)
OF_DAY = Listing(Direction.PAYABLE, "due", DAY, DAY)
OPEN_ONES = Listing(Direction.PAYABLE, statuses=(TitleStatus.OPEN, TitleStatus.PARTIAL))
OF_CONTACT = Listing(Direction.PAYABLE, contact_id=55)
PAID = Listing(Direction.RECEIVABLE, "paid", DAY, DAY)
ALL = Listing(Direction.PAYABLE)


@pytest.mark.parametrize("listing", [OF_DAY, OPEN_ONES, OF_CONTACT, ALL])
def test_a_row_that_fits_was_asked_for(listing: Listing) -> None:
    assert listing.is_asked(ROW)


@pytest.mark.parametrize(
    ("listing", "shown"),
    [
        (OF_DAY, {"due_date": date(2026, 12, 9)}), (OF_DAY, {"due_date": date(2026, 12, 11)}),
        (OPEN_ONES, {"status": TitleStatus.SETTLED}), (OPEN_ONES, {"status": TitleStatus.CANCELLED}),
        (OF_CONTACT, {"contact_id": 56}),
    ],
)  # fmt: skip
def test_a_row_that_does_not_fit_was_not(listing: Listing, shown: dict[str, Any]) -> None:
    assert not listing.is_asked(replace(ROW, **shown))


@pytest.mark.parametrize(
    ("listing", "shown"),
    [
        (OF_DAY, {"due_date": None}), (OF_CONTACT, {"contact_id": 0}), (OPEN_ONES, {"status": TitleStatus.UNKNOWN}),
        (OPEN_ONES, {"status": TitleStatus.CONFIRMED}), (PAID, {"status": TitleStatus.UNKNOWN}),
        (PAID, {"status": TitleStatus.PARTIAL, "due_date": date(2020, 1, 1)}),
        (PAID, {"status": TitleStatus.CANCELLED}), (PAID, {"status": TitleStatus.OPEN}),
    ],
)  # fmt: skip
def test_what_a_row_does_not_show_contradicts_nothing(listing: Listing, shown: dict[str, Any]) -> None:
    assert listing.is_asked(replace(ROW, **shown))
