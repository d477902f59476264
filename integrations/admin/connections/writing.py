"""The button "Writing into Bling" of a connection: off, simulation or live, and above which sum a second person."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldBooleanSwitchWidget

from integrations.admin.kit import actions, texts
from integrations.admin.kit.decorators import display, page_action
from integrations.admin.kit.fields import AmountField
from integrations.login.step_up import stepped_up
from integrations.models import BlingConnection, BlingWriting, WriteMode
from integrations.pipeline.company import bling_access
from integrations.pipeline.company import writing as company_writing
from integrations.words.writes import MODE_COLOURS

SWITCHES = ("mode", "limit", "only_writer", "settles", "changes_contacts", "writes_orders")


class WritingForm(actions.ReasonForm):
    """Whether and how a Bling account is written to."""

    field_order = [*SWITCHES, "reason"]
    mode = forms.ChoiceField(
        label=gettext_lazy("Writing into Bling"), choices=WriteMode.choices, widget=UnfoldAdminRadioSelectWidget()
    )
    limit = AmountField(
        label=gettext_lazy("Limit of payables"), required=False,
        help_text=BlingWriting._meta.get_field("limit").help_text,
    )  # fmt: skip
    only_writer = forms.BooleanField(
        label=gettext_lazy("No other system enters the same payables into this Bling account"), required=False,
        widget=UnfoldBooleanSwitchWidget(),
    )  # fmt: skip
    settles = forms.BooleanField(
        label=gettext_lazy("Programs may settle"), required=False,
        help_text=BlingWriting._meta.get_field("settles").help_text, widget=UnfoldBooleanSwitchWidget(),
    )  # fmt: skip
    changes_contacts = forms.BooleanField(
        label=gettext_lazy("Contacts may be changed"), required=False,
        help_text=BlingWriting._meta.get_field("changes_contacts").help_text, widget=UnfoldBooleanSwitchWidget(),
    )  # fmt: skip
    writes_orders = forms.BooleanField(
        label=gettext_lazy("Bills become sales orders"), required=False,
        help_text=BlingWriting._meta.get_field("writes_orders").help_text, widget=UnfoldBooleanSwitchWidget(),
    )  # fmt: skip


class WritingButton:
    """What support decides about writing into one Bling account."""

    get_object_or_deny: Any

    def has_activate_writing_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm("integrations.activate_blingwriting"))

    @display(gettext_lazy("writing into Bling"), label=MODE_COLOURS)
    def writing_mode(self, connection: BlingConnection) -> tuple[str, str]:
        writing = _writing_of(connection)
        return writing.mode, str(writing.get_mode_display())

    @display(gettext_lazy("last error of writing"))
    def writing_error(self, connection: BlingConnection) -> str:
        return _writing_of(connection).error or texts.EMPTY

    @display(gettext_lazy("limit of payables"))
    def writing_limit(self, connection: BlingConnection) -> str:
        return texts.money(_writing_of(connection).limit)

    @page_action(gettext_lazy("Writing into Bling"), permissions=["activate_writing"], icon="edit_note")
    @stepped_up
    def write(self, request: HttpRequest, object_id: str) -> HttpResponse:
        connection = self.get_object_or_deny(request, object_id)
        writing = _writing_of(connection)
        form = WritingForm(
            request.POST or None,
            initial={name: getattr(writing, name) for name in SWITCHES},
        )
        if (
            request.method == "POST"
            and form.is_valid()
            and actions.carry_out(request, company_writing.switch, _said, connection=connection, **form.cleaned_data)
        ):
            return actions.back_to(self, connection.pk)
        if form.is_bound:
            writing.only_writer = bool(form.cleaned_data.get("only_writer"))
        missing = company_writing.missing_for_live(writing, timezone.now())
        return actions.confirm(
            request,
            self,
            title=_("Writing into Bling: %(name)s") % {"name": connection},
            text=_(
                "Payables that people enter here are created in this Bling account, with their suppliers. The app "
                "needs permission for that: Contas a Pagar and Clientes e Fornecedores, to manage and not only to read."
            ),
            note=_note(connection, missing),
            submit=_("Save"),
            form=form,
            dangerous=True,
            back=actions.page_url(self, connection.pk),
        )


def _writing_of(connection: BlingConnection) -> BlingWriting:
    return BlingWriting.objects.filter(connection=connection).first() or BlingWriting(connection=connection)


def _note(connection: BlingConnection, missing: list[str]) -> str:
    lines = [_("Before live delivery:"), *missing] if missing else [_("Everything is ready.")]
    return "\n".join([*lines, *filter(None, [bling_access.unproved(connection)])])


def _said(writing: BlingWriting) -> str:
    return _("Writing into Bling: %(mode)s.") % {"mode": writing.get_mode_display()}
