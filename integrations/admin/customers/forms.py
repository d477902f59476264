"""The form by which a person says whose data of a customer count."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminRadioSelectWidget

from integrations.admin.kit import actions
from integrations.domain.contact_merge import Difference, Side
from integrations.words.customers import field_name

_PREFIX = "field_"


class SidesForm(actions.ReasonForm):
    """One question for each field on which a system and Bling differ; `asked` names what the page showed."""

    asked = forms.CharField(widget=forms.HiddenInput())

    def __init__(self, *args: Any, differences: Sequence[Difference], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for one in differences:
            self.fields[_PREFIX + one.field] = forms.ChoiceField(
                label=field_name(one.field), required=False, initial="", widget=UnfoldAdminRadioSelectWidget(),
                choices=[
                    (Side.SYSTEM.value, _("The system: %(value)s") % {"value": one.system}),
                    (Side.BLING.value, _("Bling: %(value)s") % {"value": one.bling or _("(empty)")}),
                    ("", _("Not decided yet")),
                ],
            )  # fmt: skip
        self.order_fields([_PREFIX + one.field for one in differences])

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        sides = {name.removeprefix(_PREFIX): value for name, value in found.items() if name.startswith(_PREFIX)}
        return {"asked": found.get("asked", ""), "reason": found.get("reason", ""), "sides": sides}
