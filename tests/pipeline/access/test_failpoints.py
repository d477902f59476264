"""The list of failpoints is that of the code: a boundary that is not in it is one at which no worker is ever killed."""

import ast
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from django.apps import apps

import integrations
from integrations.models.outbox import DeliveryUnit
from integrations.pipeline.access.failpoints import (
    BILL_FAILPOINTS,
    CUSTOMER_FAILPOINTS,
    EXPORT_FAILPOINTS,
    FAILPOINTS,
    SETTLEMENT_FAILPOINTS,
    WRITE_FAILPOINTS,
)

PACKAGE = Path(integrations.__file__).parent


def trees() -> list[ast.Module]:
    return [ast.parse(file.read_text(encoding="utf-8")) for file in sorted(PACKAGE.rglob("*.py"))]


def words() -> dict[str, set[str]]:
    """Return what the parts of a failpoint's name may be that are known only when it is passed."""
    stages = {
        statement.value.value
        for tree in trees()
        for body in (node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
        for statement in body
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "stage"
        and isinstance(statement.value, ast.Constant)
    }  # fmt: skip
    units = {model.WORD for model in apps.get_models() if issubclass(model, DeliveryUnit)}
    return {"claimed.word": units, "accounts.stage": stages}


def names_passed() -> Iterator[str]:
    known = words()
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("failpoints.passed"):
                [name] = node.args
                parts = name.values if isinstance(name, ast.JoinedStr) else [name]
                yield from map("".join, product(*(texts_of(part, known) for part in parts)))


def texts_of(part: ast.expr, known: dict[str, set[str]]) -> set[str]:
    """Return what a part of a name may be; fails for one that nobody can tell from the code."""
    if isinstance(part, ast.FormattedValue):
        return known[ast.unparse(part.value)]
    assert isinstance(part, ast.Constant), ast.unparse(part)
    return {str(part.value)}


def test_the_list_has_every_boundary_of_the_code_and_no_other() -> None:
    ordered = (*WRITE_FAILPOINTS, *SETTLEMENT_FAILPOINTS, *CUSTOMER_FAILPOINTS, *BILL_FAILPOINTS)
    listed = [*FAILPOINTS, *ordered, *EXPORT_FAILPOINTS]
    assert set(names_passed()) == set(listed)
    assert len(set(listed)) == len(listed)


def test_there_are_words_for_what_is_known_only_when_it_is_passed() -> None:
    assert all(words().values())
    assert len(words()["claimed.word"]) > 1


def test_it_is_called_by_this_name_only() -> None:
    """Else the test above would not see a call."""
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").endswith("access.failpoints"):
                assert "passed" not in [alias.name for alias in node.names]
