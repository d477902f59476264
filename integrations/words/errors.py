"""What a failed call says to a person: what happened and what to do next. By the error's code, else by its kind."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from integrations.domain.documents import without_personal_data
from integrations.words.places import place_text, service_words
from integrations.words.values import moment_text

_BY_CODE = {
    "host": gettext_noop("The address of the Kamino connection is not allowed. Correct it on the connection."),
    "private_host": gettext_noop(
        "The address %(of)s leads into a private network, where no keys are sent. Correct it."
    ),
    "sandbox_cn": gettext_noop("The address is Kamino's sandbox, but the keys are those of a production company."),
    "unconfirmed": gettext_noop(
        "This operation is not confirmed by Kamino. Allow unconfirmed operations on the Kamino connection."
    ),
    "secret": gettext_noop("A stored key cannot be decrypted. Enter it again, or put the missing encryption key back."),
    "breaker": gettext_noop("%(service)s is left alone for a minute after a burst of errors. Tried again by itself."),
    "limit": gettext_noop("%(service)s takes no more calls for the moment. Goes on by itself."),
    "daily_limit": gettext_noop("The daily limit of calls %(of)s is used up. Goes on by itself at %(until)s."),
    "no_app": gettext_noop("There is no Bling app: fill in client id and secret on the connection."),
    "app_changed": gettext_noop(
        "The app that the authorization was given to is not known here any more. Connect again, or put its secret back."
    ),
    "company_unchecked": gettext_noop(
        "Whose account this authorization opens was not read yet. Goes on by itself after the next sync."
    ),
    "never_connected": gettext_noop("This connection was never authorized at Bling. Connect it."),
    "held": gettext_noop(
        "Nothing proves that the company that was connected is the right one: %(message)s. Accept or disconnect it."
    ),
    "https": gettext_noop("The address for tokens must begin with https: support corrects it (BLING_TOKEN_URL)."),
    "no_refresh_token": gettext_noop("Bling gave an authorization that cannot be renewed. Connect again."),
    "invalid_client": gettext_noop("Bling did not accept client id and secret. Correct them and connect again."),
    "invalid_grant": gettext_noop("Bling no longer accepts this authorization. Connect again."),
    "refresh_refused": gettext_noop("Bling has refused to renew this authorization for a day. Connect again."),
    "token_unknown": gettext_noop(
        "Bling's answer to the renewal of the authorization was lost or says nothing. Tried again by itself; if the "
        "new authorization was lost with it, connect again."
    ),
    "not_renewed": gettext_noop("The authorization at Bling was not renewed yet. Tried again by itself."),
    "in_line": gettext_noop(
        "Bling renews one authorization after the other: %(message)s before this one. Goes on by itself at about "
        "%(until)s."
    ),
    "FORBIDDEN": gettext_noop(
        "%(service)s refuses the access: %(message)s. No permission of the app is missing: correct the address "
        "(BLING_API_URL) or what the account may use."
    ),
    "insufficient_scope": gettext_noop(
        "The Bling app lacks a permission (scope) that is needed. Tick it and connect again."
    ),
    "no_payables": gettext_noop(
        "Bling lets nobody enter payables (%(message)s): tick “Contas a Pagar” with its sub-items in a new app, and "
        "give its user the same permission. Nothing else is affected."
    ),
    "no_contacts": gettext_noop(
        "Bling lets nobody enter suppliers (%(message)s): tick “Clientes e Fornecedores” with its sub-items in a new "
        "app, and give its user the same permission. Payables of suppliers that Bling has are sent."
    ),
    "no_settlements": gettext_noop(
        "Bling lets nobody settle payables (%(message)s): tick “Contas a Pagar” and “Borderôs” with their sub-items in "
        "a new app, and give its user the same permission. Nothing else is affected."
    ),
    "no_customers": gettext_noop(
        "Bling lets nobody change contacts (%(message)s): tick “Clientes e Fornecedores” with its sub-items in a new "
        "app, and give its user the same permission. Nothing else is affected."
    ),
    "no_orders": gettext_noop(
        "Bling lets nobody enter sales orders (%(message)s): tick “Pedidos de Venda” with its sub-items in a new app, "
        "and give its user the same permission. Nothing else is affected."
    ),
    "refused_in_a_row": gettext_noop(
        "Bling refused several customers of another system one after the other: look at “Customers of other systems”. "
        "The rest goes on by itself within minutes."
    ),
    "field_missing": gettext_noop("An answer %(of)s cannot be read: there is no %(place)s."),
    "field_odd": gettext_noop("An answer %(of)s cannot be read: %(place)s."),
    "no_object": gettext_noop("An answer %(of)s cannot be read: no object at %(place)s."),
    "not_json": gettext_noop("An answer %(of)s cannot be read: it is not in its format (JSON)."),
    "no_list": gettext_noop("An answer %(of)s cannot be read: it is no list of what was asked for."),
    "says_nothing": gettext_noop("An answer %(of)s says nothing: it shows neither what was asked for nor an error."),
    "other_object": gettext_noop("%(service)s answered with something else than was asked for; nothing of it is used."),
    "repeats": gettext_noop("%(service)s shows the same page of a list twice; nothing is concluded from it."),
    "foreign": gettext_noop("The answer was not written by %(the)s, but by something on the way to it."),
    "redirect": gettext_noop("%(service)s points to another address, which is not followed. Tell support."),
    "no_answer": gettext_noop("%(service)s did not answer. Tried again by itself."),
    "incomplete": gettext_noop(
        "A list %(of)s has a row without a number, or moved while it was read: what it does not show may be there."
    ),
    "sought": gettext_noop("It is not where the list showed it before; the whole list is read for it."),
    "claim_over": gettext_noop("Its turn was over before anything was sent. Tried again by itself."),
    "changed_meanwhile": gettext_noop("Somebody changed it right before it was sent. Compared again by itself."),
    "found_otherwise": gettext_noop("It was found %(in)s by our reference, and is otherwise. Compared next by itself."),
    "journal": gettext_noop("The journal of this host cannot be written, so nothing is sent. Tell support."),
    "same_document": gettext_noop("Another contact of the same CPF/CNPJ is being sent. Tried again by itself."),
    "not_there_twice": gettext_noop("It was looked for twice %(in)s and is not there; it may be sent again."),
    "answered_late": gettext_noop("The answer came after it had been sent again: there may be one too many."),
    "recorded_already": gettext_noop("What was answered is recorded already, for this or for another one."),
    "listed_not_found": gettext_noop(
        "Bling's list showed it, and its detail was not found. Read again by the next sync."
    ),
    "not_asked_again": gettext_noop("Bling did not have it when it was asked last; it is asked for more rarely now."),
    "database_busy": gettext_noop("The database is busy. Tried again by itself."),
    "not_stored": gettext_noop("The database does not take a value of it; tell support."),
    "crash": gettext_noop("Internal error; tell support."),
    "no_time_left": gettext_noop("There was no time left to ask %(the)s. Tried again by itself."),
    "disconnected": gettext_noop("The connection was disconnected while its sync was running."),
    "many_missing": gettext_noop(
        "Bling no longer has %(message)s of the titles that it had. Nothing was cancelled; the sync stopped. "
        "If they were really deleted, confirm it on the connection."
    ),
    "list_unknown": gettext_noop(
        "It is not known whether Kamino lists these titles. Support tests the Kamino connection and, if there is no "
        "such list, says so there (“Kamino has no such list”)."
    ),
    "filter_ignored": gettext_noop(
        "%(service)s answered with rows that were not asked for (%(message)s). Nothing is concluded from such a list; "
        "tell support."
    ),
    "html": gettext_noop(
        "%(service)s answered with a web page instead of data: an outage or a block. Tried again by itself."
    ),
}
"""Every code that this program gives an error itself: what the other side said is quoted only under none of these."""
_BY_KIND = {
    "transient": gettext_noop("%(service)s did not answer as expected. Tried again by itself."),
    "rejected": gettext_noop("%(service)s refused: %(message)s"),
    "config": gettext_noop("%(service)s refused the access: %(message)s. Check the connection's keys and permissions."),
    "ambiguous": gettext_noop("Kamino has more than one candidate (%(message)s). Choose, or merge them there."),
    "uncertain": gettext_noop("Whether %(the)s did it is not known; that is looked up before anything is sent again."),
    "internal": gettext_noop("An answer %(of)s could not be understood: %(message)s"),
}
_SAYS_WHAT_IS_LOST = ("token_unknown",)
"""Codes of lost answers to what is no delivery."""
_BY_ANSWER = {
    "ok": gettext_noop("Proved: it is read before something is created."),
    "404": gettext_noop("Kamino does not know the address of this list."),
    "403": gettext_noop("Kamino refuses to show this list: let the user of these keys see it there."),
    "not_shown": gettext_noop(
        "A title that Kamino lists is missing when its due date is asked for, so the list cannot be believed."
    ),
    "filter_ignored": gettext_noop(
        "Asked for one due date, Kamino lists titles of others, so the list cannot be believed."
    ),
    "no_due_date": gettext_noop("Kamino lists titles without an id or a due date that can be read."),
    "not_alone": gettext_noop(
        "It works, but is not used while the other address may be the list: test the connection again later."
    ),
    "unconfirmed": _BY_CODE["unconfirmed"],
}
_AS_EVER = ("filter_ignored", "daily_limit", "limit", "in_line")
"""Codes of passing errors that no waiting of a minute ends: a person who waits gets their own sentence too."""
IN_TIME = gettext_noop("%(service)s did not answer in time. Try again in a minute.")


def call_text(params: Mapping[str, str]) -> str:
    """Return one sentence for a failed call: `kind` and `code` of its error, `service` and `message`, and `until` when
    (ISO) it goes on."""
    kind, code = params.get("kind", ""), params.get("code", "")
    if code == "daily_limit" and not params.get("until"):
        code = "limit"
    if kind == "uncertain" and code not in _SAYS_WHAT_IS_LOST:
        text = _BY_KIND[kind]
    else:
        text = _BY_CODE.get(code) or _BY_KIND.get(kind, _BY_KIND["internal"])
    message = without_personal_data(params.get("message", "").strip()) or _("no reason given")
    return _(text) % {
        **service_words(params.get("service", "")),
        "message": message.removesuffix(".") if "%(message)s." in text else message,
        "place": place_text(message).removesuffix("."),
        "until": moment_text(params.get("until", "")),
    }


def is_ours(code: str) -> bool:
    """Say whether this program gives an error that code, so that its message is no word of the other side."""
    return code in _BY_CODE


def list_answer_text(answer: str) -> str:
    """Return what an address said that was tried for a list of titles."""
    if answer in _BY_CODE and answer not in _BY_ANSWER:
        return call_text({"code": answer, "service": "Kamino"})
    if answer in _BY_KIND:
        return _("Kamino's answer is no list of titles.")
    text = _BY_ANSWER.get(answer, gettext_noop("Kamino's answer is no list of titles (%(answer)s)."))
    return _(text) % {"answer": answer}


def failure_text(failure: Mapping[str, str]) -> str:
    """Return the sentence for what is stored of a failed call, empty for none. With an `operation` it was left out
    of a run that read the rest. Version 0.1 stored the sentence."""
    if not failure:
        return ""
    text = without_personal_data(failure.get("text", "")) or call_text(failure)
    if "operation" not in failure:
        return text
    rest = _("Only this was left out (%(operation)s); the sync is tried again within the hour, then more rarely.")
    return f"{text} {rest % {'operation': place_text(failure['operation'])}}"


_WHAT = {
    "payable": gettext_noop("Payable %(id)s"),
    "receivable": gettext_noop("Receivable %(id)s"),
    "contact": gettext_noop("Contact %(id)s"),
    "order": gettext_noop("Sales order %(id)s"),
    "register": gettext_noop("Register %(id)s"),
    "list": gettext_noop("Left out by this sync (%(operation)s)"),
}


def note_text(note: Mapping[str, Any]) -> str:
    """Return what a run noted about something that it could not read: what it is, and why. Version 0.2 noted a title's
    direction alone."""
    what = _WHAT.get(str(note.get("what") or note.get("direction")), "%(id)s")
    name = _(what) % {
        "id": note.get("bling_id") or _("without an id"),
        "operation": place_text(str(note.get("operation", ""))),
    }
    return f"{name}: {call_text(note)}"


def live_call_text(params: Mapping[str, str]) -> str:
    """Return the same for a person who waits for an answer now: it is not tried again by itself."""
    if params.get("kind") == "transient" and params.get("code") not in _AS_EVER:
        return _(IN_TIME) % service_words(params.get("service", ""))
    return call_text(params)
