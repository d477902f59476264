"""What people decide about a connection: pause it, resume it, accept a held company, disconnect."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from integrations.admin.kit import actions, texts
from integrations.admin.kit.base import HistoryAdmin
from integrations.admin.kit.decorators import page_action
from integrations.models import BlingConnection
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.company import connection_state
from integrations.pipeline.desk.deletions import confirm_deletions, deletions_to_confirm
from integrations.queue import enqueue_tick


class CountForm(forms.Form):
    """How many deletions the page showed."""

    counted = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


class StateActions(HistoryAdmin):
    """The buttons "pause", "resume", "accept", "confirm deletions" and "disconnect" of a Bling connection."""

    @page_action(gettext_lazy("Pause"), permissions=["connect"], icon="pause")
    def pause(self, request: HttpRequest, object_id: str) -> HttpResponse:
        connection = self.get_object_or_deny(request, object_id)
        if request.method == "POST":
            if connection_state.pause(connection=connection, user=actions.user_of(request), now=timezone.now()):
                messages.success(request, _("Paused. Nothing more is read from Bling until somebody resumes it."))
            else:
                messages.warning(request, _("Nothing was changed: only a connected connection can be paused."))
            return actions.back_to(self, connection.pk)
        return actions.confirm(
            request,
            self,
            title=_("Pause %(name)s") % {"name": connection},
            text=_(
                "Nothing is read from this Bling account until somebody resumes it. What waits for Kamino is still "
                "sent, and the authorization stays alive."
            ),
            submit=_("Pause"),
            back=actions.page_url(self, connection.pk),
        )

    @page_action(gettext_lazy("Resume"), permissions=["connect"], icon="play_arrow", variant="primary")
    def resume(self, request: HttpRequest, object_id: str) -> HttpResponse:
        connection = self.get_object_or_deny(request, object_id)
        if request.method == "POST":
            if connection_state.resume(connection=connection, user=actions.user_of(request), now=timezone.now()):
                enqueue_tick()
                messages.success(request, _("Resumed. A sync that catches up was queued."))
            else:
                messages.warning(request, _("Nothing was changed: the connection was not paused."))
            return actions.back_to(self, connection.pk)
        return actions.confirm(
            request,
            self,
            title=_("Resume %(name)s") % {"name": connection},
            text=_("Bling is read again, and what changed meanwhile is caught up with at once."),
            submit=_("Resume"),
            back=actions.page_url(self, connection.pk),
        )

    @page_action(gettext_lazy("Accept this company"), permissions=["connect"], icon="check", variant="primary")
    def accept(self, request: HttpRequest, object_id: str) -> HttpResponse:
        connection = self.get_object_or_deny(request, object_id)
        if request.method == "POST":
            if connection_state.accept_held(connection=connection, user=actions.user_of(request), now=timezone.now()):
                enqueue_tick()
                name = connection.company_name or connection.label
                messages.success(request, _("%(company)s was accepted. Its first sync was queued.") % {"company": name})
            else:
                messages.warning(request, _("Nothing was changed: the connection was not held."))
            return actions.back_to(self, connection.pk)
        return actions.confirm(
            request,
            self,
            title=_("Accept this company"),
            text=_(
                "The titles of the company that came will be mirrored for %(tenant)s, beside what is connected already."
            )
            % {"tenant": connection.tenant},
            note=held_text(connection),
            submit=_("Accept this company"),
            dangerous=True,
            back=actions.page_url(self, connection.pk),
        )

    @page_action(gettext_lazy("Confirm deletions"), permissions=["connect"], icon="delete_sweep", variant="primary")
    def confirm_deletions(self, request: HttpRequest, object_id: str) -> HttpResponse:
        connection = self.get_object_or_deny(request, object_id)
        count = deletions_to_confirm(connection)
        form = CountForm(request.POST or None, initial={"counted": count})
        if request.method == "POST" and form.is_valid():
            confirm_deletions(
                connection=connection, counted=form.cleaned_data["counted"], user=actions.user_of(request),
                now=timezone.now(),
            )  # fmt: skip
            enqueue_tick()
            messages.success(request, _("Confirmed. A sync was queued; titles missing again then count as deleted."))
            return actions.back_to(self, connection.pk)
        return actions.confirm(
            request,
            self,
            title=_("Confirm the deletions of %(name)s") % {"name": connection},
            text=ngettext(
                "%(count)s title is no longer in Bling. Confirm only if somebody really deleted it there: after two "
                "syncs it counts as deleted. If more than that is gone by then, the sync stops again.",
                "%(count)s titles are no longer in Bling. Confirm only if somebody really deleted them there: after "
                "two syncs they count as deleted. If even more are gone by then, the sync stops again.",
                count,
            )
            % {"count": count},
            form=form,
            submit=_("Confirm deletions"),
            dangerous=True,
            back=actions.page_url(self, connection.pk),
        )

    @page_action(gettext_lazy("Disconnect"), permissions=["connect"], icon="link_off")
    def disconnect(self, request: HttpRequest, object_id: str) -> HttpResponse:
        connection = self.get_object_or_deny(request, object_id)
        if request.method == "POST":
            confirmed = connection_state.disconnect(
                connection=connection, user=actions.user_of(request), now=timezone.now()
            )
            if confirmed is False:
                messages.warning(request, _("Disconnected here. Bling did not confirm it: revoke the app there too."))
            else:
                messages.success(request, _("Disconnected from Bling. The titles read so far are kept."))
            return actions.back_to(self, connection.pk)
        held = connection.status == ConnectionStatus.HELD
        return actions.confirm(
            request,
            self,
            title=_("Disconnect %(name)s") % {"name": connection},
            text=_("Nothing more is read from this Bling account until somebody connects it again. Titles are kept."),
            note=held_text(connection) if held else "",
            submit=_("Disconnect"),
            dangerous=True,
            back=actions.page_url(self, connection.pk),
        )


def held_text(connection: BlingConnection) -> str:
    """Say which company was expected and which one came."""
    tenant = connection.tenant
    expected = _company(tenant.name, tenant.cnpj)
    live = BlingConnection.objects.filter(tenant=tenant).exclude(pk=connection.pk).exclude(company_id="")
    connected = [_company(row.company_name or row.label, row.company_cnpj) for row in live.order_by("label")]
    lines = [
        _("Expected: %(company)s") % {"company": expected},
        _("Came: %(company)s") % {"company": _company(connection.company_name, connection.company_cnpj)},
    ]
    if connected:
        lines.insert(1, _("Connected so far: %(companies)s") % {"companies": ", ".join(connected)})
    if not connection.may_be_accepted:
        lines.append(_("This connection holds titles of another company: disconnect it, and connect the right one."))
    return "\n".join(lines)


def _company(name: str, cnpj: str) -> str:
    return f"{name or texts.EMPTY} · CNPJ {texts.document(cnpj, whole=True)}"
