"""Locks: periods that Kamino's people closed on a bank account. Nothing is booked into one, whether Kamino would refuse
it or not. Read once a day and account, when a settlement is about to be sent; again for what a person asked for."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import structlog

from integrations.domain.calendar import around
from integrations.domain.desired import DesiredTitle
from integrations.domain.reasons import Reason
from integrations.kamino.client import KaminoClient
from integrations.models import KaminoItem, PartPosting, Posting
from integrations.models.outbox import Priority
from integrations.models.registers import KaminoKind
from integrations.rest.errors import ApiError, ConflictError, RateLimitedError

log = structlog.get_logger(__name__)

KNOWN_FOR = timedelta(hours=24)
ASK_AGAIN = timedelta(hours=1)
BACK, AHEAD = timedelta(days=3650), timedelta(days=365)


def refuse_locked(
    client: KaminoClient,
    posting: Posting | PartPosting,
    desired: DesiredTitle,
    clock: Callable[[], datetime],
    *,
    since: datetime | None = None,
) -> None:
    """Raise `ConflictError` when the settlement would fall into a locked period of its bank account, as read `since` a
    moment."""
    paid = desired.payment
    if paid is None:
        return
    account = KaminoItem.objects.filter(
        connection=posting.kamino_connection_id, kind=KaminoKind.BANK_ACCOUNT, kamino_id=paid.account
    ).first()
    if account is None:
        return
    oldest = since or clock() - KNOWN_FOR
    if posting.priority == Priority.PERSON:
        oldest = max(oldest, posting.planned_at)  # they may just have opened the period again
    if account.locks_read_at is None or account.locks_read_at < oldest:
        _read(client, account, paid.date, clock)
    if any(first <= paid.date.isoformat() <= last for first, last in account.locks):
        raise ConflictError("locked", service="Kamino", code=Reason.LOCKED_PERIOD)


def _read(client: KaminoClient, account: KaminoItem, day: date, clock: Callable[[], datetime]) -> None:
    """Read an account's locks and keep them. The list is not confirmed: one that is missing, refused or broken must
    not stop a company's settlements, and is asked for again an hour later. Kamino may still refuse the write."""
    read_at = clock()
    try:
        found = client.locks(account.kamino_id, around(day, day, BACK)[0], around(day, day, AHEAD)[1])
    except RateLimitedError:
        raise
    except ApiError as error:
        log.warning("locks not read", account=account.pk, kind=error.kind, error=str(error))
        found, read_at = [], read_at - KNOWN_FOR + ASK_AGAIN
    account.locks = [[first.isoformat(), last.isoformat()] for first, last in found]
    KaminoItem.objects.filter(pk=account.pk).update(locks=account.locks, locks_read_at=read_at)
