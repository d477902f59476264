"""What each sign of a restored database is called."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from integrations.domain.restores import RestoreSignal

_NAMES = {
    RestoreSignal.SERVER: gettext_noop("another database server"),
    RestoreSignal.TIMELINE: gettext_noop("another timeline of the server"),
    RestoreSignal.DATABASE: gettext_noop("another database"),
    RestoreSignal.JOURNAL: gettext_noop("deliveries were noted that it does not have"),
    RestoreSignal.FOREIGN: gettext_noop("this host noted deliveries of other databases only"),
    RestoreSignal.ASKED: gettext_noop("somebody said so"),
}

assert _NAMES.keys() == set(RestoreSignal), "a sign without words"


def signal_names(signals: list[str]) -> str:
    """Return what showed that a database was restored, in words."""
    return ", ".join(_(_NAMES[RestoreSignal(signal)]) for signal in signals)
