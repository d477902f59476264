"""`make demo-check` is only worth something if its comparison finds what is wrong."""

from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from project.demo_check import OurTitle, compare, is_in_scope, parse, summarize

SINCE = date(2026, 3, 1)
EQUAL = OurTitle("delivered", ())
HELD = OurTitle("held", ("A categoria não tem conta.",), ("category_unmapped",))
SETTLEMENT_WAITS = OurTitle("delivered", ("A conta não tem par.",), ("bank_account_unmapped",), settlement_waits=True)


def bling_title(**changes: Any) -> dict[str, Any]:
    title = {
        "status": 1,
        "value": Decimal("100.00"),
        "due": "2026-03-10",
        "moved_total": Decimal("0.00"),
        "payment_days": [],
    }
    return title | changes


def paid(**changes: Any) -> dict[str, Any]:
    return bling_title(status=2, moved_total=Decimal("100.00"), payment_days=["2026-03-12"], **changes)


def kamino_title(**changes: Any) -> dict[str, Any]:
    title = {
        "bling_id": "1", "status": 1, "value": Decimal("100.00"), "due": "2026-03-10", "paid_on": "",
        "paid_value": None, "deleted": False,
    }  # fmt: skip
    return title | changes


SETTLED: dict[str, Any] = {"status": 2, "paid_on": "2026-03-12", "paid_value": Decimal("100.00")}


def judge(
    bling: dict[str, Any] | None, *kamino: dict[str, Any], ours: OurTitle | None = EQUAL, charges: int = 0
) -> Any:
    summary = {
        "bling": {"payable": {"1": bling} if bling else {}, "receivable": {}},
        "kamino": {"payable": {str(10 + place): row for place, row in enumerate(kamino)}, "receivable": {}},
        "charges": charges,
    }
    known = {("payable", "1"): ours} if ours else {}
    return compare(summary, known, sync_from=SINCE)


@pytest.mark.parametrize(
    ("bling", "kamino"),
    [
        (bling_title(), kamino_title()),
        (bling_title(status=3, moved_total=Decimal("40.00"), payment_days=["2026-03-12"]), kamino_title()),
        (bling_title(status=7), kamino_title()),
        (paid(), kamino_title(**SETTLED)),
    ],
)
def test_equal_titles_are_counted(bling: dict[str, Any], kamino: dict[str, Any]) -> None:
    found = judge(bling, kamino)
    assert (found.equal, found.offending, found.ok) == (1, [], True)


@pytest.mark.parametrize(
    ("bling", "kamino", "ours", "says"),
    [
        (bling_title(), [], None, "not in our database"),
        (bling_title(), [], EQUAL, "missing in Kamino"),
        (bling_title(), [kamino_title(deleted=True)], EQUAL, "missing in Kamino"),
        (bling_title(), [kamino_title(), kamino_title()], EQUAL, "2 times"),
        (bling_title(), [kamino_title(value=Decimal("100.01"))], EQUAL, "value"),
        (bling_title(), [kamino_title(due="2026-03-11")], EQUAL, "due"),
        (bling_title(), [kamino_title(**SETTLED)], EQUAL, "status"),
        (paid(), [kamino_title()], EQUAL, "status"),
        (paid(), [kamino_title()], replace(SETTLEMENT_WAITS, reasons=()), "status"),
        (paid(), [kamino_title(**SETTLED | {"paid_value": Decimal("99.00")})], EQUAL, "paid 100.00 / 99.00"),
        (paid(), [kamino_title(**SETTLED | {"paid_on": "2026-03-13"})], EQUAL, "paid on"),
        (bling_title(), [], replace(HELD, reasons=()), "without a reason"),
        (bling_title(), [], OurTitle("ready", ()), "state ready"),
        (bling_title(), [kamino_title()], OurTitle("uncertain", ("x",)), "state uncertain"),
        (None, [kamino_title(bling_id="2")], None, "Bling does not have"),
    ],
)
def test_whatever_differs_is_named(
    bling: dict[str, Any] | None, kamino: list[dict[str, Any]], ours: OurTitle | None, says: str
) -> None:
    found = judge(bling, *kamino, ours=ours)
    assert [says in line["difference"] for line in found.offending] == [True]
    assert not found.ok


def test_what_is_held_with_a_reason_is_no_difference() -> None:
    found = judge(bling_title(), ours=HELD)
    assert (found.offending, dict(found.held)) == ([], {"category_unmapped": 1})
    waits = judge(paid(), kamino_title(), ours=SETTLEMENT_WAITS)
    assert (waits.offending, waits.settlement_waits) == ([], 1)


def test_a_charge_is_a_failure() -> None:
    assert not judge(bling_title(), kamino_title(), charges=1).ok


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        (bling_title(), True),
        (bling_title(status=6), True),
        (bling_title(status=4), False),
        (bling_title(status=5), False),
        (paid(), True),
        (paid() | {"payment_days": ["2026-02-28"]}, False),
        (paid() | {"payment_days": ["2026-02-28", "2026-03-01"]}, True),
    ],
)
def test_scope(title: dict[str, Any], expected: bool) -> None:
    assert is_in_scope(title, SINCE) is expected
    assert judge(title, ours=None).out_of_scope == (not expected)


def test_amounts_are_read_without_loss() -> None:
    assert parse(b'{"value": 0.10}') == {"value": Decimal("0.10")}


@dataclass
class Progress:
    is_done: bool = True
    failed: list[str] = field(default_factory=list)

    def to_text(self) -> str:
        return "done"


def test_the_summary_is_good_only_when_every_company_and_the_sync_are() -> None:
    good, bad = judge(bling_title(), kamino_title()), judge(bling_title())
    assert summarize({"a": good}, Progress(), seconds=1)["ok"]
    assert not summarize({"a": good}, Progress(is_done=False), seconds=1)["ok"]
    assert not summarize({"a": good}, Progress(failed=["x"]), seconds=1)["ok"]
    result = summarize({"a": good, "b": bad}, Progress(), seconds=1)
    assert not result["ok"]
    assert result["offending"][0]["tenant"] == "b"


def test_at_most_twenty_titles_are_listed_and_all_are_counted() -> None:
    many = judge(bling_title())
    many.offending = deepcopy(many.offending) * 50
    result = summarize({"a": many}, Progress(), seconds=1)
    assert (result["offending_count"], len(result["offending"])) == (50, 20)
