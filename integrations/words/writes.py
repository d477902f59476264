"""What is said of payables for Bling: where one stands, why it is stuck there, and what to do."""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from integrations.domain.documents import without_personal_data
from integrations.domain.occurrences import Recurrence
from integrations.domain.reasons import Problem, Reason
from integrations.words.errors import call_text
from integrations.words.reason_words import Words
from integrations.words.values import Values

STANDING_NAMES: Mapping[str, str] = {
    "awaits_second": gettext_noop("Awaits a second person"),
    "discarded": gettext_noop("Discarded"),
    "left_out": gettext_noop("Not to be sent"),
    "stopped": gettext_noop("Stopped after refusals"),
    "switched_off": gettext_noop("Writing is off"),
    "simulation": gettext_noop("Simulation (Bling)"),
    "paused": gettext_noop("Writing is paused"),
    "stale": gettext_noop("Somebody has to send it"),
    "supplier_stuck": gettext_noop("Supplier to be decided"),
    "queued": gettext_noop("Is sent next"),
    "sending": gettext_noop("Sending"),
    "unconfirmed": gettext_noop("Sent without confirmation"),
    "stuck": gettext_noop("Needs action"),
    "sent": gettext_noop("In Bling"),
    "settled": gettext_noop("Settled in Bling"),
    "refused": gettext_noop("Refused"),
}
STANDING_COLOURS: Mapping[str, str] = {
    "awaits_second": "warning",
    "discarded": "default",
    "left_out": "default",
    "stopped": "danger",
    "switched_off": "default",
    "simulation": "info",
    "paused": "warning",
    "stale": "warning",
    "supplier_stuck": "warning",
    "queued": "info",
    "sending": "info",
    "unconfirmed": "danger",
    "stuck": "danger",
    "sent": "success",
    "settled": "success",
    "refused": "default",
}
RECURRENCE_NAMES: Mapping[Recurrence, str] = {
    Recurrence.ONCE: gettext_noop("Once"),
    Recurrence.INSTALLMENTS: gettext_noop("In installments"),
    Recurrence.MONTHLY: gettext_noop("Monthly"),
    Recurrence.BIMONTHLY: gettext_noop("Every two months"),
    Recurrence.QUARTERLY: gettext_noop("Quarterly"),
    Recurrence.HALF_YEARLY: gettext_noop("Every six months"),
    Recurrence.YEARLY: gettext_noop("Yearly"),
    Recurrence.FORTNIGHTLY: gettext_noop("Every fortnight"),
    Recurrence.WEEKLY: gettext_noop("Weekly"),
}
BATCH_COLOURS: Mapping[str, str] = {
    "awaiting": "warning", "sending": "success", "stopped": "danger", "discarded": "default",
}  # fmt: skip
SHEET_COLOURS: Mapping[str, str] = {"proposed": "warning", "done": "success", "discarded": "default"}
MODE_COLOURS: Mapping[str, str] = {"off": "default", "simulation": "info", "live": "success"}
_STANDING_SENTENCES: Mapping[str, str] = {
    "awaits_second": gettext_noop(
        "What its person or program entered within 24 hours is above the limit: somebody else has to confirm its batch "
        "(“Batches of payables”)."
    ),
    "discarded": gettext_noop("Its batch was discarded. Nothing was sent."),
    "left_out": gettext_noop("Somebody said that it is not to be sent."),
    "stopped": gettext_noop(
        "Bling refused others of its batch. Look at why, then let the batch go on, or discard its rest."
    ),
    "switched_off": gettext_noop("Writing into this Bling account is switched off. Support switches it on."),
    "simulation": gettext_noop("Nothing is sent: this company's writing into Bling is in simulation."),
    "paused": gettext_noop("Bling refused the access. It is tried again within a quarter of an hour."),
    "stale": gettext_noop(
        "It waited too long, or was entered before live delivery began: somebody may have typed it in Bling meanwhile. "
        "Look there, then send it or leave it out."
    ),
    "supplier_stuck": gettext_noop("Its supplier is not known in Bling yet."),
    "queued": gettext_noop("It is sent within minutes."),
    "sending": gettext_noop("It is being sent."),
    "unconfirmed": gettext_noop("Bling's answer was lost; it is looked up there before anything is sent again."),
    "stuck": gettext_noop("It goes on once somebody has decided."),
    "sent": gettext_noop(
        "Bling has it. The sync takes it to Kamino like every other title, whose page says how far it is."
    ),
    "settled": gettext_noop("Bling shows it as settled. That reaches Kamino with the next sync, like every payment."),
    "refused": gettext_noop("It was not settled, and its program was told so. It may ask again."),
}
_LOOK = gettext_noop("Look in Bling, then say “It is in Bling” or “It is not in Bling”.")
_SEND_AGAIN = gettext_noop("Correct what Bling names, then choose “Send again”.")
WRITE_WORDS: Mapping[Reason, Words] = {
    Reason.REFUSED: Words(gettext_noop("Refused by Bling"), gettext_noop("Bling refused it: %(message)s"), _SEND_AGAIN),
    Reason.EXHAUSTED: Words(
        gettext_noop("Gave up after several tries"),
        gettext_noop("Bling did not answer as expected, again and again."),
        gettext_noop("Choose “Send again” when Bling is back."),
    ),
    Reason.INTERNAL: Words(
        gettext_noop("Internal error"),
        gettext_noop("An answer of Bling could not be understood, or this service has an error."),
        gettext_noop("Call the developers, with this page. Then choose “Send again”."),
    ),
    Reason.ACCESS_REFUSED: Words(
        gettext_noop("Access refused"),
        gettext_noop("Bling refused the access."),
        gettext_noop("Support looks at “Writing into Bling” on the connection."),
    ),
    Reason.POSSIBLE_DUPLICATE: Words(
        gettext_noop("Possible duplicate"),
        gettext_noop("A program sent it, and the same payable may be there already."),
        gettext_noop(
            "Look at “possible duplicates”. Choose “Create all the same” where it is another, else “Do not send”."
        ),
    ),
    Reason.AMBIGUOUS: Words(
        gettext_noop("More than one contact"),
        gettext_noop("Bling has more than one contact like this, or one that is not active (%(ids)s)."),
        gettext_noop("Choose “Decide the supplier”."),
    ),
    Reason.PERSON_FOUND_TWICE: Words(
        gettext_noop("Contact more than once in Bling"),
        gettext_noop("Bling has more than one contact with this name or CPF/CNPJ."),
        gettext_noop("Choose “Decide the supplier”."),
    ),
    Reason.NOT_OPEN: Words(
        gettext_noop("Not open in Bling"),
        gettext_noop("Bling does not show the payable as open, whole and of the value that was asked for."),
        gettext_noop("Look in Bling at what was paid. “Do not settle” ends it."),
    ),
    Reason.BANK_ACCOUNT_MISSING: Words(
        gettext_noop("No bank account"),
        gettext_noop("The payable names no bank account in Bling, and neither does the program's key."),
        gettext_noop("Give it one in Bling, then choose “Send again”."),
    ),
    Reason.CATEGORY_MISSING: Words(
        gettext_noop("No category"),
        gettext_noop("The payable has no category in Bling, and a settlement needs one."),
        gettext_noop("Give it one in Bling, then choose “Send again”."),
    ),
    Reason.PAID_DIFFERENTLY: Words(
        gettext_noop("Paid otherwise"),
        gettext_noop(
            "Bling's answer was lost, and Bling shows the payable neither as it was nor as settled once and whole."
        ),
        gettext_noop("Look in Bling, then say “It is settled in Bling” or “It is not settled in Bling”."),
    ),
    Reason.NO_ANSWER: Words(gettext_noop("No answer"), gettext_noop("Bling did not answer. Tried again by itself.")),
    Reason.LIMITED: Words(
        gettext_noop("Limit of requests"), gettext_noop("Bling takes no more calls for now. Tried again by itself.")
    ),
    Reason.LIST_INCOMPLETE: Words(
        gettext_noop("A list of Bling is incomplete"),
        gettext_noop("A row of Bling's list could not be read: what it does not show may be there."),
        gettext_noop("Correct the odd row in Bling, then choose “Send again”."),
    ),
    Reason.UNCONFIRMED: Words(
        gettext_noop("Sent without confirmation"),
        gettext_noop("It was sent and Bling's answer was lost; it is looked up there before anything else."),
    ),
    Reason.NO_RECORD: Words(gettext_noop("Sent without a record"), gettext_noop("Its sending left no record."), _LOOK),
    Reason.FOUND_TWICE: Words(
        gettext_noop("One like it in Bling"),
        gettext_noop(
            "Bling's answer was lost, and Bling has a new payable of the same supplier and value without our marker "
            "(%(ids)s)."
        ),
        _LOOK,
    ),
    Reason.LOOK_UP_FAILED: Words(
        gettext_noop("Could not be looked up"),
        gettext_noop("It was sent, Bling's answer was lost, and for hours it could not be looked up."),
        _LOOK,
    ),
    Reason.ANOTHER_ID: Words(
        gettext_noop("Answered with another number"),
        gettext_noop("Bling answered with the number %(id)s, although another one is known already."),
        gettext_noop("Look for both in Bling, and remove the one too many there."),
    ),
}
"""What a write to Bling may meet (`tests/words/test_writes.py` says where each comes from)."""


def recurrence_text(recurrence: Recurrence, day: int) -> str:
    """Return how often a payable is due, in words; `day` of the month, 0 where it is not repeated by months."""
    name = _(RECURRENCE_NAMES[recurrence])
    return _("%(name)s, day %(day)s") % {"name": name, "day": day} if day else name


def batch_text(sent: int, of: int, *, asks: int, left_out: int, left: int) -> str:
    """Return how far the payables of a batch are, with what there is of each."""
    told = [_("%(sent)s of %(of)s are in Bling") % {"sent": sent, "of": of}]
    others = (
        (asks, ngettext("%(count)s waits for a person", "%(count)s wait for a person", asks)),
        (left, ngettext("%(count)s remains", "%(count)s remain", left)),
        (left_out, ngettext("%(count)s is not sent", "%(count)s are not sent", left_out)),
    )
    return ", ".join([*told, *(text % {"count": count} for count, text in others if count)]) + "."


def standing_name(standing: str) -> str:
    return _(STANDING_NAMES[standing])


def write_texts(standing: str, why: Problem | None) -> tuple[str, str]:
    """Return the sentence for where a payable stands, and what to do about it, in the active language."""
    if why is None or standing in ("sent", "settled", "sending"):
        return _(_STANDING_SENTENCES[standing]), ""
    words = WRITE_WORDS.get(why.code)
    if words is None:
        return _(_STANDING_SENTENCES[standing]), ""
    if "kind" in why.params:
        said = call_text(why.params)
    else:
        said = _(words.sentence) % Values({key: without_personal_data(text) for key, text in why.params.items()})
    return said, _(words.advice) if words.advice else ""
