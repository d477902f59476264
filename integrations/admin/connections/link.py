"""How a connection gets its authorization: here and now, or by a link for the customer."""

from typing import Any, cast

import structlog
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from integrations.admin.kit import actions, texts
from integrations.admin.kit.base import HistoryAdmin
from integrations.admin.kit.decorators import page_action
from integrations.models import BlingConnection, Tenant
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.access.apps import next_consent
from integrations.pipeline.access.error_texts import error_text
from integrations.pipeline.access.mails import addresses, deliver
from integrations.pipeline.company import authorization
from integrations.rest.errors import ConfigError

log = structlog.get_logger(__name__)


class AddressesForm(forms.Form):
    """Who of the company gets the link: whoever has it can connect an account of theirs."""

    addresses = forms.MultipleChoiceField(
        label=gettext_lazy("E-mail addresses"),
        help_text=gettext_lazy("Those of the company's alerts and daily summary."),
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
    )

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = dict.fromkeys([*addresses(tenant.alert_emails), *addresses(tenant.digest_emails)])
        field = cast(forms.MultipleChoiceField, self.fields["addresses"])
        field.choices = [(address, address) for address in found]
        field.initial = addresses(tenant.alert_emails)


class LinkActions(HistoryAdmin):
    """The buttons "connect", "create link" and "send link" of a Bling connection."""

    @page_action(gettext_lazy("Connect to Bling"), permissions=["connect"], icon="link", variant="primary")
    def connect(self, request: HttpRequest, object_id: str) -> HttpResponse:
        connection = self.get_object_or_deny(request, object_id)
        again = connection.status != ConnectionStatus.NEVER
        return actions.confirm(
            request,
            self,
            title=_("Reconnect to Bling") if again else _("Connect to Bling"),
            text=_(
                "You will be sent to Bling to log in as %(tenant)s and to allow the access. "
                "Use the user of that company, in this browser, within 30 minutes."
            )
            % {"tenant": connection.tenant},
            note=_connect_note(connection),
            submit=_("Reconnect to Bling") if again else _("Connect to Bling"),
            target=reverse("bling-connect", args=[connection.pk]),
            back=actions.page_url(self, connection.pk),
        )

    @page_action(gettext_lazy("Create link for the customer"), permissions=["connect"], icon="add_link")
    def create_link(self, request: HttpRequest, object_id: str) -> HttpResponse:
        connection = self.get_object_or_deny(request, object_id)
        if not _has_app(request, connection):
            return actions.back_to(self, connection.pk)
        if request.method == "POST":
            return self._show_link(request, connection)
        return actions.confirm(
            request,
            self,
            title=_("Create link for the customer"),
            text=_(
                "The customer connects with the link, without a login here. It is valid for 72 hours and works once; "
                "older links of this connection end."
            ),
            submit=_("Create link"),
            back=actions.page_url(self, connection.pk),
        )

    def _show_link(self, request: HttpRequest, connection: BlingConnection) -> HttpResponse:
        now = timezone.now()
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Link for the customer"),
            "connection": connection,
            "link": _new_link(connection, request),
            "until": texts.moment(now + authorization.LINK_LIFETIME),
            "send_url": reverse("admin:integrations_blingconnection_send_link", args=[connection.pk]),
            "back": actions.page_url(self, connection.pk),
        }
        response = TemplateResponse(request, "admin/integrations/connections/link.html", context)
        response["Cache-Control"] = "no-store"
        return response

    @page_action(gettext_lazy("Send link by e-mail"), permissions=["connect"], icon="forward_to_inbox")
    def send_link(self, request: HttpRequest, object_id: str) -> HttpResponse:
        connection = self.get_object_or_deny(request, object_id)
        if not _has_app(request, connection):
            return actions.back_to(self, connection.pk)
        form = AddressesForm(request.POST or None, tenant=connection.tenant)
        if not form.fields["addresses"].choices:  # type: ignore[attr-defined]
            messages.error(request, _("The company has no e-mail address. Give it one, for alerts or for the summary."))
            return actions.back_to(self, connection.pk)
        if request.method == "POST" and form.is_valid():
            _send(request, connection, form.cleaned_data["addresses"])
            return actions.back_to(self, connection.pk)
        return actions.confirm(
            request,
            self,
            title=_("Send link by e-mail"),
            text=_(
                "A new link is made and sent. It is valid for 72 hours and works once; older links of this connection "
                "end."
            ),
            submit=_("Send link"),
            form=form,
            back=actions.page_url(self, connection.pk),
        )


def _connect_note(connection: BlingConnection) -> str:
    text = _("The Bling app must have this callback address: %(url)s")
    lines = [text % {"url": f"{settings.PUBLIC_URL}{reverse('bling-callback')}"}]
    if connection.next_access:
        access = connection.get_next_access_display()
        lines.insert(0, _("What is authorized: %(access)s.") % {"access": access})
    return "\n".join(lines)


def _has_app(request: HttpRequest, connection: BlingConnection) -> bool:
    try:
        next_consent(connection)
    except ConfigError as error:
        messages.error(request, error_text(error))
        return False
    return True


def _new_link(connection: BlingConnection, request: HttpRequest) -> str:
    token = authorization.create_link(connection=connection, user=actions.user_of(request), now=timezone.now())
    return f"{settings.PUBLIC_URL}{reverse('connect-by-link', args=[token])}"


def _send(request: HttpRequest, connection: BlingConnection, recipients: list[str]) -> None:
    link = _new_link(connection, request)
    subject, body = _mail(connection, link)
    if not deliver(subject, body, recipients):
        log.error("link not mailed", connection=connection.pk)
        messages.error(request, _("The e-mail could not be sent. Create the link and send it another way."))
        return
    text = ngettext("Link sent to %(count)s address.", "Link sent to %(count)s addresses.", len(recipients))
    messages.success(request, text % {"count": len(recipients)})


def _mail(connection: BlingConnection, link: str) -> tuple[str, str]:
    """Write the e-mail, always in the customer's language."""
    values: dict[str, Any] = {
        "tenant": " ".join(connection.tenant.name.split()),
        "link": link,
        "until": texts.moment(timezone.now() + authorization.LINK_LIFETIME),
    }
    with translation.override("pt-br"):
        subject = _("Connect the Bling of %(tenant)s to Kamino") % values
        body = _(
            "Hello,\n\nplease open this link and allow the access at Bling, so that the payables and receivables of "
            "%(tenant)s are mirrored from Bling to Kamino:\n\n%(link)s\n\nThe link is valid until %(until)s and works "
            "once. It shows what will be read before anything begins. If you did not expect this e-mail, please "
            "ignore it.\n"
        )
    return subject, body % values
