"""What the page of a customer shows of both sides is what stands, and what follows."""

from dataclasses import replace
from typing import Any

import pytest

from integrations.domain.contact_merge import Agreed, Difference
from integrations.domain.payables import DesiredContact
from integrations.models import CustomerWrite
from integrations.pipeline.customers.sides import sides_of

TOLD = DesiredContact("Lua", "98765432000198", email="s@lua.example", phone="1133334444")
SHOWN = replace(TOLD, phone="", email="b@lua.example")


def fates(**values: Any) -> dict[str, str]:
    row = CustomerWrite(desired=TOLD.to_json(), **values)
    return {one.field: one.fate.value for one in sides_of(row)}


def test_nothing_was_read_yet() -> None:
    assert set(fates().values()) == {"unread"}


def test_what_would_be_written() -> None:
    seen = {"shown": SHOWN.to_json(), "wanted": replace(SHOWN, phone=TOLD.phone).to_json(), "differences": []}
    assert fates(seen=seen) == {"document": "equal", "name": "equal", "email": "kept", "phone": "written_next"}


@pytest.mark.parametrize(("won", "fate"), [("", "open"), ("bling", "bling"), ("system", "system")])
def test_what_differs(won: str, fate: str) -> None:
    agreed = Agreed(TOLD, SHOWN, (Difference("email", TOLD.email, SHOWN.email, won),))
    assert fates(delivered=agreed.to_json())["email"] == fate


def test_another_document_is_said_whatever_else_stands() -> None:
    agreed = Agreed(TOLD, replace(SHOWN, document="11444777000161"))
    assert fates(delivered=agreed.to_json())["document"] == "differs"


def test_of_erased_data_nothing_is_shown() -> None:
    assert sides_of(CustomerWrite(desired=None)) == []
