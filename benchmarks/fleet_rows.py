"""Fills a database with companies and a year of their history: rows like one that was made here, copied by SQL.

Nothing is due afterwards: every company was just synced, compared and looked at, and its next run is hours away.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection as database
from django.db import models, transaction
from django.utils import timezone

from integrations.models import (
    Alert,
    Attempt,
    BlingConnection,
    BlingToken,
    CatalogItem,
    ConnectionEvent,
    Heartbeat,
    KaminoConnection,
    KaminoItem,
    KaminoSnapshot,
    Person,
    PersonPosting,
    Posting,
    RateLimit,
    StoredDiscrepancy,
    SyncRun,
    Tenant,
    Title,
    TitleChange,
    TitleRead,
)
from integrations.models.wake_up_triggers import make_triggers
from integrations.pipeline.read.schedule import last_slot
from integrations.pipeline.report.alerts import MAILS

RUNS_A_YEAR = 730
PERSONS_EACH = 50
ROOM = 1_000_000
"""Ids of a company's rows begin at its own number times this."""
PROBLEMS = [{"code": "category_unmapped", "params": {"name": "Aluguel"}}]
"""What holds a title of twenty back."""
FIRST = 1_000
"""The lowest number of a company that is copied: those that were there before have smaller ones."""


@dataclass(frozen=True)
class Fleet:
    """How much there is: companies, titles of each, and runs of each that ended."""

    companies: int
    titles: int
    runs: int = RUNS_A_YEAR


def fill(fleet: Fleet) -> None:
    """Make the rows of a fleet in a migrated database that has none, and let PostgreSQL count them."""
    now = timezone.now()
    with transaction.atomic():
        with database.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")  # no look at each of millions of keys
        _Filler(fleet, now).fill()
    make_triggers(using="default")
    with database.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


class _Filler:
    """Copies the rows of a first company; `c` is a company's number in the expressions, `n` the number of a row."""

    def __init__(self, fleet: Fleet, now: datetime) -> None:
        self.fleet = fleet
        self.now = now
        self.slot = last_slot(now, settings.SYNC_HOURS)
        self.first = FIRST

    def fill(self) -> None:
        self._companies()
        self._titles()
        self._history()
        Heartbeat.objects.update_or_create(name=MAILS, defaults={"beat_at": self.now})
        with database.cursor() as cursor:
            for model in (Tenant, BlingConnection, KaminoConnection, Person, Title, Posting, PersonPosting):
                cursor.execute(
                    f"SELECT setval(pg_get_serial_sequence('{model._meta.db_table}', 'id'), max(id))"
                    f" FROM {model._meta.db_table}"
                )

    def _companies(self) -> None:
        now = self.now
        tenant = Tenant.objects.create(
            slug="frota", name="Frota", delivery_mode="live", sync_from=now.date() - timedelta(days=365),
            settled_from=now.date() - timedelta(days=365), nothing_is_closed=True,
        )  # fmt: skip
        connection = BlingConnection.objects.create(
            tenant=tenant, status="connected", company_id="c", registers_read_at=now, contacts_read_until=now,
            planned_at=now, swept_at=now,
        )  # fmt: skip
        token = BlingToken.objects.create(
            connection=connection, access_token="a", refresh_token="r", kind="jwt",
            expires_at=now + timedelta(hours=6), refreshed_at=now, authorized_at=now,
        )  # fmt: skip
        kamino = KaminoConnection.objects.create(
            tenant=tenant, base_url="https://frota.kamino.tech", app="a", cn="cn", id_usr="i", usr="u", hash="h",
            registers_read_at=now, reconciled_at=now, guarded_at=now, served_at=now, payable_list="first",
            receivable_list="first", allow_unconfirmed=True, lists_are_complete=True,
        )  # fmt: skip
        limit = RateLimit.objects.create(key="kamino:cn", next_at=now, day=now.date())
        # A copy has one number in all tables, and the sequences of used tables are not equally far.
        self.first = max(FIRST, *(row.pk + 1 for row in (tenant, connection, kamino)))
        self._copy(tenant, 1, {"id": "c", "slug": "'frota-' || c", "name": "'Frota ' || lpad(c::text, 4, '0')"})
        self._copy(connection, 1, {"id": "c", "tenant_id": "c", "company_id": "'c' || c"})
        self._copy(token, 1, {"connection_id": "c"})
        self._copy(kamino, 1, {"id": "c", "tenant_id": "c", "cn": "'cn' || c"})
        self._copy(limit, 1, {"key": "'kamino:cn' || c"})
        item = CatalogItem.objects.create(
            connection=connection, kind="category", bling_id=1, name="Aluguel", read_at=now
        )
        there = KaminoItem.objects.create(
            connection=kamino, kind="chart_account", kamino_id="1", name="ALUGUEL", folded_name="aluguel", read_at=now
        )
        self._copy(item, 30, {"connection_id": "c", "bling_id": "n", "name": "'Categoria ' || n"})
        self._copy(there, 40, {"connection_id": "c", "kamino_id": "n", "name": "'CONTA ' || n"})
        self._prototype = connection, kamino

    def _titles(self) -> None:
        now, titles = self.now, self.fleet.titles
        connection, kamino = self._prototype
        person = Person.objects.create(
            connection=connection, bling_id=1, name="Fornecedor", document="11222333000181", read_at=now
        )
        of_person = PersonPosting.objects.create(
            person=person, kamino_connection=kamino, state="delivered", ready_at=now, planned_at=now, kamino_id=1,
            desired={"name": "Fornecedor"}, delivered={"name": "Fornecedor"},
        )  # fmt: skip
        title = Title.objects.create(
            connection=connection, direction="payable", bling_id=1, status="settled", shown_status="settled",
            status_number=2, value=Decimal(100), balance=Decimal(0), due_date=now.date(), document_number="NF",
            person=person, contact_id=1, is_released=True, category_id=1, first_seen_at=now, read_at=now,
            changed_at=now,
        )  # fmt: skip
        read = TitleRead.objects.create(title=title, read_at=now)
        body = sent_body(title)
        posting = Posting.objects.create(
            title=title, kamino_connection=kamino, direction="payable", due_date=now.date(), ready_at=now,
            state="delivered", planned_at=now, kamino_id=1, desired=body, delivered=body, desired_fingerprint="f",
            delivered_fingerprint="f", is_review_due=False, fence=1,
        )  # fmt: skip
        persons = min(PERSONS_EACH, titles)
        self._copy(person, persons, {
            "id": _ID, "connection_id": "c", "bling_id": "n", "name": "'Fornecedor ' || c || ' ' || n",
            "document": "lpad((c * 1000 + n)::text, 14, '0')",
        })  # fmt: skip
        self._copy(of_person, persons, {"id": _ID, "person_id": _ID, "kamino_connection_id": "c", "kamino_id": "n"})
        direction = "CASE WHEN mod(n, 2) = 0 THEN 'payable' ELSE 'receivable' END"
        day = f"p.due_date - n * 700 / {titles}"
        self._copy(title, titles, {
            "id": _ID, "connection_id": "c", "direction": direction, "bling_id": "n", "due_date": day,
            "value": "mod(n, 90000) + 1", "document_number": "'NF ' || n",
            "person_id": f"c::bigint * {ROOM} + mod(n, {persons}) + 1", "contact_id": f"mod(n, {persons}) + 1",
            **{name: f"CASE WHEN mod(n, 30) = 0 THEN 'open' ELSE p.{name} END" for name in ("status", "shown_status")},
            "first_seen_at": f"p.first_seen_at - (n * 365 / {titles}) * interval '1 day'",
        })  # fmt: skip
        self._copy(read, titles, {"title_id": _ID})
        self._copy(posting, titles, {
            "id": _ID, "title_id": _ID, "kamino_connection_id": "c", "direction": direction, "due_date": day,
            "kamino_id": "n", "state": f"CASE WHEN {_IS_HELD} THEN 'held' ELSE p.state END",
            "problems": f"CASE WHEN {_IS_HELD} THEN '{json.dumps(PROBLEMS)}'::jsonb ELSE p.problems END",
        })  # fmt: skip
        attempt = Attempt.objects.create(
            kamino_connection=kamino, posting=posting, operation="create", body=body, fingerprint="f", fence=1,
            started_at=now, ended_at=now, outcome="delivered", kamino_id=1,
        )  # fmt: skip
        when = {name: f"p.{name} - (n * 365 / {titles}) * interval '1 day'" for name in ("started_at", "ended_at")}
        self._copy(attempt, titles, {"posting_id": _ID, "kamino_connection_id": "c", "kamino_id": "n", **when})
        snapshot = KaminoSnapshot.objects.create(
            kamino_connection=kamino, direction="payable", kamino_id=1, due_date=now.date(), read_at=now
        )
        self._copy(snapshot, titles // 10, {"kamino_connection_id": "c", "kamino_id": "n"})
        change = TitleChange.objects.create(title=title, at=now, values={"value": ["1", "2"]})
        self._copy(change, titles // 2, {"title_id": _ID, "at": f"p.at - (n * 700 / {titles}) * interval '1 day'"})
        told = StoredDiscrepancy.objects.create(posting=posting, kind="value", opened_at=now, seen_at=now)
        self._copy(told, titles // 50, {"posting_id": _ID, "kamino_connection_id": "c", "direction": direction})

    def _history(self) -> None:
        connection, _kamino = self._prototype
        run = SyncRun.objects.create(
            connection=connection, state="done", due_at=self.slot, started_at=self.slot, ended_at=self.now, step="done"
        )
        back = "- (n - 1) * interval '12 hours'"
        at = {name: f"p.{name} {back}" for name in ("due_at", "started_at", "ended_at")}
        self._copy(run, self.fleet.runs, {"connection_id": "c", **at})
        event = ConnectionEvent.objects.create(connection=connection, at=self.now, code="connected")
        self._copy(event, min(self.fleet.runs, 100), {"connection_id": "c", "at": f"p.at {back}"})
        alert = Alert.objects.create(tenant=connection.tenant, cause="late", opened_at=self.now, closed_at=self.now)
        self._copy(alert, 20, {"tenant_id": "c", "opened_at": f"p.opened_at {back}"})

    def _copy(self, prototype: models.Model, each: int, values: Mapping[str, Any]) -> None:
        """Insert `each` rows like `prototype` for every company but its own, with other values in some columns."""
        meta = type(prototype)._meta
        key = str(meta.pk and meta.pk.column)
        is_numbered = isinstance(meta.pk, models.BigAutoField)
        columns = [
            str(field.column) for field in meta.local_concrete_fields
            if not field.generated and (field.column != key or key in values or not is_numbered)
        ]  # fmt: skip
        shown = [values.get(column, f'p."{column}"') for column in columns]
        names = ", ".join(f'"{column}"' for column in columns)
        with database.cursor() as cursor:
            cursor.execute(
                f'INSERT INTO "{meta.db_table}" ({names}) SELECT {", ".join(shown)}'
                f' FROM "{meta.db_table}" p, generate_series(%s, %s) c, generate_series(1, %s) n WHERE p."{key}" = %s',
                [self.first, self.first + self.fleet.companies - 2, each, prototype.pk],
            )


def sent_body(title: Title) -> dict[str, Any]:
    """Return what Kamino was sent of a title that is not paid."""
    return {
        "direction": title.direction, "code": str(title.bling_id), "description": "Conta",
        "document_number": title.document_number, "due_date": str(title.due_date),
        "competence_date": str(title.due_date), "value": f"{title.value:.2f}", "chart_account": "1",
        "cost_center": None, "business_unit": None, "status": "pending", "payment": None, "note": "", "person": "1",
    }  # fmt: skip


_IS_HELD = "mod(n, 20) = 0"
_ID = f"c::bigint * {ROOM} + n"
