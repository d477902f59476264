"""Brazil's calendar: title dates are days without zone, and "today" is Brasília's."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

BRASILIA = ZoneInfo("America/Sao_Paulo")


def day_of(moment: datetime) -> date:
    """Return the calendar day in Brasília of an aware moment."""
    return moment.astimezone(BRASILIA).date()
