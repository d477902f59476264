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


def _help(name: str) -> Any:
    return ApiKey._meta.get_field(name).help_text  # type: ignore[union-attr]


class KeyForm(forms.Form):
    """What a key is for, and how its requests are read."""

    connection = forms.ModelChoiceField(
        BlingConnection.objects.none(), label=_("Bling connection"), widget=UnfoldAdminSelectWidget()
    )
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
