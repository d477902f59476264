"""Alerts: what each cause is called and how loud it is; from that its colour, and who sees it on every page."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy, gettext_noop

from integrations.domain.alerts import AlertCause
from integrations.domain.reasons import Severity
from integrations.words.colours import SEVERITY_COLOURS


@dataclass(frozen=True)
class Words:
    """What a cause is called, and how loud it is."""

    name: str
    severity: Severity


_WORDS: dict[AlertCause, Words] = {
    AlertCause.DOUBLE_PAYMENT: Words(gettext_noop("Risk of double payment"), Severity.DANGER),
    AlertCause.RECONNECT: Words(gettext_noop("Bling needs to be connected again"), Severity.DANGER),
    AlertCause.HELD: Words(gettext_noop("Another company was connected"), Severity.DANGER),
    AlertCause.KAMINO: Words(gettext_noop("Kamino refuses the access"), Severity.DANGER),
    AlertCause.EXPIRING: Words(gettext_noop("The authorization at Bling will expire"), Severity.WARNING),
    AlertCause.RUN_FAILED: Words(gettext_noop("The last sync failed"), Severity.WARNING),
    AlertCause.UNMAPPED: Words(gettext_noop("Names without classification"), Severity.WARNING),
    AlertCause.LATE: Words(gettext_noop("No complete sync for a day and a half"), Severity.WARNING),
}

assert _WORDS.keys() == set(AlertCause), "a cause without words"

ALERT_COLOURS = {
    **{cause.value: SEVERITY_COLOURS[words.severity] for cause, words in _WORDS.items()},
    "closed": "default",
}


def alert_choices() -> list[tuple[str, Any]]:
    """Return the causes with their names; a function, so that a new one needs no migration."""
    return [(cause.value, gettext_lazy(words.name)) for cause, words in _WORDS.items()]


URGENT_CAUSES = [cause for cause, words in _WORDS.items() if words.severity is Severity.DANGER]
"""What every page shows on top."""
