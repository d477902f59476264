"""The purge: what ends and what stays is the table of docs/lgpd.md, and nobody waits for it."""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection, models, transaction
from django.utils import timezone

from integrations.models import Attempt, ConnectionEvent, KaminoSnapshot, SyncRun
from integrations.pipeline.company import retention
from integrations.pipeline.company.retention import DAY, ENDS, GUARDS, YEAR, purge
from tests.flows.helpers import Company
from tests.threads import in_thread

PAGE = Path(__file__).parents[3] / "docs" / "lgpd.md"
PERIODS = {"until they expire": 0 * DAY, "1 year": YEAR, "2 years": 2 * YEAR, "5 years": 5 * YEAR}
GUARDING = {
    "Posting": {"one_posting_per_kamino_title"},
    "PartPosting": {"one_part_per_kamino_title", "one_part_per_payment"},
    "PersonPosting": {"one_owner_per_kamino_person"},
    "Attempt": {
        "one_open_attempt_per_posting",
        "one_open_attempt_per_person",
        "one_open_attempt_per_part",
        "one_settlement_per_posting",
        "one_settlement_per_part",
    },
    "PayableWrite": {"one_write_per_payable"},
    "ContactWrite": {"one_contact_write_per_document", "one_contact_write_per_name"},
    "SettlementWrite": {"one_settlement_write_per_payable", "one_write_per_settlement"},
    "CustomerWrite": {"one_customer_write_per_ref", "one_customer_write_per_contact"},
    "OrderWrite": {"one_order_write_per_ref", "one_write_per_order"},
    "BlingAttempt": {
        "one_open_attempt_per_order_write",
        "one_open_attempt_per_customer_write",
        "one_open_attempt_per_contact_write",
        "one_open_attempt_per_payable_write",
        "one_open_attempt_per_settlement_write",
        "one_settlement_per_settlement_write",
    },
    "ForcedSettlement": {"one_forced_settlement_per_posting"},
}


def documented() -> dict[str, tuple[timedelta, bool]]:
    """Return what the page says of each table: how long its rows are kept, and whether they are only emptied."""
    found = {}
    for line in PAGE.read_text(encoding="utf-8").split("## How long")[1].split("\n## ")[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 3 or "`" not in cells[1]:
            continue
        text = cells[2].removeprefix("emptied after ")
        days = re.fullmatch(r"(\d+) days", text)
        period = timedelta(days=int(days[1])) if days else PERIODS[text]
        for name in re.findall(r"`(\w+)`", cells[1]):
            found[name] = (period, cells[2] != text)
    return found


def test_the_page_says_what_the_purge_does() -> None:
    assert documented() == {ends.model.__name__: (ends.after, ends.emptied is not None) for ends in ENDS}


def test_what_guards_money_is_emptied_at_most(db: None) -> None:
    assert {model.__name__ for model in GUARDS} == set(GUARDING)
    assert not [ends for ends in ENDS if ends.model in GUARDS and ends.emptied is None]
    with connection.cursor() as cursor:
        for model in GUARDS:
            names = {each.name for each in model._meta.constraints if isinstance(each, models.UniqueConstraint)}
            assert GUARDING[model.__name__] <= names, model
            cursor.execute("SELECT relkind FROM pg_class WHERE relname = %s", [model._meta.db_table])
            assert cursor.fetchone() == ("r",)  # an ordinary table, not a partitioned one


def test_each_end_is_found_by_an_index() -> None:
    for ends in ENDS:
        first, *rest = ends.since.split("__")
        field = ends.model._meta.get_field(first)
        if rest or field.db_index:  # type: ignore[union-attr]
            continue
        indexed = {index.fields[0].lstrip("-") for index in ends.model._meta.indexes if index.fields}
        assert first in indexed or ends.model._meta.app_label != "integrations" or is_small(ends.model), ends


def is_small(model: type[models.Model]) -> bool:
    """Say whether people alone, or hosts, add its rows."""
    small = {
        "AuthorizationRequest",
        "Heartbeat",
        "Export",
        "BulkOrder",
        "MappingChange",
        "ConnectLink",
        "RateLimit",
        "PayableSheet",
    }
    return model.__name__ in small


def test_old_rows_end_in_batches_and_young_ones_stay(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    now, bling = timezone.now(), company.connection
    for days in (0, 1, 5 * 365 + 1, 5 * 365 + 2, 2000, 2001, 2002):
        ConnectionEvent.objects.create(connection=bling, at=now - days * DAY, code=f"day{days}")
    ConnectionEvent.objects.exclude(code__startswith="day").delete()
    assert purge(now=now)
    assert sorted(ConnectionEvent.objects.values_list("code", flat=True)) == ["day0", "day1"]


def test_the_newest_complete_run_stays_and_attempts_keep_their_amounts(company: Company) -> None:
    title = company.add_title("payable", value="120.50")
    company.bling.pay(title, account=company.bank)
    company.sync()
    old = timezone.now() - 200 * DAY
    SyncRun.objects.update(ended_at=old, due_at=old)
    SyncRun.objects.create(connection=company.connection, state="failed", due_at=old + DAY, ended_at=old + DAY)
    older = SyncRun.objects.create(connection=company.connection, state="done", due_at=old - DAY, ended_at=old - DAY)
    Attempt.objects.update(started_at=old)
    purge(now=timezone.now())
    assert SyncRun.objects.filter(state="done").count() == 1
    assert not SyncRun.objects.filter(pk=older.pk).exists()
    sent = Attempt.objects.get(posting__isnull=False)
    assert (sent.body, sent.value, sent.paid) == ({}, Decimal("120.50"), Decimal("120.50"))
    assert sent.paid_on is not None
    assert company.sync_and_report().errors == 0


def test_the_purge_waits_for_nobody_and_leaves_what_somebody_holds(company: Company) -> None:
    kamino = company.tenant.kamino_connection
    old = timezone.now() - 4 * DAY
    rows = [
        KaminoSnapshot.objects.create(kamino_connection=kamino, direction="payable", kamino_id=number, read_at=old)
        for number in (1, 2)
    ]
    with transaction.atomic():
        KaminoSnapshot.objects.select_for_update().get(pk=rows[0].pk)
        in_thread(lambda: purge(now=timezone.now()))
    assert list(KaminoSnapshot.objects.values_list("kamino_id", flat=True)) == [1]


def test_a_purge_without_time_says_that_something_is_left(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 1)
    now, bling = timezone.now(), company.connection
    for days in (2000, 2001):
        ConnectionEvent.objects.create(connection=bling, at=now - days * DAY, code="old")

    def clock() -> datetime:
        return now

    assert not purge(now=now, clock=clock, deadline=now)
    assert ConnectionEvent.objects.filter(code="old").count() == 1
    assert purge(now=now)
