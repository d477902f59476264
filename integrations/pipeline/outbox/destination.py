"""Destination: what the outbox has to know of where units are sent."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Destination:
    """A service that units are sent to.

    `lease` is longer than every call of one unit together, `longest_call` than one of them. `pause_account` keeps
    everybody away from an account (its key, what failed, until when); `plan_again` asks for plans of what a unit names.
    `stop_kind` keeps everybody from writing what is of the kind of a unit, which was refused for want of a permission:
    every other one of that account would be refused too; `None` where each is tried a few times. `may_settle` says
    whether what a unit settles was read lately enough, and asks for that where it was not.
    """

    service: str
    lease: timedelta
    longest_call: timedelta
    config_pause: timedelta
    stop_kind: Callable[[Any, dict[str, str], datetime], None] | None
    pause_account: Callable[[int, dict[str, str], datetime], None]
    plan_again: Callable[[QuerySet[Any], datetime], None]
    may_settle: Callable[[Any, datetime], bool]
