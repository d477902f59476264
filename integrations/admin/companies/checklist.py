"""The pages "Pronto para ativar?", "Ativar envio à Kamino" and "Voltar para simulação" of a company."""

from copy import copy
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldBooleanSwitchWidget

from integrations.admin.companies.coverage import coverage_url
from integrations.admin.kit import actions, texts
from integrations.admin.kit.decorators import page_action
from integrations.admin.kit.fields import DayField
from integrations.admin.kit.scope import scoped, sight_for
from integrations.domain.delivery import DeliveryState
from integrations.login.step_up import stepped_up
from integrations.models import PlannedWrite, Posting, Tenant
from integrations.models.planned_writes import PlannedOperation
from integrations.pipeline.company import activation
from integrations.pipeline.company.checklist import (
    AMBER,
    GREEN,
    RED,
    Decisions,
    Line,
    checklist,
    decide,
    payments_since,
    worst,
)
from integrations.queue import enqueue_tick

ICONS = {GREEN: "check_circle", AMBER: "warning", RED: "error"}


class DecisionsForm(forms.ModelForm[Tenant]):
    """What only people can say before a company goes live. It saves nothing itself: `readiness.decide` does."""

    class Meta:
        model = Tenant
        fields = ["settled_from", "closed_until", "nothing_is_closed", "other_integration_off"]
        field_classes = {"settled_from": DayField, "closed_until": DayField}
        widgets = {
            "settled_from": DayField.widget(),
            "closed_until": DayField.widget(),
            "nothing_is_closed": UnfoldBooleanSwitchWidget(),
            "other_integration_off": UnfoldBooleanSwitchWidget(),
        }

    def __init__(self, data: Any, *, tenant: Tenant, today: date) -> None:
        super().__init__(data, instance=copy(tenant), initial={"settled_from": tenant.settled_from or today})
        self.fields["settled_from"].required = True

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or {}
        if data.get("closed_until") and data.get("nothing_is_closed"):
            self.add_error("nothing_is_closed", _("Either a day, or no month at all."))
        return data


class SwitchForm(forms.Form):
    """Why a company goes live, or back to simulation."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=activation.LONGEST_REASON,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )  # fmt: skip


class AwareForm(SwitchForm):
    is_aware = forms.BooleanField(
        label=gettext_lazy("I am aware of these warnings"), widget=UnfoldBooleanSwitchWidget()
    )


class ReadinessPages:
    """The company's page actions around going live."""

    get_object_or_deny: Any
    has_change_permission: Any
    has_activate_permission: Any
    admin_site: Any
    opts: Any

    @page_action(gettext_lazy("Ready to go live?"), permissions=["view"], icon="fact_check")
    def readiness(self, request: HttpRequest, object_id: str) -> HttpResponse:
        tenant = self.get_object_or_deny(request, object_id)
        may_decide = self.has_change_permission(request, tenant)
        today = timezone.localdate()
        sent = request.POST if may_decide and "settled_from" in request.POST else None
        form = DecisionsForm(sent, tenant=tenant, today=today)
        day = tenant.settled_from or today
        if form.is_valid():
            day = form.cleaned_data["settled_from"]
            if "preview" not in request.POST:
                return self._decide(request, tenant, Decisions(**form.cleaned_data))
        lines = checklist(tenant, sight_for(request), now=timezone.now())
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Is %(name)s ready to go live?") % {"name": tenant},
            "tenant": tenant,
            "lines": [(ICONS[line.colour], line, _place(line, tenant, request)) for line in lines],
            "is_red": worst(lines) == RED,
            "form": form if may_decide else None,
            "day": texts.day(day),
            "left_out": texts.left_out(tenant, request),
            "payments": [
                (row, texts.money(row.total), texts.money(row.total_before))
                for row in payments_since(tenant, day, sight_for(request))
            ],
            "activate_url": reverse("admin:integrations_tenant_activate", args=[tenant.pk])
            if self.has_activate_permission(request) and not tenant.is_live
            else "",
            "back": actions.page_url(self, tenant.pk),
        }
        return TemplateResponse(request, "admin/integrations/companies/checklist.html", context)

    def _decide(self, request: HttpRequest, tenant: Tenant, decided: Decisions) -> HttpResponse:
        user, now = actions.user_of(request), timezone.now()
        if decide(tenant=tenant, decisions=decided, user=user, now=now):
            enqueue_tick()
            messages.success(request, _("Decided. The titles that it concerns are planned again."))
        else:
            messages.info(request, _("Nothing was changed."))
        return actions.back_to_action(self, "readiness", tenant.pk)

    @page_action(gettext_lazy("Activate sending to Kamino"), permissions=["activate"], icon="rocket_launch")
    @stepped_up
    def activate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        tenant = self.get_object_or_deny(request, object_id)
        lines = checklist(tenant, sight_for(request), now=timezone.now())
        if tenant.is_live or worst(lines) == RED:
            text = _("Delivery is live already.") if tenant.is_live else _("Correct the red lines first.")
            messages.warning(request, text)
            return actions.back_to_action(self, "readiness", tenant.pk)
        warnings = [line.text for line in lines if line.colour == AMBER]
        form_class = AwareForm if warnings else SwitchForm
        form = form_class(request.POST if "reason" in request.POST else None)
        if form.is_valid():
            order = {"is_aware": form.cleaned_data.get("is_aware", False), "reason": form.cleaned_data["reason"]}
            done = _("Live: what is ready is sent to Kamino from now on.")
            if actions.carry_out(request, activation.activate, done, tenant=tenant, **order):
                return actions.back_to(self, tenant.pk)
            return actions.back_to_action(self, "readiness", tenant.pk)
        return actions.confirm(
            request,
            self,
            title=_("Activate sending to Kamino for %(name)s") % {"name": tenant},
            text=_("Begins to send titles of %(name)s to Kamino, now and with every sync:") % {"name": tenant},
            note="\n".join(_planned(tenant, request)),
            rows=warnings,
            submit=_("Activate sending to Kamino"),
            form=form,
            dangerous=True,
            back=reverse("admin:integrations_tenant_readiness", args=[tenant.pk]),
        )

    @page_action(gettext_lazy("Back to simulation"), permissions=["activate"], icon="pause_circle")
    def to_simulation(self, request: HttpRequest, object_id: str) -> HttpResponse:
        tenant = self.get_object_or_deny(request, object_id)
        form = SwitchForm(request.POST if "reason" in request.POST else None)
        if form.is_valid():
            done = _("Simulation: nothing more is sent to Kamino.")
            reason = form.cleaned_data["reason"]
            actions.carry_out(request, activation.back_to_simulation, done, tenant=tenant, reason=reason)
            return actions.back_to(self, tenant.pk)
        return actions.confirm(
            request,
            self,
            title=_("Take %(name)s back to simulation") % {"name": tenant},
            text=_("Nothing more of %(name)s is sent to Kamino; everything is still read and computed.")
            % {"name": tenant},
            note=_in_flight(tenant, request),
            submit=_("Back to simulation"),
            form=form,
            dangerous=True,
            back=actions.page_url(self, tenant.pk),
        )


def _planned(tenant: Tenant, request: HttpRequest) -> list[str]:
    """Return what would be sent, a line per operation, of what the user sees."""
    rows: Any = scoped(PlannedWrite.objects.filter(kamino_connection__tenant=tenant), request)
    totals = rows.ready().totals()
    lines = [
        ngettext("%(what)s: %(count)s title, %(total)s", "%(what)s: %(count)s titles, %(total)s", row["count"])
        % {
            "what": PlannedOperation(row["operation"]).label,
            "count": row["count"],
            "total": texts.money(row["total"]),
        }
        for row in totals
    ]
    left_out = texts.left_out(tenant, request)
    return [*(lines or [_("Nothing is ready yet; what comes is sent.")]), *([left_out] if left_out else [])]


def _in_flight(tenant: Tenant, request: HttpRequest) -> str:
    states = scoped(Posting.objects.filter(kamino_connection__tenant=tenant), request)
    sending = states.filter(state=DeliveryState.SENDING).count()
    uncertain = states.filter(state=DeliveryState.UNCERTAIN).count()
    text = ngettext(
        "%(count)s delivery is under way and will be finished.",
        "%(count)s deliveries are under way and will be finished.",
        sending,
    ) % {"count": sending}
    if uncertain:
        text += " " + ngettext(
            "%(count)s without confirmation is looked up once delivery is live again.",
            "%(count)s without confirmation are looked up once delivery is live again.",
            uncertain,
        ) % {"count": uncertain}
    return text


def _place(line: Line, tenant: Tenant, request: HttpRequest) -> str:
    """Return where a line is resolved, "" for what is decided on this page or may not be seen."""
    may = request.user.has_perm
    bling, kamino = may("integrations.view_blingconnection"), may("integrations.view_kaminoconnection")
    query = f"?tenant={tenant.pk}"
    simulation = reverse("admin:integrations_plannedwrite_changelist") + query
    places = {
        "bling": reverse("admin:integrations_blingconnection_changelist") + query if bling else "",
        "scopes": reverse("admin:integrations_blingconnection_changelist") + query if bling else "",
        "sync": reverse("admin:integrations_syncrun_changelist") + query,
        "kamino": reverse("admin:integrations_kaminoconnection_changelist") + query if kamino else "",
        "unconfirmed": reverse("admin:integrations_kaminoconnection_changelist") + query if kamino else "",
        "payable_list": reverse("admin:integrations_kaminoconnection_changelist") + query if kamino else "",
        "receivable_list": reverse("admin:integrations_kaminoconnection_changelist") + query if kamino else "",
        "reconciled": reverse("admin:integrations_health"),
        "names": coverage_url(tenant),
        "overdue": f"{simulation}&operation=create&direction__exact=receivable",
        "exact_matches": f"{simulation}&twin=1",
    }
    return "" if line.colour == GREEN and line.code != "names" else places.get(line.code, "")
