"""Every code that a spreadsheet or one of its cells can be refused with has a sentence."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils.translation import override

from integrations.models.mapping_changes import fault_text

ROOT = Path(__file__).parents[2] / "integrations"
PLACES = {"SheetError": 0, "TargetError": 0, "fault": 0, "_Refused": 1, "CellError": 1}
"""What takes a code, and which of its arguments that is."""
PARAMS = {"columns": ["kind"], "unknown": ["Tipo?"], "kind": "category"}


def codes() -> Iterator[str]:
    for file in [*(ROOT / "sheets").glob("*.py"), *(ROOT / "pipeline/mapping").glob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in PLACES:
                for code in node.args[PLACES[node.func.id] :][:1]:
                    if isinstance(code, ast.Constant):
                        yield str(code.value)


@pytest.mark.parametrize("code", sorted({*codes(), "inactive", "group", "expense", "income"}))
def test_every_code_has_a_sentence_in_portuguese(code: str) -> None:
    with override("pt-br"):
        text = fault_text(code, PARAMS)
    with override("en"):
        assert text not in ("", fault_text(code, PARAMS))


def test_what_version_0_1_stored_as_a_sentence_stays_readable() -> None:
    assert fault_text("said", {"text": "Parou."}) == "Parou."
