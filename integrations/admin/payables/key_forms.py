"""The forms for keys of the bridge: a new one, and one that a customer brings along."""

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

from integrations.models import ApiKey, BlingConnection
from integrations.models.api_keys import LONGEST, ParcelValue, UnknownNames

LARGEST_ID = 2**63 - 1


def _help(name: str) -> Any:
    return ApiKey._meta.get_field(name).help_text  # type: ignore[union-attr]


class SettingsForm(forms.Form):
    """What a key is for, how its requests are read, and what it may do."""

    label = forms.CharField(label=_("What uses it"), max_length=100, widget=UnfoldAdminTextInputWidget())
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
    contact_email = forms.EmailField(
        label=_("E-mail of who looks after the program"), required=False, help_text=_help("contact_email"),
        widget=UnfoldAdminTextInputWidget(),
    )  # fmt: skip
    settles = forms.BooleanField(
        label=_("May settle payables"), required=False, help_text=_help("settles"), widget=UnfoldBooleanSwitchWidget()
    )
    settles_any = forms.BooleanField(
        label=_("May settle every open payable"), required=False, help_text=_help("settles_any"),
        widget=UnfoldBooleanSwitchWidget(),
    )  # fmt: skip
    settle_account_id = forms.IntegerField(
        label=_("Bank account of settlements"), required=False, min_value=1, max_value=LARGEST_ID,
        help_text=_help("settle_account_id"), widget=UnfoldAdminIntegerFieldWidget(),
    )  # fmt: skip

    def clean_settle_account_id(self) -> int:
        return self.cleaned_data["settle_account_id"] or 0


class KeyForm(SettingsForm):
    """A new key of an account."""

    field_order = ["connection", "label"]
    connection = forms.ModelChoiceField(
        BlingConnection.objects.none(), label=_("Bling connection"), widget=UnfoldAdminSelectWidget()
    )

    def __init__(self, *args: Any, connections: QuerySet[BlingConnection], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["connection"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = connections


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
