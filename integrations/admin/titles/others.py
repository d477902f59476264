"""Whom to ask: advices name buttons that not everybody has."""

from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

_BUTTONS = {
    gettext_noop("Resync"): "resync_title",
    gettext_noop("Send to Kamino again"): "resolve_posting",
    gettext_noop("Decide"): "resolve_posting",
    gettext_noop("Force settlement in Kamino"): "force_settlement",
    gettext_noop("Create again"): "recreate_posting",
    gettext_noop("Use Bling's"): "resolve_posting",
    gettext_noop("Accept differences"): "resolve_posting",
}
"""The name of a button, as the advices quote it, and the permission that shows it."""


def asked_of_others(request: HttpRequest, text: str) -> list[str]:
    """Return for each button that `text` names and this person does not have who has it."""
    user = request.user
    lacking = {
        name: permission
        for name, permission in _BUTTONS.items()
        if f"“{_(name)}”" in text and not user.has_perm(f"integrations.{permission}")
    }
    groups = {
        permission: Group.objects.filter(permissions__codename=permission)
        .order_by("name")
        .values_list("name", flat=True)
        for permission in lacking.values()
    }
    return [
        _("You do not have “%(button)s”: ask somebody of %(groups)s.")
        % {"button": _(name), "groups": ", ".join(groups[permission]) or _("support")}
        for name, permission in lacking.items()
    ]
