"""What an upgrade makes of persons whose number had changed in Bling while only Bling's was noted."""

from importlib import import_module

import pytest
from django.db import connection

from integrations.models import PersonPosting
from tests.flows.helpers import Company

OLD, NEW = "11222333000181", "04252011000110"
STALE = import_module("integrations.migrations.0042_known_documents").STALE
OF_TITLE = import_module("integrations.migrations.0050_requests_of_connections").OF_TITLE


@pytest.mark.parametrize("is_changed", [True, False])
def test_the_number_that_was_really_sent_counts(company: Company, contact: int, is_changed: bool) -> None:
    company.add_title("payable", contact=contact)
    company.sync()
    row = PersonPosting.objects.get()
    if is_changed:
        later = {**row.delivered, "document": NEW}
        row.new_attempt(
            operation="save_person", fence=9, started_at=company.now(), ended_at=company.now(), outcome="adopted"
        )
        row.attempts.filter(fence=9).update(body=later)
        PersonPosting.objects.update(delivered=later, desired=later)
        row.person.document = NEW
        row.person.save()
    with connection.cursor() as cursor:
        # The column is younger than the upgrade.
        cursor.execute("ALTER TABLE integrations_planrequest ALTER connection_id DROP NOT NULL")
        cursor.execute(STALE)
        cursor.execute(OF_TITLE)
        cursor.execute("ALTER TABLE integrations_planrequest ALTER connection_id SET NOT NULL")
    row.refresh_from_db()
    assert row.known_document == OLD
    assert bool(row.delivered_fingerprint) is not is_changed
    company.work()
    row.refresh_from_db()
    assert [problem["code"] for problem in row.problems] == (["document_differs"] if is_changed else [])
