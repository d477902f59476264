"""What a report says of amounts in Kamino that nobody read there."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from integrations.domain.as_sent import AsSent, NotRead
from integrations.words.values import readable

_WHY = {
    NotRead.NEVER: gettext_noop("Kamino's lists were not read yet"),
    NotRead.UNKNOWN: gettext_noop("it is not known where Kamino lists them"),
    NotRead.ABSENT: gettext_noop("Kamino has no list of them, as a person said"),
    NotRead.FAILED: gettext_noop("Kamino's list of them cannot be read at present"),
    NotRead.SENT_SINCE: gettext_noop("they were sent after Kamino's lists were read; “Reconcile now” reads them"),
}


assert _WHY.keys() == set(NotRead), "a reason without words"


def as_sent_text(found: AsSent, direction: str) -> str:
    """Return what was not read of a direction, whose name is given, in the active language."""
    values = {"direction": direction, "why": _(_WHY[found.why]), "amount": readable(f"{found.amount:.2f}")}
    if found.why is NotRead.SENT_SINCE:
        text = ngettext(
            "%(direction)s: %(titles)s title (%(amount)s in Kamino) counts as it was sent, not as it was read: "
            "%(why)s.",
            "%(direction)s: %(titles)s titles (%(amount)s in Kamino) count as they were sent, not as they were read: "
            "%(why)s.",
            found.titles,
        )
    else:
        text = ngettext(
            "%(direction)s: Kamino's side is not read, because %(why)s. %(titles)s title (%(amount)s) counts as it was "
            "sent; what only Kamino has or changed is not in it.",
            "%(direction)s: Kamino's side is not read, because %(why)s. %(titles)s titles (%(amount)s) count as they "
            "were sent; what only Kamino has or changed is not in it.",
            found.titles,
        )
    return text % {**values, "titles": found.titles}
