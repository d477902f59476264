"""Forms that ask for the number of something in Bling."""

from django import forms
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from integrations.admin.kit import actions

LARGEST_ID = 2**63 - 1


class ContactForm(actions.ReasonForm):
    """The number of a contact in Bling, empty where it is none of those that Bling has."""

    field_order = ["contact_id", "reason"]
    contact_id = forms.IntegerField(
        label=gettext_lazy("Id of the contact in Bling"), required=False, min_value=1, max_value=LARGEST_ID,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text=gettext_lazy("Empty: it is none of them, and a new contact is registered."),
    )  # fmt: skip

    def clean_contact_id(self) -> int:
        return self.cleaned_data["contact_id"] or 0


class NumberForm(actions.ReasonForm):
    """The number of something in Bling, and how a person knows."""

    field_order = ["bling_id", "reason"]
    bling_id = forms.IntegerField(
        label=gettext_lazy("Bling id"), min_value=1, max_value=LARGEST_ID, widget=UnfoldAdminIntegerFieldWidget()
    )
