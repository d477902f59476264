"""Current: how Kamino shows a title right now, wherever people moved it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from django.db.models import Max, Q, QuerySet

from integrations.domain.calendar import around
from integrations.domain.desired import DesiredTitle
from integrations.domain.matching import KaminoTitle
from integrations.domain.titles import Direction
from integrations.kamino.client import KaminoClient
from integrations.kamino.errors import SERVICE
from integrations.models import Attempt, KaminoConnection, KaminoSnapshot, ListedSpan, PersonAction, Posting
from integrations.models.outbox import Priority
from integrations.pipeline.access.restores import believable_since
from integrations.pipeline.handover.kamino_absence import ALWAYS, MOVED, prove
from integrations.rest.errors import IncompleteError, SoughtError

Clock = Callable[[], datetime]
SNAPSHOT_AGE = timedelta(minutes=10)


def current_row(
    client: KaminoClient, posting: Posting, before: DesiredTitle, *, clock: Clock, until: datetime
) -> tuple[bool, KaminoTitle | None]:
    """Return whether Kamino's list can be read, and this title's row at most ten minutes old; none where Kamino does
    not have it any more, which is proved. Where Kamino has no list, the last body that we wrote stands in.

    It is sought on the day where a list showed it last, on the one that we wrote, around both, and then in the whole
    list: a reading of that is asked for, and `SoughtError` raised until it is over. One page by due date serves all
    titles of that day. What a person asked for is read after they asked: they may just have changed it over there.
    Raises as `prove` does; nothing is read after `until`.
    """
    since, rows = _oldest(posting, clock()), _rows(posting)
    last = rows.first()
    if last is not None and last.read_at >= since:
        return True, last.to_title()
    days = [day for day in (last.due_date if last else None, before.due_date) if day is not None]
    shown = partial(
        prove, client, posting.kamino_connection_id, Direction(posting.direction), since=since, clock=clock, until=until
    )
    for span in [*((day, day) for day in dict.fromkeys(days)), around(min(days), max(days), MOVED)]:
        try:
            is_listed, failure = shown(span), None
        except IncompleteError as error:  # what it shows is there all the same
            is_listed, failure = True, error
        if not is_listed:
            return False, None
        row = shown_since(posting, since)
        if row is not None:
            return True, row
        if failure is not None:
            raise failure
    _seek(posting, last.read_at if last is not None else None, clock())
    return True, None


def is_proved_gone(posting: Posting) -> bool:
    """Say whether one page that held the whole list was read since a title was last seen, written or linked: what
    several pages do not show may have moved past their reader."""
    spans = ListedSpan.objects.filter(
        kamino_connection=posting.kamino_connection_id, direction=posting.direction,
        first_day=ALWAYS[0], last_day=ALWAYS[1],
    )  # fmt: skip
    last = _rows(posting).first()
    since = _known_at(posting, last.read_at if last is not None else None)
    return since is not None and spans.filter(read_at__gt=since).exists()


def shown_since(posting: Posting, since: datetime) -> KaminoTitle | None:
    """Return a title's row where a list showed it since a moment."""
    row = _rows(posting).filter(read_at__gte=since).first()
    return row.to_title() if row is not None else None


def _rows(posting: Posting) -> QuerySet[KaminoSnapshot]:
    return KaminoSnapshot.objects.filter(
        kamino_connection=posting.kamino_connection_id, direction=posting.direction, kamino_id=posting.kamino_id or 0
    )


def _oldest(posting: Posting, now: datetime) -> datetime:
    """Return since when what was read is believed: not from before the title was last written."""
    oldest = believable_since(now - SNAPSHOT_AGE)
    if posting.priority == Priority.PERSON:
        oldest = max(oldest, posting.planned_at)
    return max(oldest, _written_at(posting) or oldest)


def _written_at(posting: Posting) -> datetime | None:
    written = posting.attempts.exclude(outcome__in=Attempt.NOT_WRITTEN).aggregate(at=Max("ended_at"))
    at: datetime | None = written["at"]
    return at


def _known_at(posting: Posting, seen_at: datetime | None) -> datetime | None:
    linked = posting.person_actions.filter(kind=PersonAction.Kind.LINK).aggregate(at=Max("at"))["at"]
    return max((at for at in (seen_at, linked, _written_at(posting)) if at is not None), default=None)


def _seek(posting: Posting, seen_at: datetime | None, now: datetime) -> None:
    """Have the whole list read for a title that is nowhere near its due date. Raises `SoughtError` until that was done
    since the title was last seen, written or linked: had the list shown it, it were found by now."""
    since = _known_at(posting, seen_at) or now
    kaminos = KaminoConnection.objects.filter(pk=posting.kamino_connection_id)
    if kaminos.filter(reconciled_at__gt=since).exists():
        return
    kaminos.filter(Q(reconcile_asked_at=None) | Q(reconcile_asked_at__lt=since)).update(reconcile_asked_at=now)
    raise SoughtError("the title is not where the list showed it before", service=SERVICE, code="sought")
