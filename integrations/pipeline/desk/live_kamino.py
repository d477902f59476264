"""Live Kamino: read its list now, because a person waits, and act on what it shows."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from integrations.domain.desired import KaminoStatus
from integrations.domain.titles import Direction
from integrations.kamino.client import KaminoClient
from integrations.models import ForcedSettlement, KaminoConnection, Posting
from integrations.pipeline.access.clients import PATIENCE, open_kamino
from integrations.pipeline.access.error_texts import live_error_text
from integrations.pipeline.access.leases import free_kamino, is_free, lease_first
from integrations.pipeline.desk.commands import plan_now, undo_forced_settlement
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.handover.beliefs import believe
from integrations.pipeline.handover.kamino_rows import seen_in_kamino, store_rows
from integrations.pipeline.handover.title_lists import rows_due
from integrations.rest.errors import ApiError
from integrations.rest.session import Patience

LONGEST_SPAN = timedelta(days=31)
"""Due dates of one live read: a page or two of Kamino's list."""


def read_due(posting: Posting, *, start: date, end: date, clock: Callable[[], datetime]) -> int:
    """Read the Kamino titles due in a span now, and keep them; returns how many. Raises `Refused` where Kamino has no
    such list, is busy or does not answer."""
    if not timedelta(0) <= end - start <= LONGEST_SPAN:
        raise Refused("span", _("Give a span of at most 31 days."))
    direction, kamino_id = Direction(posting.direction), posting.kamino_connection_id
    with reading(kamino_id, clock) as client:
        read_at = clock()
        listing = rows_due(client, kamino_id, direction, start, end, clock=clock)
    if listing is None:
        raise Refused("no_list", _("Kamino shows no list of these titles. Only those seen before can be found."))
    store_rows(kamino_id, direction, listing.rows, read_at=read_at)
    return len(listing.rows)


@contextmanager
def reading(kamino_connection_id: int, clock: Callable[[], datetime]) -> Iterator[KaminoClient]:
    """Lend a client for a person who waits, within Kamino's limit. Raises `Refused` where Kamino is busy, switched off,
    or does not answer."""
    kamino = _lease(kamino_connection_id, clock())
    try:
        yield open_kamino(kamino, clock=clock, patience=Patience(PATIENCE))
    except ApiError as error:
        raise Refused("api", live_error_text(error)) from error
    finally:
        free_kamino(kamino)


def _lease(kamino_connection_id: int, now: datetime) -> KaminoConnection:
    kaminos = KaminoConnection.objects.filter(pk=kamino_connection_id)
    kamino = lease_first(kaminos.filter(is_free(now), is_paused=False), now)
    if kamino is not None:
        return kamino
    if kaminos.filter(Q(is_paused=True) | ~Q(failure={})).exists():
        raise Refused("paused", _("Sending is stopped for this company: see its Kamino connection."))
    raise Refused("busy", _("Kamino is busy with another call of this company. Try again in a few seconds."))


def undo_settlement(*, forced: ForcedSettlement, user: User, now: datetime, clock: Callable[[], datetime]) -> None:
    """Take a forced settlement back. One that Kamino already shows has to be reopened there by hand first: its list is
    read now, and only what it shows as open counts. Raises `Refused`."""
    posting = Posting.objects.get(pk=forced.posting_id)
    delivered = posting.get_delivered()
    if delivered is None or delivered.status is not KaminoStatus.SETTLED:
        undo_forced_settlement(forced=forced, user=user, now=now)
        return
    last = seen_in_kamino(posting)
    for day in dict.fromkeys(day for day in (last[0].due_date if last else None, delivered.due_date) if day):
        read_due(posting, start=day, end=day, clock=clock)
    seen = seen_in_kamino(posting)
    if seen is None or seen[1] < now or seen[0].status is not KaminoStatus.PENDING:
        raise Refused("sent", _("Kamino already shows the settlement. Reopen it there by hand, then undo it here."))
    reopened = replace(delivered, status=KaminoStatus.PENDING, payment=None)
    with transaction.atomic():
        plan_now(posting, now)  # first: planning locks in the same order
        believe(posting, reopened)
        undo_forced_settlement(forced=forced, user=user, now=now)
