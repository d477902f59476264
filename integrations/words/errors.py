"""What a failed call says to a person: what happened and what to do next. By the error's code, else by its kind."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

_BY_CODE = {
    "host": gettext_noop("The address of the Kamino connection is not allowed. Correct it on the connection."),
    "sandbox_cn": gettext_noop("The address is Kamino's sandbox, but the keys are those of a production company."),
    "unconfirmed": gettext_noop(
        "This operation is not confirmed by Kamino. Allow unconfirmed operations on the Kamino connection."
    ),
    "secret": gettext_noop("A stored key cannot be decrypted. Enter it again, or put the missing encryption key back."),
    "breaker": gettext_noop("%(service)s is left alone for a minute after a burst of errors. Tried again by itself."),
    "no_app": gettext_noop("There is no Bling app: fill in client id and secret on the connection."),
    "never_connected": gettext_noop("This connection was never authorized at Bling. Connect it."),
    "invalid_client": gettext_noop("Bling did not accept client id and secret. Correct them and connect again."),
    "invalid_grant": gettext_noop("Bling no longer accepts this authorization. Connect again."),
    "refresh_refused": gettext_noop("Bling has refused to renew this authorization for a day. Connect again."),
    "token_unknown": gettext_noop(
        "Bling's answer to the renewal of the authorization was lost or says nothing. Tried again by itself; if the "
        "new authorization was lost with it, connect again."
    ),
    "FORBIDDEN": gettext_noop(
        "%(service)s refuses the access: %(message)s. No permission of the app is missing: correct the address "
        "(BLING_API_URL) or what the account may use."
    ),
    "insufficient_scope": gettext_noop(
        "The Bling app lacks a permission (scope) that is needed. Tick it and connect again."
    ),
    "field_missing": gettext_noop("An answer of %(service)s cannot be read: there is no %(message)s."),
    "field_odd": gettext_noop("An answer of %(service)s cannot be read: %(message)s."),
    "no_object": gettext_noop("An answer of %(service)s cannot be read: no object at %(message)s."),
    "listed_not_found": gettext_noop(
        "Bling's list showed it, and its detail was not found. Read again by the next sync."
    ),
    "not_stored": gettext_noop("The database does not take a value of it (%(message)s); tell support."),
    "crash": gettext_noop("Internal error; tell support."),
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
_BY_KIND = {
    "transient": gettext_noop("%(service)s did not answer as expected. Tried again by itself."),
    "rejected": gettext_noop("%(service)s refused: %(message)s"),
    "config": gettext_noop("%(service)s refused the access: %(message)s. Check the connection's keys and permissions."),
    "conflict": "%(message)s",
    "ambiguous": gettext_noop("Kamino has more than one candidate (%(message)s). Choose, or merge them there."),
    "uncertain": gettext_noop("Sent to %(service)s without an answer; it is looked up before anything is sent again."),
    "internal": gettext_noop("An answer of %(service)s could not be understood: %(message)s"),
}
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
_AS_EVER = ("filter_ignored",)
"""Codes of passing errors that no waiting ends: a person who waits gets their own sentence too."""
IN_TIME = gettext_noop("%(service)s did not answer in time. Try again in a minute.")


def call_text(params: Mapping[str, str]) -> str:
    """Return one sentence for a failed call: `kind` and `code` of its error, `service` and `message`."""
    text = _BY_CODE.get(params.get("code", "")) or _BY_KIND.get(params.get("kind", ""), _BY_KIND["internal"])
    service = params.get("service") or _("The service")
    message = params.get("message", "")
    return _(text) % {"service": service, "message": message.removesuffix(".") if "%(message)s." in text else message}


def list_answer_text(answer: str) -> str:
    """Return what an address said that was tried for a list of titles."""
    text = _BY_ANSWER.get(answer, gettext_noop("Kamino's answer is no list of titles (%(answer)s)."))
    return _(text) % {"answer": answer}


def failure_text(failure: Mapping[str, str]) -> str:
    """Return the sentence for what is stored of a failed call, empty for none. With an `operation` it was left out
    of a run that read the rest. Version 0.1 stored the sentence."""
    if not failure:
        return ""
    text = failure.get("text") or call_text(failure)
    if "operation" not in failure:
        return text
    rest = _("Only this was left out (%(operation)s); the sync is tried again within the hour, then more rarely.")
    return f"{text} {rest % {'operation': failure['operation']}}"


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
    name = _(what) % {"id": note.get("bling_id") or _("without an id"), "operation": note.get("operation", "")}
    return f"{name}: {call_text(note)}"


def live_call_text(params: Mapping[str, str]) -> str:
    """Return the same for a person who waits for an answer now: it is not tried again by itself."""
    if params.get("kind") == "transient" and params.get("code") not in _AS_EVER:
        return _(IN_TIME) % {"service": params.get("service", "")}
    return call_text(params)
