"""The one way in which a command of a person says no."""

from django.utils.translation import gettext as _


class Refused(Exception):
    """Raised when a command cannot be carried out; `message` is a sentence for the person who gave it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def need_reason(reason: str) -> None:
    """Raise `Refused` where a person gave no reason for what is kept with one."""
    if not reason.strip():
        raise Refused("reason", _("Give a reason."))
