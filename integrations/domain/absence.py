"""Absence: why a title that is in Bling is not in the mirror."""

from datetime import date
from enum import StrEnum

from integrations.domain.titles import TitleFacts, TitleStatus


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
