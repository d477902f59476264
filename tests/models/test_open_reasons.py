"""Discrepancies that only say how a title stands: computed by a view, for the reasons and states of the domain."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from integrations.domain.discrepancies import COMPUTED_KINDS
from integrations.domain.discrepancies import DiscrepancyKind as Kind
from integrations.domain.reasons import Holds, Reason, effect_of
from integrations.models import Discrepancy, Posting, StoredDiscrepancy
from integrations.models.open_reasons import make_view
from tests.admin.world import Rows

SINCE = datetime(2026, 11, 1, 12, tzinfo=UTC)


def kinds_of(rows: Rows, **values: Any) -> list[str]:
    """Return the open kinds of the company's title once it stands like this."""
    StoredDiscrepancy.objects.all().delete()
    codes = values.pop("problems", [])
    problems = [{"code": code, "params": {}, "since": SINCE.isoformat()} for code in codes]
    Posting.objects.filter(pk=rows.posting.pk).update(**{"reason": "", "problems": problems, **values})
    found = Discrepancy.objects.filter(posting=rows.posting, closed_at=None)
    return sorted(found.values_list("kind", flat=True))


@pytest.mark.parametrize(
    ("codes", "state", "kinds"),
    [
        ([], "held", []),
        (["filtered"], "held", []),
        (["category_unmapped"], "held", [Kind.UNMAPPED]),
        (["bank_account_unmapped"], "delivered", [Kind.UNMAPPED]),
        (["category_unmapped", "bank_account_unmapped"], "held", [Kind.UNMAPPED]),
        (["invalid_document"], "held", [Kind.INVALID_DOCUMENT]),
        (["closed_period"], "held", [Kind.CLOSED_PERIOD]),
        (["deleted_in_bling"], "held", []),
        (["due_date_missing"], "held", [Kind.HELD]),
        (["due_date_missing"], "delivered", []),
        (["due_date_missing", "category_unmapped"], "held", [Kind.UNMAPPED]),
        (["part_stuck"], "delivered", [Kind.REFUSED]),
        (["category_unmapped"], "ignored", []),
        ([], "uncertain", [Kind.UNCONFIRMED]),
    ],
)
def test_reasons_become_kinds(ours: Rows, codes: list[str], state: str, kinds: list[Kind]) -> None:
    assert kinds_of(ours, problems=codes, state=state) == kinds


@pytest.mark.parametrize("reason", Reason)
def test_a_stuck_title_is_always_shown(ours: Rows, reason: Reason) -> None:
    shown = kinds_of(ours, state="needs_human", reason=reason)
    elsewhere = reason in (Reason.POSSIBLE_DUPLICATE, Reason.SCHEDULED, Reason.PAID_AS_SCHEDULED)
    assert shown == ([] if elsewhere else [Kind.REFUSED])


@pytest.mark.parametrize("reason", Reason)
def test_what_a_held_title_asks_a_person_is_always_shown(ours: Rows, reason: Reason) -> None:
    effect = effect_of(reason)
    asks = effect.needs_human and effect.holds is not Holds.NOTHING and reason is not Reason.DELETED_IN_BLING
    assert bool(kinds_of(ours, state="held", problems=[reason])) >= asks


def test_a_computed_row_is_since_its_reason_began_and_has_a_key_of_its_own(ours: Rows, theirs: Rows) -> None:
    for rows in (ours, theirs):
        kinds_of(rows, state="needs_human", reason="refused", reason_since=SINCE, problems=["category_unmapped"])
    found = list(Discrepancy.objects.all())
    assert len({row.pk for row in found}) == len(found) >= 4
    mine = [row for row in found if row.posting_id == ours.posting.pk]
    assert {row.opened_at for row in mine} == {SINCE}
    assert all(row.pk < 0 and row.kind in COMPUTED_KINDS and row.closed_at is None for row in mine)
    assert Discrepancy.objects.get(pk=mine[0].pk) == mine[0]


def test_the_view_in_the_database_is_that_of_the_code(ours: Rows) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_viewdef('integrations_discrepancies'::regclass)")
        [before] = cursor.fetchone()
        make_view(using="default")
        cursor.execute("SELECT pg_get_viewdef('integrations_discrepancies'::regclass)")
        assert cursor.fetchone() == (before,)
