"""What Kamino shows of a title forbids writing over it."""

from typing import Any

import pytest

from integrations.domain.desired import KaminoStatus
from integrations.domain.reasons import Reason
from integrations.pipeline.deliver.titles import refuse_conflicts
from integrations.rest.errors import ConflictError
from tests.domain.builders import desired, kamino_title, settled


@pytest.mark.parametrize(
    ("shown", "settles", "code"),
    [
        (None, False, Reason.GONE_FROM_KAMINO),
        ({"status": KaminoStatus.UNKNOWN}, True, Reason.UNKNOWN_IN_KAMINO),
        ({"status": KaminoStatus.SETTLED}, True, Reason.PAID_DIFFERENTLY),
        ({"status": KaminoStatus.SETTLED}, False, Reason.PAID_IN_KAMINO),
        ({"reconciled": True}, True, Reason.RECONCILED),
        ({"scheduled": True}, True, Reason.SCHEDULED),
        ({"sent_to_bank": True}, True, Reason.SCHEDULED),
        ({"scheduled": True}, False, Reason.SCHEDULED_AS_IT_WAS),
        ({"awaits_approval": True}, True, Reason.AWAITING_APPROVAL),
    ],
)
def test_it_is_asked_of_a_person(shown: dict[str, Any] | None, settles: bool, code: Reason) -> None:
    row = None if shown is None else kamino_title(**shown)
    with pytest.raises(ConflictError) as raised:
        refuse_conflicts(row, settled() if settles else desired())
    assert raised.value.code == code


def test_an_open_title_is_written() -> None:
    refuse_conflicts(kamino_title(), settled())
