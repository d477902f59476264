"""Brazil's calendar: title dates are days without zone, and "today" is Brasília's."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

BRASILIA = ZoneInfo("America/Sao_Paulo")


def day_of(moment: datetime) -> date:
    """Return the calendar day in Brasília of an aware moment."""
    return moment.astimezone(BRASILIA).date()


def end_of(day: date) -> datetime:
    """Return the moment at which the day after `day` begins in Brasília."""
    return datetime.combine(day + timedelta(days=1), time(), BRASILIA)
