"""One slice of a sync run: the steps of a pass over one Bling connection, each resumable from the run's cursor."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import DataError, transaction
from django.db.models import F

from integrations.bling.client import BlingClient, Listing
from integrations.bling.errors import MissingScopeError
from integrations.bling.records import Empresa
from integrations.domain.calendar import day_of
from integrations.domain.documents import compact
from integrations.domain.titles import Direction
from integrations.models import BlingConnection, ConnectionEvent, SyncRun
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.access import failpoints
from integrations.pipeline.access.rate_limits import begin_account
from integrations.pipeline.access.tokens import other_owner
from integrations.pipeline.handover import sales_orders
from integrations.pipeline.handover.pending_mappings import resolve_pending
from integrations.pipeline.read import fetch, mirror, selection
from integrations.pipeline.read.batch import Chunk, FailedTitle
from integrations.pipeline.read.replacements import has_lost_many, take_over
from integrations.rest.errors import ConfigError, ConflictError, InternalError

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
LEASE = timedelta(seconds=240)
GONE_BATCH = 50
DETAILS_BATCH = 500
HOLD_EVERY = timedelta(seconds=5)
"""So long a run goes on without a write of its own, as long as nothing was found that has to be kept."""
AHEAD = 6
"""Listings that are asked for together, while each has one page only."""


class Slice:
    """Works on one leased run until its steps are done or the deadline has come."""

    def __init__(self, run: SyncRun, client: BlingClient, *, clock: Clock, deadline: datetime) -> None:
        self.run = run
        self.client = client
        self.clock = clock
        self.deadline = deadline
        self._counted = client.requests
        self._held_at = clock()
        self._ahead = AHEAD
        self._reads_orders = sales_orders.are_needed(run.connection)

    def work(self) -> bool:
        """Run steps; true when the run is complete. Raises `ApiError` kinds and `LostLeaseError`."""
        steps: dict[str, Callable[[], str]] = {
            "registers": self._registers,
            "contacts": self._contacts,
            "listings": self._listings,
            "details": self._details,
            "gone": self._gone,
            "new": self._new,
            "orders": self._orders,
            "reread": self._reread,
            "paid": self._paid,
            "roll": self._roll,
        }
        while self.run.step in steps:
            if self.clock() >= self.deadline:
                self._hold_alone()
                return False
            self.run.step = steps[self.run.step]()
            if self._is_to_be_held():
                self._hold_alone()
            failpoints.passed("pull.step")
        mirror.finish_run(self.run, now=self.clock(), requests=self._new_requests())
        failpoints.passed("pull.finished")
        return True

    def _registers(self) -> str:
        self._identify()
        self._read_registers()
        return "contacts"

    def _identify(self) -> None:
        """Store whose account this is; another company than before is never mirrored."""
        connection = self.run.connection
        if connection.company_id:
            return
        company = self.client.company()
        expected = compact(connection.tenant.cnpj)
        if expected and compact(company.cnpj) and compact(company.cnpj) != expected:
            self._hold_back(company, "other_cnpj", "the account has another CNPJ")
        if other_owner(connection, company.id) is not None:
            self._hold_back(company, "other_company", "the company is mirrored by another connection")
        connection.company_id = company.id
        connection.company_name, connection.company_cnpj = company.nome, company.cnpj
        if settings.LIMITS.bling_interval_ms:
            begin_account(connection)
        BlingConnection.objects.filter(pk=connection.pk).update(
            company_id=company.id, company_name=company.nome, company_cnpj=company.cnpj
        )

    def _hold_back(self, company: Empresa, cause: str, message: str) -> None:
        """Hold the connection until support decides, with a row on its timeline, and end the run."""
        connection = self.run.connection
        with transaction.atomic():
            BlingConnection.objects.filter(pk=connection.pk).update(
                status=ConnectionStatus.HELD, status_cause=cause, company_name=company.nome, company_cnpj=company.cnpj
            )
            ConnectionEvent.objects.create(
                connection=connection, at=self.clock(), code=cause, detail=f"{company.nome} {company.cnpj}".strip()
            )
        raise ConfigError(f"{message}: {company.nome} {company.cnpj}".strip(), service="Bling", code="held")

    def _read_registers(self) -> None:
        connection = self.run.connection
        now = self.clock()
        if selection.registers_are_stale(connection, now):
            mirror.save_registers(connection, selection.read_registers(self.client), now=now)
            connection.registers_read_at = now
            resolve_pending(connection.tenant, now=now)

    def _contacts(self) -> str:
        started_at = self.run.started_at or self.clock()
        changed = selection.changed_mirrored_contacts(self.client, self.run.connection, until=started_at)
        chunk = Chunk()
        persons = list(fetch.read_persons(self.client, changed, clock=self.clock, failures=chunk.failures))
        if changed:
            with transaction.atomic():
                mirror.save_persons(self.run.connection, persons, now=self.clock())
                self._hold(**mirror.note_failures(self.run, chunk))
        return "listings"

    def _listings(self) -> str:
        """Read one page, or the first pages of a few listings that are likely to have no other one; the cursor names
        the listings once, so that every slice goes through the same ones."""
        cursor = self.run.cursor
        today = day_of(self.run.started_at or self.clock())
        if "listings" not in cursor:
            listings = selection.plan_listings(self.run, sync_from=self.run.connection.tenant.sync_from, today=today)
            cursor.update(listings=[_to_json(listing) for listing in listings], index=0, page=1)
            cursor["has_older"] = selection.has_older_readings(self.run)
        if cursor["index"] >= len(cursor["listings"]):
            return "details"
        coming = [_from_json(listing) for listing in cursor["listings"][cursor["index"] :][: self._ahead]]
        coming = [listing for listing in coming if listing.by == coming[0].by] if cursor["page"] == 1 else coming[:1]
        if len(coming) > 1:
            self.client.announce_listings(coming)
        pages, following = [], dict(cursor)
        for listing in coming:
            rows, has_more = selection.read_listing_page(self.client, listing, following["page"])
            shown = [row.bling_id for row in rows]
            if has_more and following["page"] > 1 and shown == following.get("previous"):
                # Bling ignores parameters that it does not understand, without an error.
                message = f"page {following['page']} repeats the one before"
                raise InternalError(message, service="Bling", operation="listing")
            failpoints.passed("pull.page_read")
            pages.append((rows, selection.rows_to_read(self.run.connection, rows, listing, today=today)))
            if has_more:
                following |= {"page": following["page"] + 1, "previous": shown}
                break
            following |= {"index": following["index"] + 1, "page": 1}
        self._ahead = AHEAD if following["page"] == 1 else 1
        seen = sum(len(rows) for rows, _wanted in pages)
        if seen:
            with transaction.atomic():
                mirror.mark_seen(self.run, pages)
                self._hold(cursor=following, rows_seen=F("rows_seen") + seen)
        self.run.cursor = following  # not before: a failure must not store a page that was not kept
        failpoints.passed("pull.page_saved")
        return "listings"

    def _details(self) -> str:
        """Read what the listings showed to be new or different, most urgent first."""
        wanted = selection.wanted_titles(self.run, DETAILS_BATCH)
        is_read = self._read(wanted) if wanted else True
        return "gone" if is_read and len(wanted) < DETAILS_BATCH else "details"

    def _gone(self) -> str:
        """Read titles that no listing showed, each once: one that cannot be read does not come back in this run."""
        cursor = self.run.cursor
        if not cursor.get("has_older", True):
            return "new"
        gone = selection.gone_titles(self.run, after=cursor.get("gone", 0), limit=GONE_BATCH)
        if not gone:
            lost = has_lost_many(self.run)  # only now: a person confirms a number, so it must be all of them
            if lost > self.run.connection.deletions_confirmed:
                raise ConflictError(str(lost), service="Bling", operation="gone", code="many_missing")
            return "new"
        if self._read((direction, bling_id, "") for _pk, direction, bling_id in gone):
            cursor["gone"] = gone[-1][0]
            self._hold_alone(cursor=cursor, titles_gone=F("titles_gone") + len(gone))
        return "gone"

    def _new(self) -> str:
        """Release the titles that are new, once those that they replace are known, and what classifies them is read."""
        self._read_registers()
        if mirror.has_new_titles(self.run):
            self._hold_alone()  # a run that somebody took over must release nothing
            take_over(self.run, now=self.clock())
            mirror.release_new_titles(self.run, now=self.clock())
        return "orders"

    def _orders(self) -> str:
        """Read the sales orders of titles that were mirrored before a mapping asked for them; one that cannot be read
        does not come back in this run."""
        cursor = self.run.cursor
        left = selection.ORDERS_LIMIT - cursor.get("orders_read", 0)
        limit = min(GONE_BATCH, left) if self._reads_orders else 0
        batch = selection.orders_to_read(self.run, before=cursor.get("orders"), limit=limit) if limit > 0 else []
        if not batch:
            return "reread" if cursor.get("has_older", True) else "done"
        chunk, following = Chunk(), "orders"
        wanted = list(dict.fromkeys(order for _pk, order in batch))
        try:
            chunk.orders.extend(fetch.read_orders(self.client, wanted, clock=self.clock, failures=chunk.failures))
        except MissingScopeError as error:
            chunk.failures.append(fetch.failed_order(wanted[0], error))
            following = "reread"
        cursor.update(orders=batch[-1][0], orders_read=cursor.get("orders_read", 0) + len(batch))
        with transaction.atomic():
            mirror.save_orders(self.run.connection, chunk.orders, now=self.clock())
            self._hold(cursor=cursor, **mirror.note_failures(self.run, chunk))
        failpoints.passed("pull.orders_saved")
        return following

    def _reread(self) -> str:
        done = self.run.cursor.get("reread", 0)
        limit = min(GONE_BATCH, selection.REREAD_LIMIT - done)
        batch = selection.titles_to_reread(self.run, limit) if limit > 0 else []
        if not batch:
            return "paid"
        self.run.cursor["reread"] = done + len(batch)
        self._read((direction, bling_id, "") for direction, bling_id in batch)
        return "reread"

    def _paid(self) -> str:
        """Read what was paid lately again, weekly; one that cannot be read does not come back in this run."""
        cursor = self.run.cursor
        batch = selection.paid_titles_to_reread(self.run, after=cursor.get("paid", 0), limit=GONE_BATCH)
        if not batch:
            return "roll"
        if self._read((direction, bling_id, "") for _pk, direction, bling_id in batch):
            cursor["paid"] = batch[-1][0]
            self._hold_alone(cursor=cursor)
        return "paid"

    def _roll(self) -> str:
        cursor = self.run.cursor
        if "roll" not in cursor:
            cursor["roll"] = selection.rolling_share(self.run)
        left = cursor["roll"]
        batch = selection.titles_to_roll(self.run, min(GONE_BATCH, left)) if left > 0 else []
        if batch:
            cursor["roll"] = left - len(batch)
            self._read((direction, bling_id, "") for direction, bling_id in batch)
            return "roll"
        return "done"

    def _read(self, wanted: Iterable[tuple[Direction, int, str]]) -> bool:
        """Read titles and mirror them chunk by chunk; false when the deadline came before the end."""
        for chunk in fetch.read_titles(
            self.client, self.run.connection, wanted, clock=self.clock, deadline=self.deadline,
            reads_orders=self._reads_orders,
        ):  # fmt: skip
            failpoints.passed("pull.chunk_read")
            try:
                self._save_chunk(chunk)
            except (DataError, ValueError):
                self._save_one_by_one(chunk)
            failpoints.passed("pull.chunk_saved")
            if self.clock() >= self.deadline:
                return False
        return True

    def _save_chunk(self, chunk: Chunk) -> None:
        with transaction.atomic():
            changed = mirror.save_chunk(self.run.connection, chunk, now=self.clock(), run=self.run)
            mirror.take_off(self.run, chunk.asked)
            self._hold(
                titles_read=F("titles_read") + len(chunk.titles),
                titles_changed=F("titles_changed") + changed,
                **mirror.note_failures(self.run, chunk),
            )

    def _save_one_by_one(self, chunk: Chunk) -> None:
        """Find the title that the database refuses, note it, and keep the others of its chunk."""
        for title in chunk.titles:
            single = Chunk(titles=[title], borderos=chunk.borderos, persons=chunk.persons, orders=chunk.orders)
            try:
                self._save_chunk(single)
            except (DataError, ValueError) as error:
                chunk.failures.append(FailedTitle(title.direction, title.bling_id, "internal", type(error).__name__))
        with transaction.atomic():
            mirror.take_off(self.run, chunk.asked)
            self._hold(**mirror.note_failures(self.run, chunk))

    def _hold_alone(self, **changes: Any) -> None:
        with transaction.atomic():
            self._hold(**changes)

    def _hold(self, **changes: Any) -> None:
        """Prolong the lease inside the current transaction, count requests, store progress."""
        now = self.clock()
        kept = {"step": self.run.step, "cursor": self.run.cursor} | changes
        requests = F("bling_requests") + self._new_requests()
        mirror.hold_lease(self.run, lease_until=now + LEASE, bling_requests=requests, **kept)
        self._held_at = now

    def _is_to_be_held(self) -> bool:
        return self.clock() - self._held_at >= HOLD_EVERY

    def _new_requests(self) -> int:
        """Return how many requests were made since this was last asked."""
        requests, self._counted = self.client.requests - self._counted, self.client.requests
        return requests


def _to_json(listing: Listing) -> dict[str, object]:
    return {
        "direction": listing.direction.value,
        "by": listing.by,
        "start": listing.start.isoformat() if listing.start else None,
        "end": listing.end.isoformat() if listing.end else None,
        "statuses": list(listing.statuses),
    }


def _from_json(data: dict[str, Any]) -> Listing:
    return Listing(
        direction=Direction(data["direction"]),
        by=data["by"],
        start=date.fromisoformat(data["start"]) if data["start"] else None,
        end=date.fromisoformat(data["end"]) if data["end"] else None,
        statuses=tuple(data["statuses"]),
    )
