"""What is known of Kamino's lists of titles, for each direction of a company."""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from integrations.domain.title_lists import PROVED, TitleList
from integrations.domain.titles import Direction


class TitleListChoice(models.TextChoices):
    UNKNOWN = TitleList.UNKNOWN.value, _("not known yet")
    FIRST = TitleList.FIRST.value, _("proved")
    SECOND = TitleList.SECOND.value, _("proved, at the other address")
    ABSENT = TitleList.ABSENT.value, _("does not exist, as a person said")


_STATE: dict[str, Any] = {
    "max_length": 10, "choices": TitleListChoice, "editable": False,
    "default": TitleListChoice.UNKNOWN, "db_default": TitleListChoice.UNKNOWN,
}  # fmt: skip
_NOTHING: dict[str, Any] = {
    "default": dict, "db_default": models.Value({}, models.JSONField()), "editable": False,
}  # fmt: skip


class TitleLists(models.Model):
    """The lists of both directions of a Kamino connection.

    Proved by what they answer (`pipeline/handover/title_lists`), absent only by a person's word. While one is not known
    nothing of its direction is sent. `list_answers` is, by direction, what each address answered last;
    `…_list_failure`, why one that was proved could not be read, and nothing of it is sent before `…_list_waits_until`.
    """

    payable_list = models.CharField(_("list of payables"), **_STATE)
    receivable_list = models.CharField(_("list of receivables"), **_STATE)
    list_answers = models.JSONField(**_NOTHING)
    payable_list_failure = models.JSONField(**_NOTHING)
    receivable_list_failure = models.JSONField(**_NOTHING)
    payable_list_waits_until = models.DateTimeField(null=True, blank=True, editable=False)
    receivable_list_waits_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    @property
    def title_lists(self) -> dict[Direction, TitleList]:
        return {direction: TitleList(getattr(self, list_field(direction))) for direction in Direction}

    def has_list(self, direction: Direction) -> bool:
        """Say whether a direction's list is proved."""
        return self.title_lists[direction] in PROVED

    @property
    def failing_lists(self) -> dict[Direction, dict[str, str]]:
        """Return why lists could not be read, of those that could not."""
        failures = {direction: getattr(self, failure_field(direction)) for direction in Direction}
        return {direction: failure for direction, failure in failures.items() if failure}


def list_field(direction: str) -> str:
    """Return the name of the column that says what is known of a direction's list."""
    return f"{direction}_list"


def failure_field(direction: str) -> str:
    """Return the name of the column that says why a direction's list could not be read."""
    return f"{direction}_list_failure"


def waits_field(direction: str) -> str:
    """Return the name of the column that says how long a direction's list is left alone."""
    return f"{direction}_list_waits_until"


def waits_no_more(since: datetime) -> Q:
    """Return which companies have a list that could not be read, and is no longer left alone since a moment."""
    return Q(payable_list_waits_until__lte=since) | Q(receivable_list_waits_until__lte=since)


def _of_own_direction(kaminos: Any, **conditions: Any) -> Q:
    """Return which title units have a company among some whose columns of their direction meet conditions: names are
    given without the direction that they begin with."""
    found = Q(pk__in=[])
    for direction in Direction:
        own = {f"{direction}_{name}": value for name, value in conditions.items()}
        # The direction first: the row of the other one is not looked up.
        found |= Q(direction=direction) & Q(Exists(kaminos.filter(pk=OuterRef("kamino_connection"), **own)))
    return found


def of_known_lists(kaminos: Any) -> Q:
    """Return which title units are of a direction whose list is proved, or said to be absent."""
    return _of_own_direction(kaminos, list__in=[*PROVED, TitleList.ABSENT])


def of_waiting_lists(kaminos: Any, until: Any) -> Q:
    """Return which title units are of a direction whose list is left alone for longer than `until` (a moment, or one of
    the unit's own)."""
    return _of_own_direction(kaminos, list_waits_until__gt=until)
