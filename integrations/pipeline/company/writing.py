"""Writing into Bling: off by default, first in simulation, live by a person's word once everything is ready."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from integrations.models import BlingConnection, BlingWriting, SyncRun, WriteMode
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.company.bling_access import missing_access, switches_of, tell_switches
from integrations.pipeline.customers.orders import changes_are_let
from integrations.pipeline.desk.refusal import Refused, need_reason

REGISTERS_AGE = timedelta(days=1)


def missing_for_live(writing: BlingWriting, now: datetime) -> list[str]:
    """Return what has to be done before an account may be written to, as sentences; none where it is ready."""
    connection, found = writing.connection, []
    if connection.status != ConnectionStatus.CONNECTED:
        found.append(_("Connect the Bling account: it is not connected now."))
    if not connection.company_id:
        found.append(_("Sync once: which company this Bling account is was not read yet."))
    if connection.registers_read_at is None or connection.registers_read_at < now - REGISTERS_AGE:
        found.append(_("Sync once: categories and accounts of Bling are older than a day."))
    if not SyncRun.objects.filter(connection=connection, state=SyncRun.State.DONE).exists():
        found.append(_("Let a first sync come to its end: possible duplicates are found in what it read."))
    found += missing_access(connection)
    if not writing.only_writer:
        found.append(_("Make sure that no other system enters the same payables, and say so."))
    return found


def switch(
    *,
    connection: BlingConnection,
    mode: str,
    limit: Decimal | None,
    only_writer: bool,
    settles: bool,
    changes_contacts: bool,
    writes_orders: bool,
    reason: str,
    user: User,
    now: datetime,
) -> BlingWriting:
    """Set whether and how an account is written to, whether programs may settle in it, whether contacts that it has may
    be changed, and whether bills become orders. Raises `Refused` without a reason, or, for live delivery, naming what
    is not ready."""
    need_reason(reason)
    with transaction.atomic():
        writing, _is_new = BlingWriting.objects.select_for_update().get_or_create(connection=connection)
        before = switches_of(writing)
        writing.mode, writing.limit, writing.only_writer = WriteMode(mode), limit, only_writer
        writing.settles, writing.changes_contacts = settles, changes_contacts
        writing.writes_orders = writes_orders
        missing = missing_for_live(writing, now) if mode == WriteMode.LIVE and before["mode"] != mode else []
        if missing:
            raise Refused("not_ready", " ".join([_("Not everything is ready."), *missing]))
        if mode == WriteMode.LIVE and before["mode"] != mode:
            writing.live_since = now
        if settles and not before["settles"]:
            writing.settles_since = now
        writing._change_reason = reason.strip()[:100]  # type: ignore[attr-defined] # simple-history's
        writing._history_user = user  # type: ignore[attr-defined]
        writing.save(
            update_fields=[
                "mode", "limit", "only_writer", "settles", "changes_contacts", "writes_orders", "live_since",
                "settles_since",
            ]
        )  # fmt: skip
        tell_switches(writing, before, reason=reason, user=user, now=now)
    if changes_contacts:  # after that: whoever sends customers locks them before this account
        changes_are_let(connection, now)
    return writing
