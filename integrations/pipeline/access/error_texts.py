"""What an error says to a person, in the language of the office: what happened and what to do next."""

from django.utils.translation import gettext as _

from integrations.rest.errors import ApiError, TransientError


def error_text(error: ApiError) -> str:
    """Return one sentence for an error; the technical words follow in brackets."""
    service = error.service or _("The service")
    texts = {
        "host": _("The address of the Kamino connection is not allowed. Correct it on the connection."),
        "sandbox_cn": _("The address is Kamino's sandbox, but the keys are those of a production company."),
        "unconfirmed": _(
            "This operation is not confirmed by Kamino. Allow unconfirmed operations on the Kamino connection."
        ),
        "secret": _("A stored key cannot be decrypted. Enter it again, or put the missing encryption key back."),
        "breaker": _("%(service)s is left alone for a minute after a burst of errors. Tried again by itself."),
        "no_app": _("There is no Bling app: fill in client id and secret on the connection."),
        "never_connected": _("This connection was never authorized at Bling. Connect it."),
        "invalid_client": _("Bling did not accept client id and secret. Correct them and connect again."),
        "invalid_grant": _("Bling no longer accepts this authorization. Connect again."),
        "insufficient_scope": _("The Bling app lacks a permission (scope) that is needed. Tick it and connect again."),
        "possible_duplicate": _(
            "Kamino already has a title of this person with the same value, due within three days (%(message)s). "
            "Link it, or create this one all the same."
        ),
        "many_missing": _(
            "Bling no longer has %(message)s of the titles that it had. Nothing was cancelled; the sync stopped. "
            "If they were really deleted, confirm it on the connection."
        ),
        "html": _("%(service)s answered with a web page instead of data: an outage or a block. Tried again by itself."),
    }
    by_kind = {
        "transient": _("%(service)s did not answer as expected. Tried again by itself."),
        "rejected": _("%(service)s refused: %(message)s"),
        "config": _("%(service)s refused the access: %(message)s. Check the connection's keys and permissions."),
        "conflict": "%(message)s",
        "ambiguous": _("Kamino has more than one candidate (%(message)s). Choose, or merge them there."),
        "uncertain": _("Sent to %(service)s without an answer; it is looked up before anything is sent again."),
        "internal": _("An answer of %(service)s could not be understood: %(message)s"),
    }
    text = texts.get(error.code) or by_kind[error.kind]
    return text % {"service": service, "message": error.message}


def live_error_text(error: ApiError) -> str:
    """Return the same for a person who waits for an answer now: nobody tries again for them."""
    if isinstance(error, TransientError):
        return _("%(service)s did not answer in time. Try again in a minute.") % {"service": error.service}
    return error_text(error)
