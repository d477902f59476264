"""Why titles of a bulk command were left out: stored as codes with counts; the texts are made when shown."""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

_TEXTS = {
    "account": gettext_noop("the bank account is not one of this company, or inactive"),
    "already_ignored": gettext_noop("excluded already"),
    "amount": gettext_noop("the value is not greater than zero"),
    "already_equal": gettext_noop("already equal in Kamino"),
    "already_settled": gettext_noop("already settled"),
    "crashed": gettext_noop("internal error; tell support"),
    "date": gettext_noop("the payment date is yet to come"),
    "decided": gettext_noop("decided meanwhile, or no longer open"),
    "exists": gettext_noop("a settlement was already forced"),
    "gone": gettext_noop("Bling cancelled or deleted it"),
    "held": gettext_noop("held back"),
    "ignored": gettext_noop("marked as not to be synced"),
    "in_flight": gettext_noop("a delivery is under way or unconfirmed"),
    "no_forced_settlement": gettext_noop("no forced settlement"),
    "not_connected": gettext_noop("Bling is not connected"),
    "not_duplicate": gettext_noop("no possible duplicate holds it back"),
    "not_ignored": gettext_noop("not excluded"),
    "not_permitted": gettext_noop("the person who ordered it may no longer do so"),
    "not_planned": gettext_noop("not planned yet"),
    "not_stuck": gettext_noop("does not wait for a person"),
    "not_whole": gettext_noop("not open as a whole in Bling: decide on its own page"),
    "sent": gettext_noop("Kamino already shows the settlement"),
    "settled": gettext_noop("already settled or cancelled in Kamino"),
    "taken": gettext_noop("that title of Kamino belongs to another title already"),
    "undone": gettext_noop("already taken back"),
    "value_changed": gettext_noop("its value is no longer the one that was confirmed"),
    "unresolved": gettext_noop("an earlier delivery has no known outcome"),
}


def left_out_texts(counts: Mapping[str, int]) -> list[str]:
    """Return how many titles were left out for which reason, in the active language. A code without words (one of an
    older version) is shown as it is."""
    return [
        ngettext("%(count)s not changed: %(why)s", "%(count)s not changed: %(why)s", count)
        % {"count": count, "why": _(_TEXTS[code]) if code in _TEXTS else code}
        for code, count in counts.items()
    ]
