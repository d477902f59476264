"""Brazil's calendar: title dates are days without zone, and "today" is Brasília's."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

BRASILIA = ZoneInfo("America/Sao_Paulo")


def day_of(moment: datetime) -> date:
    """Return the calendar day in Brasília of an aware moment."""
    return moment.astimezone(BRASILIA).date()


def around(first: date, last: date, by: timedelta) -> tuple[date, date]:
    """Return a span of days made longer by `by` at both ends, as far as there are days."""
    start = first - min(by, first - date.min)
    return start, last + min(by, date.max - last)


def end_of(day: date) -> datetime:
    """Return the moment at which the day after `day` begins in Brasília."""
    return datetime.combine(around(day, day, timedelta(days=1))[1], time(), BRASILIA)
