"""Title lists as each stage reads them: a failure of a proved one is kept, and holds back what needs that list; the
other direction goes on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

from integrations.domain.delivery import DeliveryState
from integrations.domain.matching import KaminoTitle
from integrations.domain.reasons import Problem, Reason
from integrations.domain.title_lists import PROVED, TitleList
from integrations.domain.titles import Direction
from integrations.kamino.client import KaminoClient
from integrations.kamino.listing import Listing, Page
from integrations.kamino.title_lists import is_nowhere
from integrations.models import KaminoConnection
from integrations.models.kamino_units import TitleUnit
from integrations.models.outbox import NO_REASON
from integrations.models.title_lists import failure_field, list_field, waits_field
from integrations.pipeline.access.error_texts import failure_of
from integrations.pipeline.access.leases import CONFIG_PAUSE
from integrations.rest.errors import TransientError, UnusableListError

Clock = Callable[[], datetime]
SHORT_PAUSE = timedelta(minutes=2)
"""How long a list is left alone that gave no answer once; one that refuses, or goes on like that, `CONFIG_PAUSE`."""


def rows_due(
    client: KaminoClient,
    kamino_connection_id: int,
    direction: Direction,
    start: date,
    end: date,
    *,
    clock: Clock,
    most_pages: int | None = None,
    before_page: Callable[[], None] = lambda: None,
) -> Listing[KaminoTitle] | None:
    """Return what Kamino shows of the titles due in a span (as `KaminoClient.titles_due` does)."""
    with _noted(client, kamino_connection_id, direction, clock):
        return client.titles_due(direction, start, end, most_pages=most_pages, before_page=before_page)


def title_page(
    client: KaminoClient, kamino_connection_id: int, direction: Direction, number: int, *, clock: Clock
) -> Page[KaminoTitle] | None:
    """Return one page of all titles of a direction (as `KaminoClient.title_page` does), for the comparison."""
    with _noted(client, kamino_connection_id, direction, clock, compares=True):
        return client.title_page(direction, number)


def find_list(
    client: KaminoClient, kamino: KaminoConnection, direction: Direction, *, clock: Clock
) -> tuple[dict[str, Any], Page[KaminoTitle] | None]:
    """Look for the list of a direction; return the columns of the connection that say what was found, which the caller
    saves, and the list's first page, if there is one. What a person said stands until a list is found. Raises as
    `KaminoClient.find_title_list` does."""
    found = client.find_title_list(direction)
    was_sought = direction.value in kamino.list_answers
    may_wait = direction in kamino.failing_lists or (was_sought and kamino.title_lists[direction] not in PROVED)
    kamino.list_answers = {**kamino.list_answers, direction.value: found.answers}
    changes: dict[str, Any] = {"list_answers": kamino.list_answers}
    if found.title_list in PROVED:
        changes |= {list_field(direction): found.title_list.value, **as_before_a_failure(direction)}
        if may_wait:
            go_on(kamino.pk, direction, clock())
    elif not kamino.has_list(direction):  # what reads a list that is known notices by itself that it fails
        changes[waits_field(direction)] = None if is_nowhere(found.answers) else clock() + CONFIG_PAUSE
    for name, value in changes.items():
        setattr(kamino, name, value)
    return changes, found.page


def forget_lists(kamino: KaminoConnection, *, now: datetime) -> list[str]:
    """Let nothing be known of a company that is somewhere else now, until its registers and its titles were read again
    there; return the columns that changed, for the caller to save. Nothing is sent before that."""
    changes: dict[str, Any] = {"list_answers": {}, "reconcile_asked_at": now, "reconcile_cursor": {}}
    changes |= {"reconciled_at": None, "registers_read_at": None}
    for direction in Direction:
        changes |= {list_field(direction): TitleList.UNKNOWN, **as_before_a_failure(direction)}
    for name, value in changes.items():
        setattr(kamino, name, value)
    return list(changes)


def as_before_a_failure(direction: Direction) -> dict[str, Any]:
    """Return the columns of a list that nothing was wrong with."""
    return {failure_field(direction): {}, waits_field(direction): None}


def go_on(kamino_connection_id: int, direction: Direction, now: datetime) -> None:
    """Let what waits for a direction's list be sent now: it can be read."""
    for model in TitleUnit.__subclasses__():
        waits = model.objects.filter(
            kamino_connection=kamino_connection_id, direction=direction, state=DeliveryState.READY,
            reason__in=(Reason.LIST_FAILED, Reason.LIST_UNKNOWN),
        )  # fmt: skip
        waits.update(ready_at=now, **NO_REASON)


def list_problem(kamino: KaminoConnection, direction: str) -> Problem | None:
    """Return why nothing of a direction is sent, if its list is not known or cannot be read."""
    of = Direction(direction)
    if kamino.title_lists[of] is TitleList.UNKNOWN:
        return Problem(Reason.LIST_UNKNOWN)
    return Problem(Reason.LIST_FAILED) if of in kamino.failing_lists else None


@contextmanager
def _noted(
    client: KaminoClient, kamino_connection_id: int, direction: Direction, clock: Clock, *, compares: bool = False
) -> Iterator[None]:
    rows = KaminoConnection.objects.filter(pk=kamino_connection_id)
    try:
        yield
    except UnusableListError as error:
        if client.title_lists[direction] in PROVED:
            is_blip = isinstance(error.because, TransientError) and direction not in client.failing
            client.failing.add(direction)
            until = clock() + (SHORT_PAUSE if is_blip else CONFIG_PAUSE)
            failed = {failure_field(direction): failure_of(error.because), waits_field(direction): until}
            rows.update(**failed)
        raise
    if direction in client.failing:
        client.failing.discard(direction)
        # What was not read while it failed is compared now.
        asked = {} if compares else {"reconcile_asked_at": clock()}
        rows.update(**as_before_a_failure(direction), **asked)
        go_on(kamino_connection_id, direction, clock())
