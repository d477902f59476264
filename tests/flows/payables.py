"""What tests of payables for Bling enter, and what Bling holds of them."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from integrations.domain.payables import marker_of
from integrations.models import PayableWrite, WriteBatch
from integrations.pipeline.payables.accept import Accepted, accept
from integrations.pipeline.payables.duplicates import Duplicate, Duplicates
from integrations.pipeline.payables.entry import Entry, Supplier
from tests.flows.helpers import Company

DUE = date(2027, 1, 20)
DOCUMENT = "98765432000198"


def entry(company: Company, **changes: Any) -> Entry:
    plain = Entry(
        supplier=Supplier("Gráfica Sol", DOCUMENT), value=Decimal("150.00"), due_date=DUE,
        issue_date=date(2026, 11, 20), competence_date=date(2026, 11, 1), document_number="NF 77",
        history="Papel de embrulho", category_id=company.category,
    )  # fmt: skip
    return replace(plain, **changes)


def enter(company: Company, user: User, *entries: Entry, **options: Any) -> WriteBatch:
    found = [Accepted(one, **options) for one in entries or (entry(company),)]
    return accept(
        connection=company.connection, accepted=found, source=WriteBatch.Source.FORM, user=user, now=timezone.now()
    )


def same_as(company: Company) -> list[Duplicate]:
    """Return what may be the same as the plain entry."""
    one = entry(company)
    return Duplicates(company.connection, [one]).of(one, *one.parcels())


def ours(company: Company) -> list[Any]:
    """Return what Bling holds of us."""
    return [title for title in company.bling.titles_of("payable") if marker_of(title.history)]


def states() -> list[str]:
    return list(PayableWrite.objects.order_by("due_date", "pk").values_list("state", flat=True))
