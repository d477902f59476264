"""Rows that were not asked for."""

import pytest

from integrations.rest.asked import as_asked
from integrations.rest.errors import FilterIgnoredError, IncompleteError


def asked(*rows: int) -> list[int]:
    kept, others = as_asked(rows, lambda row: row < 10, service="Kamino", operation="list")
    assert sorted([*kept, *others]) == sorted(rows)
    return kept


def test_the_rows_that_were_asked_for_are_kept() -> None:
    assert asked() == []
    assert asked(1, 2) == [1, 2]


def test_up_to_half_of_a_page_is_dropped() -> None:
    assert asked(1, 11) == [1]
    assert asked(11, 1, 2, 12) == [1, 2]


@pytest.mark.parametrize("rows", [(11,), (1, 11, 12)])
def test_more_than_half_of_a_page_is_no_answer(rows: tuple[int, ...]) -> None:
    with pytest.raises(FilterIgnoredError, match=f"{len([r for r in rows if r > 10])}/{len(rows)}") as caught:
        asked(*rows)
    assert isinstance(caught.value, IncompleteError)  # it proves no absence either
