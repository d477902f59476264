"""The limit of forced settlements that somebody asked for, and a second person's word on it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.admin.kit import actions, texts
from integrations.admin.kit.decorators import display, page_action
from integrations.login.step_up import stepped_up
from integrations.models import Tenant
from integrations.pipeline.company import force_limit


class LimitPages:
    """Buttons that are there while a higher limit, or none, waits for a second person."""

    get_object_or_deny: Any

    @display(gettext_lazy("limit that was asked for"))
    def asked_limit_text(self, tenant: Tenant) -> str:
        return _line(tenant)

    @page_action(gettext_lazy("Approve the limit"), permissions=["limit"], icon="check", variant="primary")
    @stepped_up
    def approve_limit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._decide_limit(request, object_id, force_limit.approve_limit, _("Approve the limit"), _("Approved."))

    @page_action(gettext_lazy("Refuse the limit"), permissions=["limit"], icon="block")
    def refuse_limit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        done = _("Refused; the limit stays as it is.")
        return self._decide_limit(request, object_id, force_limit.refuse_limit, _("Refuse the limit"), done)

    def _decide_limit(self, request: HttpRequest, object_id: str, order: Any, title: str, done: str) -> HttpResponse:
        tenant = self.get_object_or_deny(request, object_id)
        return actions.ask_then(
            request, self, tenant.pk, order, done, given={"tenant": tenant}, title=title,
            text=_("Above the limit each settlement that is forced needs a second person."), note=_line(tenant),
            submit=title, dangerous=True,
        )  # fmt: skip


def say_if_asked(request: HttpRequest, tenant: Tenant) -> None:
    """Tell who has just asked for a higher limit that it does not count yet."""
    if tenant.is_limit_asked:
        text = _("The higher limit counts once another person has approved it on the company's page.")
        messages.warning(request, text)


def _line(tenant: Tenant) -> str:
    if not tenant.is_limit_asked:
        return texts.EMPTY
    before, wanted = (
        _("no limit") if value is None else texts.money(value) for value in (tenant.force_limit, tenant.asked_limit)
    )
    return _("%(wanted)s instead of %(before)s, asked for by %(user)s") % {
        "wanted": wanted, "before": before, "user": tenant.limit_asked_by or texts.EMPTY,
    }  # fmt: skip
