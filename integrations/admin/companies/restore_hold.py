"""What waits after a restore of the database: until Kamino was read again, or until a person releases it."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from integrations.admin.kit import actions, texts
from integrations.admin.kit.base import ReadOnlyAdmin
from integrations.admin.kit.decorators import display, page_action
from integrations.admin.kit.filters import ChoiceColumn, TenantFilter
from integrations.admin.kit.scope import sight_for, sight_told, told_sight
from integrations.domain.money import ZERO
from integrations.models import RestoreHold
from integrations.pipeline.desk import restores

_COLOURS = {"reading": "info", "person": "danger", "proved": "success", "released": "warning"}


class ReleaseForm(actions.ReasonForm):
    """The reason, and what the page showed."""

    count = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    total = forms.DecimalField(localize=False, widget=forms.HiddenInput)


@admin.register(RestoreHold)
class RestoreHoldAdmin(actions.PermittedActions, ReadOnlyAdmin):
    empty_text = gettext_lazy("The database was never restored.")
    tenant_path = "kamino_connection__tenant"
    list_display = ["began", "company", "direction", "state", "waits"]
    list_filter = [TenantFilter, ("direction", ChoiceColumn)]
    list_select_related = ["kamino_connection__tenant", "released_by"]
    fields = ["company", "direction", "began", "state", "waits", "released_by", "reason"]
    readonly_fields = ["company", "began", "state", "waits"]
    actions_detail = ["release"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return told_sight(super().get_queryset(request).select_related(*self.list_select_related), request)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        is_open = RestoreHold.objects.filter(RestoreHold.OPEN, pk=object_id).exists()
        return super().get_actions_detail(request, object_id) if is_open else []

    @display(gettext_lazy("since"), ordering="since")
    def began(self, hold: RestoreHold) -> str:
        return texts.moment(hold.since)

    @display(gettext_lazy("company"), ordering="kamino_connection__tenant__name")
    def company(self, hold: RestoreHold) -> str:
        return str(hold.kamino_connection.tenant)

    @display(gettext_lazy("state"), label=_COLOURS)
    def state(self, hold: RestoreHold) -> tuple[str, Any]:
        if hold.released_by_id is not None:
            return "released", gettext_lazy("Released by a person")
        if hold.ended_at is not None:
            return "proved", gettext_lazy("Ended: Kamino was read")
        if hold.looked_at is not None:
            return "person", gettext_lazy("Waits for a person: Kamino's list does not tell what it holds")
        return "reading", gettext_lazy("Waits until Kamino was read")

    @display(gettext_lazy("titles"))
    def waits(self, hold: RestoreHold) -> str:
        if hold.ended_at is not None:
            seen = restores.Waiting(hold.released_count or 0, hold.released_total or ZERO)
            return _in_words(seen) if hold.released_by_id is not None else texts.EMPTY
        query = urlencode({"worklist": "restored", "tenant": hold.kamino_connection.tenant_id})
        url = f"{reverse('admin:integrations_posting_changelist')}?{query}"
        return texts.anchor(url, _in_words(restores.waiting(hold, sight_told(hold))))

    @page_action(gettext_lazy("Release"), permissions=["release"], icon="lock_open", variant="primary")
    def release(self, request: HttpRequest, object_id: str) -> HttpResponse:
        hold = self.get_object_or_deny(request, object_id)
        form = ReleaseForm(request.POST if "reason" in request.POST else None)
        if form.is_valid():
            seen = restores.Waiting(form.cleaned_data["count"], form.cleaned_data["total"])
            done = _("Released: %(what)s. It is sent now.") % {"what": _in_words(seen)}
            reason = form.cleaned_data["reason"]
            actions.carry_out(request, restores.release, done, hold=hold, seen=seen, reason=reason)
            return actions.back_to(self, hold.pk)
        now = restores.waiting(hold, sight_for(request))
        if not form.is_bound:
            form = ReleaseForm(initial={"count": now.count, "total": now.total})
        return actions.confirm(
            request,
            self,
            title=_("Release %(name)s") % {"name": hold},
            text=_(
                "The database was restored, and Kamino's list does not tell what it holds: each of these titles may "
                "have been sent before. Those that Kamino has are created or paid there a second time."
            ),
            note=_(
                "%(what)s. Before that, for each that Kamino has: “Link” on the title where its list shows it, “Do not "
                "sync” where not."
            )
            % {"what": _in_words(now)},
            form=form,
            submit=_("Release"),
            dangerous=True,
            back=actions.page_url(self, hold.pk),
        )


def _in_words(seen: restores.Waiting) -> str:
    text = ngettext("%(count)s title, %(total)s", "%(count)s titles, %(total)s", seen.count)
    return text % {"count": seen.count, "total": texts.money(seen.total)}
