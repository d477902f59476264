"""What asks, again and again, whether anything is to be sent to Bling."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from benchmarks.plans import rows_read as rows_of
from integrations.models import BlingConnection, BlingToken, BlingWriting, PayableWrite, Tenant, WriteBatch
from integrations.pipeline.to_bling.ready import in_turn, writings_due

ACCOUNTS = 200


@pytest.fixture
def payables(db: None) -> list[PayableWrite]:
    """One payable of each of many accounts, all in Bling."""
    now, user = timezone.now(), User.objects.create_user("ana")
    tenants = Tenant.objects.bulk_create(
        Tenant(name=f"Empresa {number}", slug=f"e{number}", sync_from=now.date()) for number in range(ACCOUNTS)
    )
    accounts = BlingConnection.objects.bulk_create(
        BlingConnection(tenant=tenant, label="Bling", code_prefix=tenant.slug, status="connected") for tenant in tenants
    )
    BlingWriting.objects.bulk_create(BlingWriting(connection=account, mode="live") for account in accounts)
    BlingToken.objects.bulk_create(
        BlingToken(connection=account, version=1, company_checked_version=1, expires_at=now, refreshed_at=now)
        for account in accounts
    )
    batches = WriteBatch.objects.bulk_create(
        WriteBatch(connection=account, source="form", state="sending", count=1, total=1, user=user, created_at=now)
        for account in accounts
    )
    return PayableWrite.objects.bulk_create(
        PayableWrite(
            batch=batch, connection=batch.connection, contact_id=1, supplier_name="Sol", value=1, bling_id=number,
            due_date=date(2027, 1, 1), marker=f"{number:010}", accepted_at=now, ready_at=now, planned_at=now,
            state="delivered",
        )
        for number, batch in enumerate(batches, 1)
    )  # fmt: skip


def rows_read(rows: QuerySet[Any]) -> int:
    sql, params = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
        [[told]] = cursor.fetchall()
    [plan] = told if isinstance(told, list) else json.loads(told)
    return rows_of(plan["Plan"])


def wait(payables: list[PayableWrite], accepted: timedelta) -> None:
    """Let payables wait to be sent since they were accepted some time ago."""
    at = timezone.now() - accepted
    mine = PayableWrite.objects.filter(pk__in=[payable.pk for payable in payables])
    mine.update(state="ready", bling_id=None, accepted_at=at, ready_at=at)


def test_accounts_without_anything_to_do_are_not_read(payables: list[PayableWrite]) -> None:
    assert rows_read(in_turn(writings_due(timezone.now(), None))) < 20


@pytest.mark.parametrize("without", ["enable_hashjoin", "enable_mergejoin", "enable_bitmapscan"])
def test_what_waits_for_people_is_not_read(payables: list[PayableWrite], without: str) -> None:
    """Whatever way PostgreSQL takes: which of them, it decides from what other tables hold."""
    wait(payables, timedelta(hours=25))
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL {without} = off")
    assert rows_read(in_turn(writings_due(timezone.now(), None))) < 20


def test_the_one_with_something_to_do_is_found(payables: list[PayableWrite]) -> None:
    wait(payables[:1], timedelta(minutes=1))
    wait(payables[1:], timedelta(hours=25))
    found = writings_due(timezone.now(), None).values_list("connection", flat=True)
    assert list(found) == [payables[0].connection_id]
