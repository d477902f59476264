"""The history of a row that the audit record watches: what it says of it. Django's log only has what was before it."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from integrations.admin.kit.base import NoAdminLog
from integrations.admin.kit.scope import change_url, row_number, scoped, sees_every_tenant
from integrations.models import AuditEvent

SHOWN = 100
"""The newest; older ones are in the record itself."""


class AuditHistory(NoAdminLog):
    """An admin of rows that the audit record watches: their history shows its events to who may see the record, and
    tells others where they are."""

    object_history_template = "admin/integrations/kit/audit_history.html"

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        model: Any = self.model  # type: ignore[attr-defined] # the admin's
        context = {**(extra_context or {}), **_told(request, model._meta.model_name, row_number(unquote(object_id)))}
        response: HttpResponse = super().history_view(request, object_id, context)  # type: ignore[misc] # the admin's
        return response


def _told(request: HttpRequest, kind: str, number: int | None) -> dict[str, Any]:
    """Return the events about a row, or why the reader sees none or not all of them."""
    if not request.user.has_perm("integrations.view_auditevent"):
        return {"notes": [_("What was done here is in the audit record, which is shown only to who may see it.")]}
    events = scoped(AuditEvent.objects.filter(object_type=kind, object_id=number), request)
    found, notes = list(events.order_by("-at", "-pk")[: SHOWN + 1]), []
    if not sees_every_tenant(request):
        notes.append(_("Events of no company, such as those about permissions, are shown to who sees every company."))
    if len(found) > SHOWN:
        notes.append(_("Only the newest %(count)s; the audit record has them all.") % {"count": SHOWN})
    words: Any = admin.site.get_model_admin(AuditEvent)
    rows = [
        {"url": change_url(row), "at": words.moment(row), "who": words.who(row), "action": words.action_name(row),
         "told": words.told(row)}
        for row in found[:SHOWN]
    ]  # fmt: skip
    return {"notes": notes, "events": rows, "may_see_events": True}
