"""The pages "Encerrar empresa" and "Reabrir empresa"."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.admin.companies.checklist import SwitchForm
from integrations.admin.kit import actions, texts
from integrations.admin.kit.decorators import page_action
from integrations.pipeline.company import closing


class ClosingPages:
    """A company's account ends, or goes on after all."""

    get_object_or_deny: Any

    @page_action(gettext_lazy("Close company"), permissions=["close"], icon="domain_disabled")
    def close_company(self, request: HttpRequest, object_id: str) -> HttpResponse:
        tenant = self.get_object_or_deny(request, object_id)
        text = _(
            "Nothing more is read or sent, and Bling's authorization is revoked. After %(days)s days everything about "
            "%(name)s is deleted here; until then it can be reopened. Bling and Kamino keep what they have."
        )
        return self._ask(
            request,
            tenant,
            closing.close,
            done=_("Closed. It can be reopened until it is deleted."),
            title=_("Close %(name)s") % {"name": tenant},
            text=text % {"days": closing.KEPT_FOR.days, "name": tenant},
            submit=_("Close company"),
            dangerous=True,
        )

    @page_action(gettext_lazy("Reopen company"), permissions=["close"], icon="domain_add", variant="primary")
    def reopen_company(self, request: HttpRequest, object_id: str) -> HttpResponse:
        tenant = self.get_object_or_deny(request, object_id)
        text = _("%(name)s is to be deleted on %(day)s. Reopened, it is in simulation; connect Bling again then.")
        return self._ask(
            request,
            tenant,
            closing.reopen,
            done=_("Reopened, in simulation. Connect Bling again."),
            title=_("Reopen %(name)s") % {"name": tenant},
            text=text % {"name": tenant, "day": texts.day(tenant.delete_on)},
            submit=_("Reopen company"),
        )

    def _ask(self, request: HttpRequest, tenant: Any, order: Any, *, done: str, **page: Any) -> HttpResponse:
        form = SwitchForm(request.POST if "reason" in request.POST else None)
        if form.is_valid():
            actions.carry_out(request, order, done, tenant=tenant, reason=form.cleaned_data["reason"])
            return actions.back_to(self, tenant.pk)
        return actions.confirm(request, self, form=form, back=actions.page_url(self, tenant.pk), **page)
