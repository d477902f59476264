"""Compares the sandbox's two sides title by title; pure, so that the comparison itself can be tested."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

OPEN, SETTLED, PARTIAL, RETURNED, CANCELLED = 1, 2, 3, 4, 5
STATUS_NAMES = {
    1: "open", 2: "settled", 3: "partial", 4: "returned", 5: "cancelled", 6: "partly_returned", 7: "confirmed",
}  # fmt: skip
KAMINO_PENDING, KAMINO_PAID = 1, 2
KAMINO_STATUS_NAMES = {1: "pending", 2: "settled", 3: "awaiting_approval"}
MOST_SHOWN = 20


@dataclass(frozen=True)
class OurTitle:
    """What our database says of a title: its posting's state, and every reason that a person is shown."""

    state: str
    reasons: tuple[str, ...]
    codes: tuple[str, ...] = ()
    settlement_waits: bool = False


@dataclass
class Comparison:
    """One company: counts of both sides, of titles equal and held, and the titles that are neither."""

    bling: dict[str, dict[str, int]]
    kamino: dict[str, dict[str, int]]
    charges: int
    equal: int = 0
    settlement_waits: int = 0
    held: Counter[str] = field(default_factory=Counter)
    needs_human: Counter[str] = field(default_factory=Counter)
    out_of_scope: int = 0
    offending: list[dict[str, Any]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.offending and self.charges == 0 and self.equal > 0


def parse(body: bytes) -> dict[str, Any]:
    """Read a sandbox summary; amounts as `Decimal`."""
    data: dict[str, Any] = json.loads(body, parse_float=Decimal)
    return data


def compare(summary: Mapping[str, Any], ours: Mapping[tuple[str, str], OurTitle], *, sync_from: date) -> Comparison:
    """Judge every Bling title in scope, and every Kamino title: nothing missing, doubled, different or unexplained."""
    found = Comparison(
        bling=_counts(summary["bling"], STATUS_NAMES, lambda title: True),
        kamino=_counts(summary["kamino"], KAMINO_STATUS_NAMES, lambda title: not title["deleted"]),
        charges=int(summary["charges"]),
    )
    for direction in ("payable", "receivable"):
        rows: dict[str, list[Mapping[str, Any]]] = {}
        for row in summary["kamino"][direction].values():
            if not row["deleted"]:
                rows.setdefault(str(row["bling_id"]), []).append(row)
        for bling_id, title in summary["bling"][direction].items():
            _judge(
                found, direction, bling_id, title, rows.pop(bling_id, []), ours.get((direction, bling_id)), sync_from
            )
        for bling_id, extra in rows.items():
            found.offending += [_line(direction, bling_id, "Kamino holds a title that Bling does not have")] * len(
                extra
            )
    return found


def is_in_scope(title: Mapping[str, Any], sync_from: date) -> bool:
    """Say whether a title has to be mirrored: unsettled ones of any age, settled ones paid since `sync_from`."""
    if title["status"] == SETTLED:
        return any(date.fromisoformat(str(day)[:10]) >= sync_from for day in title["payment_days"])
    return title["status"] not in (RETURNED, CANCELLED)


def _judge(
    found: Comparison,
    direction: str,
    bling_id: str,
    title: Mapping[str, Any],
    rows: list[Mapping[str, Any]],
    ours: OurTitle | None,
    sync_from: date,
) -> None:
    if ours is None and not rows and not is_in_scope(title, sync_from):
        found.out_of_scope += 1
        return
    if len(rows) > 1:
        found.offending.append(_line(direction, bling_id, f"{len(rows)} times in Kamino"))
    elif ours is None:
        found.offending.append(_line(direction, bling_id, "not in our database"))
    elif ours.state in ("held", "needs_human") and ours.reasons:
        counter = found.held if ours.state == "held" else found.needs_human
        counter.update(set(ours.codes))
    elif ours.state != "delivered":
        found.offending.append(_line(direction, bling_id, f"state {ours.state} without a reason"))
    elif not rows:
        if title["status"] == CANCELLED:
            found.equal += 1
        else:
            found.offending.append(_line(direction, bling_id, "missing in Kamino"))
    else:
        _judge_row(found, direction, bling_id, title, rows[0], ours)


def _judge_row(
    found: Comparison,
    direction: str,
    bling_id: str,
    title: Mapping[str, Any],
    row: Mapping[str, Any],
    ours: OurTitle,
) -> None:
    differences = []
    if row["value"] != title["value"]:
        differences.append(f"value {title['value']} / {row['value']}")
    if str(row["due"])[:10] != str(title["due"])[:10]:
        differences.append(f"due {title['due']} / {row['due']}")
    waits = title["status"] == SETTLED and row["status"] == KAMINO_PENDING and ours.settlement_waits and ours.reasons
    wanted = KAMINO_PAID if title["status"] == SETTLED and not waits else KAMINO_PENDING
    if row["status"] != wanted:
        differences.append(f"status {STATUS_NAMES.get(title['status'], title['status'])} / {row['status']}")
    elif wanted == KAMINO_PAID:
        days = sorted(str(day)[:10] for day in title["payment_days"])
        if row["paid_value"] != title["moved_total"]:
            differences.append(f"paid {title['moved_total']} / {row['paid_value']}")
        if row["paid_on"] not in days:
            differences.append(f"paid on {', '.join(days)} / {row['paid_on']}")
    if differences:
        found.offending.append(_line(direction, bling_id, "; ".join(differences)))
    elif waits:
        found.settlement_waits += 1
        found.held.update(set(ours.codes))
    else:
        found.equal += 1


def _line(direction: str, bling_id: str, what: str) -> dict[str, Any]:
    return {"direction": direction, "bling_id": bling_id, "difference": what}


def _counts(side: Mapping[str, Any], names: Mapping[int, str], counted: Any) -> dict[str, dict[str, int]]:
    return {
        direction: dict(
            Counter(names.get(title["status"], str(title["status"])) for title in titles.values() if counted(title))
        )
        for direction, titles in side.items()
    }


def summarize(companies: Mapping[str, Comparison], progress: Any, *, seconds: float) -> dict[str, Any]:
    """Return the one object that `make demo-check` prints."""
    offending = [{"tenant": slug, **line} for slug, found in companies.items() for line in found.offending]
    return {
        "ok": progress.is_done and not progress.failed and all(found.ok for found in companies.values()),
        "seconds": seconds,
        "progress": progress.to_text(),
        "tenants": {
            slug: {
                "bling": found.bling,
                "kamino": found.kamino,
                "equal": found.equal,
                "settlement_waits": found.settlement_waits,
                "held": dict(found.held),
                "needs_human": dict(found.needs_human),
                "out_of_scope": found.out_of_scope,
                "charges": found.charges,
            }
            for slug, found in companies.items()
        },
        "offending_count": len(offending),
        "offending": offending[:MOST_SHOWN],
    }
