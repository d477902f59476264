"""Absence: why a title that is in Bling is not in the mirror, and when what Bling no longer has is asked for again."""

from datetime import date, datetime, timedelta
from enum import StrEnum

from integrations.domain.titles import TitleFacts, TitleStatus

FIRST_PAUSE = timedelta(days=1)
SOON = timedelta(hours=1)
"""A payment that Bling lists and does not show yet must not be unknown for a day: it may be paid in Kamino again."""


def ask_again_at(since: datetime, asked_at: datetime) -> datetime:
    """Return when to ask again for what a title of Bling names and Bling does not have `since` a moment, and was asked
    for last at `asked_at`: after an hour, and then after as long as it is gone: one hour more, two, four."""
    return asked_at + max(SOON, asked_at - since)


class Absence(StrEnum):
    """What explains that a title is missing here."""

    PAID_BEFORE = "paid_before"
    """It was paid before the day from which the company wants payments."""
    OVER = "over"
    """It was cancelled or returned before anybody read it: there is nothing to mirror."""
    NOT_READ = "not_read"
    """Nothing speaks against it: the next sync brings it, or a person asks for it now."""


def explain(title: TitleFacts, *, paid_on: date | None, paid_since: date) -> Absence:
    """Return why a title is not here. `paid_on` is the day of its last payment, `None` for none that is known;
    `paid_since` the day from which its company wants payments."""
    if title.status in (TitleStatus.CANCELLED, TitleStatus.RETURNED):
        return Absence.OVER
    if title.status is TitleStatus.SETTLED and (paid_on is None or paid_on < paid_since):
        return Absence.PAID_BEFORE
    return Absence.NOT_READ
