"""What an answer says to a person: one line that staff send on as it is."""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from integrations.admin.kit import texts
from integrations.domain.answer import Answer, Gap, Reason

_GAPS = {
    Gap.NOT_IN_KAMINO: gettext_noop("It is not in Kamino."),
    Gap.TAKEN_OVER: gettext_noop("Its place in Kamino was taken over by another title of Bling."),
    Gap.GONE_FROM_KAMINO: gettext_noop("Kamino's list no longer shows this title: look for it there."),
    Gap.NOT_SETTLED: gettext_noop("It is not settled in Kamino."),
    Gap.NOT_CANCELLED: gettext_noop("It is not cancelled in Kamino, although Bling no longer expects it."),
    Gap.NOT_UPDATED: gettext_noop("Kamino does not have the last change yet."),
    Gap.DIFFERS: gettext_noop("Kamino shows something else than it was told: see the marked lines."),
    Gap.PARTLY_PAID: gettext_noop("It is partly paid in Bling, and open with its whole value in Kamino."),
    Gap.BALANCE_OPEN: gettext_noop("It is partly paid in Bling, and open with its balance in Kamino."),
    Gap.PAYMENTS_NOT_SENT: gettext_noop("Not all of its payments are in Kamino yet."),
    Gap.SETTLED_ONLY_IN_KAMINO: gettext_noop("It is settled in Kamino, but not in Bling."),
    Gap.SETTLED_BY_HAND: gettext_noop("It was settled by hand in Kamino; in Bling it is still open."),
    Gap.BOTH_OPEN: gettext_noop("It is not settled in Kamino because it is open in Bling too."),
    Gap.BOTH_SETTLED: gettext_noop("It is settled on both sides."),
    Gap.BOTH_CANCELLED: gettext_noop("It is cancelled on both sides."),
}
_REASONS = {
    Reason.REPLACED: gettext_noop("Bling created it anew with another id: %(replaced_by)s."),
    Reason.NEW: gettext_noop("It was just seen in Bling, and is planned once the sync that found it is through."),
    Reason.IGNORED: gettext_noop("%(user)s took it out of the sync on %(day)s: %(words)s"),
    Reason.BEING_PLANNED: gettext_noop("Something changed, and it is being planned again; look again in a minute."),
    Reason.SENDING: gettext_noop("It is being sent to Kamino right now."),
    Reason.UNCERTAIN: gettext_noop(
        "It was sent and Kamino's answer was lost; it is looked up there before anything else."
    ),
    Reason.NEEDS_HUMAN: gettext_noop("It waits for a person: %(words)s"),
    Reason.AWAITS_APPROVAL: gettext_noop("The settlement that %(user)s ordered awaits the approval of somebody else."),
    Reason.SIMULATION: gettext_noop("The company is in simulation: nothing is sent."),
    Reason.SWITCHED_OFF: gettext_noop("Sending stands still for this company: see its Kamino connection."),
    Reason.QUEUED: gettext_noop("It waits for its turn and is sent by itself."),
}


def answer_text(found: Answer, values: Mapping[str, str], *, read_at: str) -> str:
    """Return the answer in the active language. `values` are what its sentences may name, `read_at` the moment of the
    last reading, both as people write them."""
    parts = [_(_GAPS[found.gap])]
    if found.reason is not None:
        why = _(_REASONS[found.reason]) % values
        parts.append(_("Reason: %(why)s") % {"why": why if why.endswith((".", "!", "?")) else f"{why}."})
    elif found.problem is not None:
        [sentence] = texts.problem_sentences([found.problem])
        parts.append(_("Reason: %(why)s") % {"why": sentence})
    parts.append(_("Last read in Bling: %(moment)s.") % {"moment": read_at})
    return " ".join(parts)
