"""A company in whose Bling programs may settle, and a payable that one of them entered: fixtures to be imported."""

from typing import Any

import pytest

from tests.flows.bridged import ONCE, booked, bridge, may_settle, ours
from tests.flows.helpers import Company


@pytest.fixture
def bridged(company: Company, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Company:
    found = bridge(company, settings, monkeypatch)
    may_settle()
    return found


@pytest.fixture
def title(bridged: Company) -> Any:
    assert booked(bridged, ONCE).status_code == 201
    [title] = ours(bridged)
    return title
