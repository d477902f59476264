"""Clocks: every worker has to agree with the database's clock. Leases, and how long a reading is believed, are moments
that one host writes and another one compares with its own."""

from datetime import datetime, timedelta

from django.db import connection as database

MOST = timedelta(seconds=30)
"""By how much a host's clock may be wrong: far less than any lease or belief that hosts share."""


class WrongClockError(Exception):
    """This host's clock is ahead of the database's by `ahead`, or behind it where that is negative."""

    def __init__(self, ahead: timedelta) -> None:
        super().__init__(f"this host's clock differs from the database's by {ahead.total_seconds():+.0f} s: correct it")
        self.ahead = ahead


def compare_with_database(now: datetime) -> None:
    """Raise `WrongClockError` if `now`, this host's time, is not the database's."""
    with database.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (theirs,) = cursor.fetchone()
    if abs(now - theirs) > MOST:
        raise WrongClockError(now - theirs)
