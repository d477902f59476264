"""Coverage counts what a mapping would send, names what holds it back, and raises one alert that closes by itself."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.models import Alert, Posting, Tenant
from integrations.models.confidential import WHOLE
from integrations.pipeline.report import alerts
from integrations.pipeline.report.coverage import Share, coverage_of, lacking_names
from tests.flows.helpers import Company
from tests.pipeline.mapping.edits import map_name


@pytest.fixture
def strange(company: Company) -> int:
    return int(company.bling.add_category("Sem par na Kamino", kind=3))


def map_to_test_account(company: Company, bling_id: int) -> None:
    map_name(company, "category", bling_id, chart_account="Categoria de Teste")
    company.work()


def open_alerts() -> list[str]:
    alerts.review_alerts(now=timezone.now())
    return [alert.detail(WHOLE) for alert in Alert.objects.filter(cause="unmapped", closed_at=None)]


def test_names_hold_titles_back_until_they_are_mapped(company: Company, strange: int) -> None:
    company.to_shadow()
    company.add_title("payable", value="10.00")
    for value in ("20.00", "30.00"):
        company.add_title("payable", value=value, category=strange)
    nameless = company.bling.add_account("Banco sem par")
    paid = company.add_title("payable", value="40.00")
    company.bling.pay(paid, account=nameless)
    company.sync()
    found = coverage_of(company.tenant, WHOLE)
    assert (found.titles, found.ready, found.waiting) == (4, 2, 0)
    assert (found.total, found.ready_total) == (Decimal("100.00"), Decimal("50.00"))
    assert (found.categories, found.accounts) == (Share(1, 2), Share(0, 1))
    assert [(row.name, row.titles, row.total) for row in found.names] == [("Sem par na Kamino", 2, Decimal("50.00"))]
    assert [(row.name, row.bling_id, row.titles) for row in found.bank_accounts] == [("Banco sem par", nameless, 1)]
    map_to_test_account(company, strange)
    company.kamino.add_bank_account("BANCO SEM PAR")
    company.forget_registers()
    company.sync()
    found = coverage_of(company.tenant, WHOLE)
    assert (found.titles, found.ready, found.names, found.bank_accounts) == (4, 4, [], [])
    assert (found.categories, found.accounts) == (Share(2, 2), Share(1, 1))


def test_what_no_mapping_would_send_does_not_count(company: Company, strange: int) -> None:
    company.to_shadow()
    old = company.add_title("payable", category=strange)
    company.bling.pay(old, account=company.bank, date=company.bling.world.today - timedelta(days=5))
    Tenant.objects.update(settled_from=company.bling.world.today)
    gone = company.add_title("payable", category=strange)
    company.bling.cancel(gone)
    nobody = company.add_title("payable", value="-1.00")
    company.sync()
    found = coverage_of(company.tenant, WHOLE)
    assert company.problems(nobody) == ["value_not_positive"]
    assert (found.titles, found.ready, found.waiting, found.names) == (1, 0, 1, [])
    assert open_alerts() == []


def test_one_alert_opens_and_closes_by_itself(company: Company, strange: int) -> None:
    title = company.add_title("payable", category=strange)
    company.sync()
    first = open_alerts()
    assert len(first) == 1
    assert "Sem par" not in first[0]
    company.add_title("payable", category=company.bling.add_category("Outra sem par", kind=3))
    company.sync()
    assert lacking_names([company.tenant.kamino_connection.pk], WHOLE) == [(company.tenant.kamino_connection.pk, 2, 2)]
    assert len(open_alerts()) == 1
    assert Alert.objects.filter(cause="unmapped").count() == 1
    Posting.objects.exclude(title__bling_id=title).update(state="ignored")
    map_to_test_account(company, strange)
    assert open_alerts() == []


def test_the_alert_costs_one_look_into_a_small_index(company: Company) -> None:
    kamino = company.tenant.kamino_connection
    with CaptureQueriesContext(connection) as queries:
        lacking_names([kamino.pk], WHOLE)
    assert len(queries) == 1
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        # Of an empty table each index costs the same.
        cursor.execute(
            "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'integrations_posting'::regclass"
            " AND NOT indisunique AND indexrelid != 'posting_lacks_names'::regclass"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute(f"EXPLAIN {queries[0]['sql']}")
        plan: list[Any] = cursor.fetchall()
        transaction.set_rollback(True)
    assert "posting_lacks_names" in str(plan)
