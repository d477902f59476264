"""The forms for keys of programs: a new one, one that a customer brings along, and one of our API."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from integrations.admin.kit.fields import AmountField
from integrations.models import ApiKey, BlingConnection, CatalogItem
from integrations.models.api_keys import LONGEST, MOST_SYSTEM, CustomersDirection, ParcelValue, Prefers, UnknownNames


def _help(name: str) -> Any:
    return ApiKey._meta.get_field(name).help_text  # type: ignore[union-attr]


class LabelForm(forms.Form):
    """What a key is for, and who looks after it."""

    label = forms.CharField(label=_("What uses it"), max_length=100, widget=UnfoldAdminTextInputWidget())
    contact_email = forms.EmailField(
        label=_("E-mail of who looks after the program"), required=False, help_text=_help("contact_email"),
        widget=UnfoldAdminTextInputWidget(),
    )  # fmt: skip


class SettingsForm(LabelForm):
    """How the requests of a key of the bridge are read, and what it may do."""

    parcel_value = forms.ChoiceField(
        label=_("Value of installments"), choices=ParcelValue.choices, required=False, help_text=_help("parcel_value"),
        widget=UnfoldAdminRadioSelectWidget(),
    )  # fmt: skip
    unknown_names = forms.ChoiceField(
        label=_("Unknown categories and portadores"), choices=UnknownNames.choices, initial=UnknownNames.IGNORE,
        widget=UnfoldAdminRadioSelectWidget(),
    )  # fmt: skip
    window_hours = forms.IntegerField(
        label=_("Hours within which a request is the same"), min_value=1, max_value=720, initial=24,
        help_text=_help("window_hours"), widget=UnfoldAdminIntegerFieldWidget(),
    )  # fmt: skip
    success_status = forms.TypedChoiceField(
        label=_("HTTP status of success"), choices=[(201, "201"), (200, "200")], coerce=int, initial=201,
        widget=UnfoldAdminSelectWidget(),
    )  # fmt: skip
    allows_query = forms.BooleanField(
        label=_("Key in the address"), required=False, help_text=_help("allows_query"),
        widget=UnfoldBooleanSwitchWidget(),
    )  # fmt: skip
    limit = AmountField(label=_("Limit of 24 hours"), required=False, help_text=_help("limit"))
    settles = forms.BooleanField(
        label=_("May settle payables"), required=False, help_text=_help("settles"), widget=UnfoldBooleanSwitchWidget()
    )
    settles_any = forms.BooleanField(
        label=_("May settle every open payable"), required=False, help_text=_help("settles_any"),
        widget=UnfoldBooleanSwitchWidget(),
    )  # fmt: skip


class ChangeForm(SettingsForm):
    """The settings of a key that there is, with the bank accounts of its Bling account to choose from."""

    settle_account_id = forms.TypedChoiceField(
        label=_("Bank account of settlements"), required=False, coerce=int,
        help_text=_("The portador of payables that name none."), widget=UnfoldAdminSelectWidget(),
    )  # fmt: skip

    def __init__(self, *args: Any, accounts: Mapping[int, CatalogItem], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["settle_account_id"]
        assert isinstance(field, forms.TypedChoiceField)
        names = {number: str(row) for number, row in accounts.items()}
        now = self.initial.get("settle_account_id") or 0
        if now and now not in names:  # else what is saved beside it would take it away unseen
            names[now] = _("%(number)s (not active in Bling)") % {"number": now}
        field.choices = [("", _("None: such payables are not settled")), *names.items()]

    def clean_settle_account_id(self) -> int:
        return self.cleaned_data["settle_account_id"] or 0


class OfConnection(forms.Form):
    """Which Bling account a new key is for."""

    connection = forms.ModelChoiceField(
        BlingConnection.objects.none(), label=_("Bling connection"), widget=UnfoldAdminSelectWidget()
    )

    def __init__(self, *args: Any, connections: QuerySet[BlingConnection], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["connection"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = connections


class KeyForm(OfConnection, SettingsForm):
    """A new key of the bridge. The bank account of its settlements is chosen once its Bling account is known."""

    field_order = ["connection", "label"]


class ApiKeyForm(OfConnection, LabelForm):
    """A new key of our API. What it may do stays as it is made: another key of the same system may do otherwise."""

    field_order = ["connection", "label", "system", "customers", "prefers", "bills", "contact_email"]
    system = forms.CharField(
        label=_("System"), max_length=MOST_SYSTEM, help_text=_help("system"), widget=UnfoldAdminTextInputWidget(),
        validators=ApiKey._meta.get_field("system").validators,
    )  # fmt: skip
    customers = forms.ChoiceField(
        label=_("Customers"), choices=CustomersDirection.choices, required=False,
        widget=UnfoldAdminRadioSelectWidget(),
    )  # fmt: skip
    prefers = forms.ChoiceField(
        label=_("Who is right"), choices=Prefers.choices, required=False, initial=Prefers.ASK,
        help_text=_help("prefers"), widget=UnfoldAdminRadioSelectWidget(),
    )  # fmt: skip
    bills = forms.BooleanField(
        label=_("May send bills"), required=False, help_text=_help("bills"), widget=UnfoldBooleanSwitchWidget()
    )

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if not found.get("customers") and not found.get("bills") and "customers" not in self.errors:
            self.add_error("customers", _("Choose what the system may do: customers, bills or both."))
        return found


class OldKeyForm(KeyForm):
    """A key that a customer has for Bling's API v2; it is never shown again."""

    field_order = ["connection", "label", "key"]
    key = forms.CharField(
        label=_("Key of Bling's API v2"), max_length=LONGEST,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
        help_text=_("Only the program's address changes then. It is kept as a digest, and cannot be shown again."),
    )  # fmt: skip


class ConfirmForm(forms.Form):
    """What a person confirms, as the page showed it."""

    asked = forms.CharField(widget=forms.HiddenInput())
