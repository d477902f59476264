"""Small builders and hypothesis strategies of the domain's values."""

from dataclasses import fields, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from integrations.bling.translate import invoice_status_of, origin_of, status_of
from integrations.domain.classification import Classification
from integrations.domain.desired import MARKER, DesiredPayment, DesiredTitle, Inputs, KaminoStatus, TenantRules
from integrations.domain.matching import KaminoTitle
from integrations.domain.settlement import Settlement
from integrations.domain.titles import BorderoFacts, BorderoLine, Direction, TitleFacts

DUE = date(2026, 3, 10)
PAID_ON = date(2026, 3, 12)
OPEN, SETTLED, PARTIAL, RETURNED, CANCELLED, PARTLY_RETURNED, CONFIRMED = range(1, 8)


def money(text: str) -> Decimal:
    return Decimal(text)


def title(**changes: Any) -> TitleFacts:
    """An open payable of 100.00 with a contact, a number and a category; Bling's numbers in it become words."""
    values: dict[str, Any] = {
        "direction": Direction.PAYABLE,
        "bling_id": 16000000469,
        "status_number": OPEN,
        "due_date": DUE,
        "value": Decimal("100.00"),
        "balance": Decimal("100.00"),
        "contact_id": 7,
        "issue_date": date(2026, 2, 10),
        "competence_date": date(2026, 2, 1),
        "document_number": "NF 10",
        "history": "Aluguel",
        "category_id": 3,
    }
    values |= changes
    origin = origin_of(values.get("origin_kind", ""))
    words = {
        "status": status_of(values["status_number"]),
        "origin": origin,
        "invoice_status": invoice_status_of(origin, values.get("origin_status", 0)),
    }
    return TitleFacts(**{**words, **values})


def paid_title(**changes: Any) -> TitleFacts:
    return title(**{"status_number": SETTLED, "balance": Decimal("0.00"), "bordero_ids": (1,), **changes})


def line(amount: str = "100.00", **changes: Any) -> BorderoLine:
    values: dict[str, Any] = {"contact_id": 7, "document_number": "NF 10"}
    values |= {name: Decimal("0.00") for name in ("interest", "discount", "surcharge", "fee")}
    values |= {name: Decimal(value) if name in values and name not in ("contact_id", "document_number") else value
               for name, value in changes.items()}  # fmt: skip
    return BorderoLine(amount=Decimal(amount), **values)


def bordero(*lines: BorderoLine, bling_id: int = 1, day: date = PAID_ON, account_id: int = 5) -> BorderoFacts:
    return BorderoFacts(bling_id=bling_id, date=day, account_id=account_id, lines=lines)


def desired(**changes: Any) -> DesiredTitle:
    values: dict[str, Any] = {
        "direction": Direction.PAYABLE,
        "code": "16000000469",
        "description": "Aluguel [Bling 16000000469]",
        "document_number": "NF 10",
        "due_date": DUE,
        "competence_date": date(2026, 2, 10),
        "value": Decimal("100.00"),
        "chart_account": "3.1",
        "cost_center": None,
        "business_unit": None,
        "status": KaminoStatus.PENDING,
        "person": "7",
    }
    return DesiredTitle(**{**values, **changes})


def settled(**changes: Any) -> DesiredTitle:
    payment = DesiredPayment(PAID_ON, Decimal("100.00"), "1.1")
    return desired(**{"status": KaminoStatus.SETTLED, "payment": payment, **changes})


def inputs(facts: TitleFacts | None = None, **changes: Any) -> Inputs:
    """A classified title of a company without limits, never delivered; a paid one has its settlement."""
    facts = facts or title()
    is_paid = facts.status_number == SETTLED
    values: dict[str, Any] = {
        "title": facts,
        "classification": Classification(chart_account="3.1", rule="mapping"),
        "settlement": Settlement(PAID_ON, 5, facts.value) if is_paid else None,
        "payment_account": "1.1" if is_paid else None,
        "person_name": "Papelaria Horizonte",
        "rules": TenantRules(settled_from=date(2026, 1, 1)),
        "delivered": None,
    }
    return Inputs(**{**values, **changes})


def kamino_title(**changes: Any) -> KaminoTitle:
    values: dict[str, Any] = {
        "kamino_id": 900,
        "person_id": 50,
        "description": "Aluguel [Bling 16000000469]",
        "note": "",
        "code": "",
        "due_date": DUE,
        "value": Decimal("100.00"),
        "status": KaminoStatus.PENDING,
    }
    return KaminoTitle(**{**values, **changes})


amounts = st.decimals(min_value=Decimal("0.01"), max_value=Decimal("9999999.99"), places=2)
extras = st.decimals(min_value=Decimal("0.00"), max_value=Decimal("999.99"), places=2)
days = st.dates(min_value=date(2000, 1, 1), max_value=date(2050, 12, 31))
near_days = st.integers(-400, 400).map(lambda distance: DUE + timedelta(days=distance))
texts = st.text(max_size=60)
codes = st.integers(1, 10**12).map(str)

payments = st.builds(DesiredPayment, date=days, amount=amounts, account=codes, forced=st.booleans())


@st.composite
def desired_titles(draw: st.DrawFn) -> DesiredTitle:
    """Any title that Kamino could be told: settled ones have a payment, others have none; all descriptions end with
    the marker (an empty one was erased on a person's request)."""
    status = draw(st.sampled_from([status for status in KaminoStatus if status is not KaminoStatus.UNKNOWN]))
    code = draw(codes)
    return DesiredTitle(
        direction=draw(st.sampled_from(Direction)),
        code=code,
        description=f"{draw(texts)} {MARKER.format(code=code)}",
        document_number=draw(texts),
        due_date=draw(days),
        competence_date=draw(days),
        value=draw(amounts),
        chart_account=draw(codes),
        cost_center=draw(st.none() | codes),
        business_unit=draw(st.none() | codes),
        status=status,
        payment=draw(payments) if status is KaminoStatus.SETTLED else None,
        note=draw(texts),
    )


def neighbours(title: DesiredTitle, other: DesiredTitle) -> list[DesiredTitle]:
    """Return the title, what it is with one field of the other one each, and the other one. Two titles that are drawn
    apart differ in every field at once."""
    names = [
        {field.name} for field in fields(DesiredTitle) if field.compare and field.name not in ("status", "payment")
    ]
    changes = [{name: getattr(other, name) for name in changed} for changed in [*names, {"status", "payment"}]]
    return [title, *(replace(title, **change) for change in changes), other]
