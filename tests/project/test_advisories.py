"""What is known about the locked packages: told as it is, and never "fine" where nobody answered."""

from datetime import date
from typing import Any

import pytest

from project import advisories

TODAY = date(2026, 11, 30)
ACCEPTED = "| GHSA-aaaa-bbbb | 2026-12-31 | only with a feature that is off |\n| CVE-2026-1 | 2026-11-29 | over |\n"


def package(name: str, *ids: list[str], skipped: bool = False) -> dict[str, Any]:
    if skipped:
        return {"name": name, "skip_reason": "not found"}
    return {"name": name, "version": "1.0", "vulns": [{"id": one, "aliases": more} for one, *more in ids]}


@pytest.mark.parametrize(
    ("rows", "lines", "is_bad"),
    [
        ([package("a"), package("b")], ["lock: 2 packages checked"], False),
        ([package("a", skipped=True)], ["lock: not checked, nobody answered"], False),
        ([], ["lock: not checked, nobody answered"], False),
        (
            [package("a", ["PYSEC-1", "CVE-2026-9"]), package("b", skipped=True)],
            ["lock: 1 packages checked", "lock: not checked: b", "lock: a 1.0: PYSEC-1, CVE-2026-9"],
            True,
        ),
        ([package("a", ["PYSEC-1", "GHSA-aaaa-bbbb"])], ["lock: 1 packages checked"], False),
        ([package("a", ["CVE-2026-1"])], ["lock: 1 packages checked", "lock: a 1.0: CVE-2026-1"], True),
    ],
)
def test_what_is_known_is_told(rows: list[dict[str, Any]], lines: list[str], is_bad: bool) -> None:
    found = advisories.read({"dependencies": rows})
    assert advisories.told("lock", found, advisories.accepted(ACCEPTED, TODAY)) == (lines, is_bad)


@pytest.mark.parametrize(
    "tool", [("no-such-tool",), ("python", "-c", "print('<html>')"), ("python", "-c", "print('{}')")]
)
def test_a_tool_that_does_not_answer_checked_nothing(tool: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(advisories, "TOOL", tool)
    assert advisories.ask("requirements.txt") is None
