"""The button "Access to Bling" of a connection: reading, or reading and writing, as the customer is asked for next."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminRadioSelectWidget, UnfoldAdminTextInputWidget

from integrations.admin.kit import actions, texts
from integrations.admin.kit.decorators import display, page_action
from integrations.login.step_up import stepped_up
from integrations.models import BlingAccess, BlingConnection
from integrations.pipeline.company import bling_access
from integrations.words.scopes import TO_TICK


class AccessForm(actions.ReasonForm):
    """What the customer is asked for next, and for an own app by which one."""

    field_order = ["access", "client_id", "client_secret", "reason"]
    access = forms.ChoiceField(
        label=gettext_lazy("Access to Bling"), choices=BlingAccess.choices, widget=UnfoldAdminRadioSelectWidget()
    )
    client_id = forms.CharField(
        label=gettext_lazy("client id of the next app"), required=False, max_length=200,
        widget=UnfoldAdminTextInputWidget(),
    )  # fmt: skip
    client_secret = forms.CharField(
        label=gettext_lazy("client secret of the next app"), required=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}, render_value=False),
        help_text=gettext_lazy("It is never shown."),
    )  # fmt: skip

    def __init__(self, *args: Any, has_own_app: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_own_app:
            del self.fields["client_id"], self.fields["client_secret"]


class AccessButton:
    """What a connection's authorization is for, and what its customer is asked for next."""

    get_object_or_deny: Any

    @display(gettext_lazy("access to Bling"))
    def shown_access(self, connection: BlingConnection) -> str:
        return str(connection.get_access_display())

    @display(gettext_lazy("access that the customer is asked for"))
    def shown_next_access(self, connection: BlingConnection) -> str:
        return str(connection.get_next_access_display()) if connection.next_access else texts.EMPTY

    @page_action(gettext_lazy("Access to Bling"), permissions=["activate_writing"], icon="key")
    @stepped_up
    def access_to_bling(self, request: HttpRequest, object_id: str) -> HttpResponse:
        connection = self.get_object_or_deny(request, object_id)
        initial = {"access": connection.next_access or connection.access, "client_id": connection.next_client_id}
        form = AccessForm(request.POST or None, initial=initial, has_own_app=bool(connection.client_id))
        if request.method == "POST" and form.is_valid():
            given = {"client_id": "", "client_secret": "", **form.cleaned_data}
            if actions.carry_out(request, bling_access.ask, _said, connection=connection, **given):
                return actions.back_to(self, connection.pk)
        return actions.confirm(
            request,
            self,
            title=_("Access to Bling: %(name)s") % {"name": connection},
            text=_(
                "Reading goes on as it is until the customer has authorized what is chosen here, by the link of the "
                "connection; who refuses, or never does, changes nothing. Back to reading switches writing off at once."
            ),
            note=_note(connection),
            submit=_("Save"),
            form=form,
            back=actions.page_url(self, connection.pk),
        )


def _note(connection: BlingConnection) -> str:
    """Name what is to be ticked in the app that writes."""
    lines = [
        _("To tick in the app that reads and writes, beside all that the reading needs, each with its sub-items:"),
        *TO_TICK,
    ]
    if connection.client_id:
        lines.append(_("The customer makes a second app: whoever edits the scopes of the first one disconnects it."))
    return "\n".join(lines)


def _said(connection: BlingConnection) -> str:
    if connection.next_access:
        return _("Asked for: %(access)s. Send the customer a link.") % {"access": connection.get_next_access_display()}
    return _("Access to Bling: %(access)s.") % {"access": connection.get_access_display()}
