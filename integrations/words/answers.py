"""What an answer says to a person: one line that staff send on as it is."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from integrations.domain.answer import Answer, Gap
from integrations.domain.reasons import Problem
from integrations.words.reasons import problem_text

_GAPS = {
    Gap.NOT_IN_BLING: gettext_noop("Bling no longer shows this title."),
    Gap.NOT_IN_KAMINO: gettext_noop("It is not in Kamino."),
    Gap.MAYBE_IN_KAMINO: gettext_noop("It is not known whether it is in Kamino."),
    Gap.TAKEN_OVER: gettext_noop("Its place in Kamino was taken over by another title of Bling."),
    Gap.GONE_FROM_KAMINO: gettext_noop("It is not in Kamino's list any more."),
    Gap.NOT_SETTLED: gettext_noop("It is not settled in Kamino."),
    Gap.NOT_CANCELLED: gettext_noop("It is not cancelled in Kamino, although Bling no longer expects it."),
    Gap.NOT_UPDATED: gettext_noop("Kamino does not have the last change yet."),
    Gap.DIFFERS: gettext_noop("Kamino shows something else than was sent."),
    Gap.PARTLY_PAID: gettext_noop("It is partly paid in Bling, and open with its whole value in Kamino."),
    Gap.BALANCE_OPEN: gettext_noop("It is partly paid in Bling, and open with its balance in Kamino."),
    Gap.PAYMENTS_NOT_SENT: gettext_noop("Not all of its payments are in Kamino yet."),
    Gap.SETTLED_ONLY_IN_KAMINO: gettext_noop("It is settled in Kamino, but not in Bling."),
    Gap.SETTLED_BY_HAND: gettext_noop("It was settled by hand in Kamino; in Bling it is still open."),
    Gap.BOTH_OPEN: gettext_noop("It is not settled in Kamino because it is open in Bling too."),
    Gap.BOTH_SETTLED: gettext_noop("It is settled on both sides."),
    Gap.BOTH_CANCELLED: gettext_noop("It is cancelled on both sides."),
}
_EQUAL = (Gap.BOTH_OPEN, Gap.BOTH_SETTLED)
"""Nothing is behind these: what there is to say is said beside them."""


def answer_text(
    found: Answer, values: Mapping[str, str], *, read_at: str, differing: Sequence[str] = (), risk: str = ""
) -> str:
    """Return the answer in the active language. `values` are what its sentences may name, `read_at` the moment of the
    last reading, both as people write them; `differing` the lines in which Kamino shows something else, and `risk` the
    sentences of a difference that may cost money: it comes first, and nothing is called equal beside it."""
    parts = [risk] if risk else []
    if not risk or found.gap not in _EQUAL:
        parts.append(_(_GAPS[found.gap]))
    if found.gap is Gap.DIFFERS and differing:
        parts.append(_("Different there: %(lines)s.") % {"lines": "; ".join(differing)})
    if found.problem is not None:
        problem = Problem(found.problem.code, {**values, **found.problem.params})
        why = _("Note: %(why)s") if found.gap in _EQUAL else _("Reason: %(why)s")
        parts.append(why % {"why": problem_text(problem)})
    parts.append(_("Last read in Bling: %(moment)s.") % {"moment": read_at})
    return " ".join(parts)
