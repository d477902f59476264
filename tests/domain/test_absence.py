"""Why a title of Bling is not here."""

from datetime import date, timedelta

import pytest

from integrations.domain.absence import Absence, explain
from tests.domain.builders import title as a_title

SINCE = date(2026, 1, 1)
BEFORE, SAME = SINCE - timedelta(days=1), SINCE


@pytest.mark.parametrize(
    ("status_number", "paid_on", "why"),
    [
        (1, None, Absence.NOT_READ),
        (3, BEFORE, Absence.NOT_READ),  # partly paid long ago: still open
        (2, BEFORE, Absence.PAID_BEFORE),
        (2, None, Absence.PAID_BEFORE),
        (2, SAME, Absence.NOT_READ),
        (4, None, Absence.OVER),
        (5, BEFORE, Absence.OVER),
        (99, None, Absence.NOT_READ),
    ],
)
def test_each_status_has_its_reason(status_number: int, paid_on: date | None, why: Absence) -> None:
    title = a_title(status_number=status_number)
    assert explain(title, paid_on=paid_on, paid_since=SINCE) is why
