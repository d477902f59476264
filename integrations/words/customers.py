"""What is said of customers of other systems: where one stands, why it goes no further, and what to do."""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from integrations.domain.documents import without_personal_data
from integrations.domain.reasons import Problem, Reason
from integrations.words.errors import call_text
from integrations.words.reason_words import Words
from integrations.words.values import Values
from integrations.words.writes import WRITE_WORDS

STANDING_NAMES: Mapping[str, str] = {
    "switched_off": gettext_noop("Writing is off"),
    "simulation": gettext_noop("Simulation (Bling)"),
    "key_over": gettext_noop("Its key is over"),
    "disconnected": gettext_noop("Bling is not connected"),
    "stale": gettext_noop("Somebody has to send it"),
    "contact_stuck": gettext_noop("Contact to be decided"),
    "customer_stuck": gettext_noop("Customer to be decided"),
    "paused": gettext_noop("Writing is paused"),
    "queued": gettext_noop("Is sent next"),
    "sending": gettext_noop("Sending"),
    "unconfirmed": gettext_noop("Sent without confirmation"),
    "differs": gettext_noop("Data to be chosen"),
    "stuck": gettext_noop("Needs action"),
    "equal": gettext_noop("In Bling"),
    "left_out": gettext_noop("Not to be sent"),
}
STANDING_COLOURS: Mapping[str, str] = {
    "switched_off": "default",
    "simulation": "info",
    "key_over": "warning",
    "disconnected": "danger",
    "stale": "warning",
    "contact_stuck": "warning",
    "customer_stuck": "warning",
    "paused": "warning",
    "queued": "info",
    "sending": "info",
    "unconfirmed": "danger",
    "differs": "warning",
    "stuck": "danger",
    "equal": "success",
    "left_out": "default",
}
STANDING_SENTENCES: Mapping[str, str] = {
    "switched_off": gettext_noop("Writing into this Bling account is switched off. Support switches it on."),
    "simulation": gettext_noop("Nothing is sent: this company's writing into Bling is in simulation."),
    "key_over": gettext_noop("The key by which it came was revoked, or is not confirmed. Another one sends it again."),
    "disconnected": gettext_noop("This company's Bling is not connected. It goes on once it is."),
    "stale": gettext_noop("It came before live delivery began: its system was told that nothing is sent."),
    "contact_stuck": gettext_noop("Which contact of Bling it is, is not known yet."),
    "customer_stuck": gettext_noop("Whose it is has to be decided first: its customer may be somebody else."),
    "paused": gettext_noop("Bling refused the access, or several customers one after the other. It goes on by itself."),
    "queued": gettext_noop("It is compared with Bling within minutes."),
    "sending": gettext_noop("It is being sent."),
    "unconfirmed": gettext_noop("Bling's answer was lost; it is looked up there before anything is sent again."),
    "differs": gettext_noop("The system and Bling both have data of it, and they are not the same."),
    "stuck": gettext_noop("It goes on once somebody has decided."),
    "equal": gettext_noop("Bling has what the system sent last, but for what is named as different."),
    "left_out": gettext_noop("Somebody said that it is not to be sent."),
}
_STANDING_ADVICE: Mapping[str, str] = {
    "stale": gettext_noop("Choose “Send again”, or let the system send it again."),
    "differs": gettext_noop("Choose “Choose the data”."),
    "contact_stuck": gettext_noop("Choose “Decide the contact”."),
}
_SEND_AGAIN = gettext_noop("Correct it in the system or in Bling, then choose “Send again”.")
CUSTOMER_WORDS: Mapping[Reason, Words] = {
    **WRITE_WORDS,
    Reason.REFUSED: Words(
        gettext_noop("Refused by Bling"),
        gettext_noop("Bling refused it: %(message)s"),
        gettext_noop(
            "Correct what Bling names, in the system or in Bling. The system sends it again, or you choose “Send "
            "again”."
        ),
    ),
    Reason.AMBIGUOUS: Words(
        gettext_noop("More than one contact"),
        gettext_noop("Bling has more than one contact like this, or one that is not active (%(ids)s)."),
        gettext_noop("Choose “Decide the contact”."),
    ),
    Reason.PERSON_FOUND_TWICE: Words(
        gettext_noop("Contact more than once in Bling"),
        gettext_noop("Bling has more than one contact with this name or CPF/CNPJ."),
        gettext_noop("Choose “Decide the contact”."),
    ),
    Reason.DOCUMENT_DIFFERS: Words(
        gettext_noop("CPF/CNPJ differs"),
        gettext_noop(
            "The system and Bling have different CPF/CNPJs for this customer, Bling has none, or the system changed "
            "it. A CPF/CNPJ is never changed by this service."
        ),
        gettext_noop(
            "Correct the wrong one, or enter it in Bling, then choose “Send again”. If it is another customer now, "
            "choose “It is another customer now”."
        ),
    ),
    Reason.FIELDS_DIFFER: Words(
        gettext_noop("Data differ"),
        gettext_noop("The system and Bling both have data of it, and they are not the same."),
        gettext_noop("Choose “Choose the data”."),
    ),
    Reason.CONTACT_UNSURE: Words(
        gettext_noop("Found by its name alone"),
        gettext_noop("Its contact was found by the name alone: it may be somebody else. Nothing is written before."),
        gettext_noop("If it is the one, choose “Choose the data”; if not, “Decide the contact”."),
    ),
    Reason.CONTACT_TAKEN: Words(
        gettext_noop("Contact of another customer"),
        gettext_noop("Another customer of the same system is this contact of Bling already."),
        gettext_noop(
            "If the system has it twice, choose “Do not send” for the one that ends. If they are two, choose “Decide "
            "the contact”."
        ),
    ),
    Reason.CONTACT_GONE: Words(
        gettext_noop("Contact gone from Bling"),
        gettext_noop("Somebody deleted its contact in Bling. It is not created again by itself."),
        gettext_noop("Choose “Look for it anew” to find or create it again, or “Do not send”."),
    ),
    Reason.CONTACT_CHANGES_OFF: Words(
        gettext_noop("Contacts are not changed"),
        gettext_noop("What the system says is not what Bling has, and changing contacts is switched off."),
        gettext_noop(
            "Look below at what would be changed. Support switches it on (“Writing into Bling”); then it goes on by "
            "itself."
        ),
    ),
    Reason.LOOK_UP_FAILED: Words(
        gettext_noop("Could not be looked up"),
        gettext_noop("It was sent, Bling's answer was lost, and for hours it could not be looked up."),
        gettext_noop("Choose “Send again”: a change that is made twice is one."),
    ),
    Reason.NO_RECORD: Words(
        gettext_noop("Sent without a record"), gettext_noop("Its sending left no record."), _SEND_AGAIN
    ),
}
"""What a customer of another system may meet in Bling."""
FIELD_NAMES: Mapping[str, str] = {
    "name": gettext_noop("Name"),
    "document": gettext_noop("CPF/CNPJ"),
    "trade_name": gettext_noop("Trade name"),
    "state_registration": gettext_noop("State registration"),
    "email": gettext_noop("E-mail"),
    "phone": gettext_noop("Telephone"),
    "mobile": gettext_noop("Mobile"),
    "street": gettext_noop("Street"),
    "number": gettext_noop("Number"),
    "complement": gettext_noop("Complement"),
    "district": gettext_noop("District"),
    "city": gettext_noop("City"),
    "state": gettext_noop("State (UF)"),
    "postal_code": gettext_noop("Postal code"),
}


FATE_NAMES: Mapping[str, str] = {
    "equal": gettext_noop("Equal"),
    "open": gettext_noop("To be chosen"),
    "system": gettext_noop("The system's counts"),
    "bling": gettext_noop("Bling's counts"),
    "written_next": gettext_noop("The system's is written"),
    "kept": gettext_noop("Bling's stays"),
    "differs": gettext_noop("Differs, and is not changed"),
    "unread": gettext_noop("Not read yet"),
}
"""What follows for a field of a customer."""


def fate_name(fate: str) -> str:
    return _(FATE_NAMES[fate])


def standing_name(standing: str) -> str:
    return _(STANDING_NAMES[standing])


def field_name(name: str) -> str:
    """Return what people call a field of a contact."""
    return _(FIELD_NAMES[name])


def customer_texts(standing: str, why: Problem | None) -> tuple[str, str]:
    """Return the sentence for where a customer stands, and what to do about it, in the active language."""
    return standing_texts(standing, why, CUSTOMER_WORDS, STANDING_SENTENCES, _STANDING_ADVICE)


def standing_texts(
    standing: str, why: Problem | None, of_reason: Mapping[Reason, Words], sentences: Mapping[str, str],
    advices: Mapping[str, str],
) -> tuple[str, str]:  # fmt: skip
    """Return the same by tables of what is said of a reason, and of a standing."""
    words = None if why is None or standing in ("equal", "sending") else of_reason.get(why.code)
    if words is None or why is None:
        advice = advices.get(standing, "")
        return _(sentences[standing]), _(advice) if advice else ""
    if "kind" in why.params:
        said = call_text(why.params)
    else:
        said = _(words.sentence) % Values({key: without_personal_data(text) for key, text in why.params.items()})
    return said, _(words.advice) if words.advice else ""
