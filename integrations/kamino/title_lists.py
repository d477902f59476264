"""Title lists: where Kamino lists the titles of a direction, and whether what it answers there is such a list.

Kamino's reference is not public, and accounts differ. So an address counts only where it was proved on this account:
it answers with rows that say what we have to know of a title, and it understands the question for one due date.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from integrations.domain.matching import KaminoTitle
from integrations.domain.title_lists import PROVED, TitleList
from integrations.domain.titles import Direction
from integrations.kamino.endpoints import TITLE_LISTS, Op
from integrations.kamino.errors import SERVICE
from integrations.kamino.listing import Page
from integrations.kamino.translate import NAMES
from integrations.rest.errors import (
    NO_TIME_LEFT,
    ApiError,
    ConfigError,
    FilterIgnoredError,
    IncompleteError,
    InternalError,
    NotFoundError,
    RateLimitedError,
    TransientError,
    UnauthorizedError,
    UnusableListError,
)

NOT_THERE = "404"
"""What is kept of an address that answered that it does not exist."""
WORKS = "ok"
NOT_ALONE = "not_alone"
"""What is kept of an address that works, while another one may be the list."""
_PERSON = {"IDPessoa", "Pessoa"}
"""Where a row says whose title it is."""


@dataclass(frozen=True)
class FoundList:
    """What a search for a list found, and its first page. `answers` says of each address that was tried what it
    answered: `WORKS`, the status of its refusal, or the code of our own error."""

    title_list: TitleList
    answers: dict[str, str]
    page: Page[KaminoTitle] | None = None


def is_nowhere(answers: Mapping[str, str]) -> bool:
    """Say whether each address answered that it does not exist."""
    return bool(answers) and set(answers.values()) == {NOT_THERE}


def operation(direction: Direction, title_list: TitleList) -> Op | None:
    """Return the operation that lists a direction's titles, `None` where there is none. Raises `UnusableListError`
    where it is not known."""
    if title_list is TitleList.ABSENT:
        return None
    if title_list is TitleList.UNKNOWN:
        raise UnusableListError(
            ConfigError("not known where titles are listed", service=SERVICE, operation=direction, code="list_unknown")
        )
    return TITLE_LISTS[direction][title_list]


@contextmanager
def usable() -> Iterator[None]:
    """Turn every refusal to list titles into `UnusableListError`: one that was proved is never "not there".

    Wrong keys, a limit and the end of our own time say nothing of the list; an answer that proves nothing
    (`IncompleteError`) is one.
    """
    try:
        yield
    except (UnauthorizedError, RateLimitedError, UnusableListError):
        raise
    except FilterIgnoredError as error:
        raise UnusableListError(error) from error
    except IncompleteError:
        raise
    except TransientError as error:
        if error.code == NO_TIME_LEFT:
            raise
        raise UnusableListError(error) from error
    except ApiError as error:
        raise UnusableListError(error) from error


def of_span(page: Page[KaminoTitle], op: Op, direction: Direction, start: date, end: date) -> Page[KaminoTitle]:
    """Return a page without the rows that are due outside of a span. Raises `FilterIgnoredError` where most are, and
    `InternalError` where most rows do not say what we have to know of a title: what it is, whose, of how much and when.

    One whose due date cannot be read is there all the same.
    """
    names = NAMES[direction]
    needed = {names.description, names.status, names.due_date, names.value}

    def says_enough(row: KaminoTitle) -> bool:
        shown = (row.raw or {}).keys()
        return needed <= shown and not _PERSON.isdisjoint(shown)

    bare = [row for row in page.rows if not says_enough(row)]
    if len(bare) * 2 > len(page.rows):
        raise InternalError(
            f"rows without {', '.join(sorted(needed))}", service=SERVICE, operation=str(op), code="no_list"
        )

    def is_within(row: KaminoTitle) -> bool:
        return row.due_date is None or start <= row.due_date <= end

    return page.only(is_within, str(op))


def find(
    direction: Direction,
    known: TitleList,
    first_page: Callable[[Op], Page[KaminoTitle]],
    day_page: Callable[[Op, date], Page[KaminoTitle]],
) -> FoundList:
    """Try each address of a direction's list, the one that is `known` first, until one is proved. `first_page` asks for
    all titles, `day_page` for those due on a day. Raises what says nothing of a list: wrong keys, a limit.

    While an address tried before may be a list (it fails, it refuses), the next one counts only by the rows that it
    shows, and not at all in place of a list that was proved.
    """
    answers: dict[str, str] = {}
    for title_list, op in sorted(TITLE_LISTS[direction].items(), key=lambda item: item[0] is not known):
        is_alone = not answers or is_nowhere(answers)
        answers[op], page = _try(op, first_page, day_page)
        if answers[op] == WORKS and page is not None:
            if is_alone or (page.rows and known not in PROVED):
                return FoundList(title_list, answers, page)
            answers[op] = NOT_ALONE
    return FoundList(TitleList.UNKNOWN, answers)


def _try(
    op: Op, first_page: Callable[[Op], Page[KaminoTitle]], day_page: Callable[[Op, date], Page[KaminoTitle]]
) -> tuple[str, Page[KaminoTitle] | None]:
    try:
        page = first_page(op)
        row = next((row for row in page.rows if row.due_date is not None), None)
        if row is not None and row.due_date is not None:
            found = day_page(op, row.due_date)
            if row.kamino_id not in [other.kamino_id for other in found.rows] and found.is_last:
                return "not_shown", None
        elif page.rows or page.unread:
            return "no_due_date", None
    except NotFoundError:
        return NOT_THERE, None
    except (UnauthorizedError, RateLimitedError):
        raise
    except ApiError as error:
        return error.code or str(error.status or error.kind), None
    return WORKS, page
