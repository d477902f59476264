"""Write-only form fields: a stored secret is never shown again, and a blank field keeps it."""

from typing import Any, cast

from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminPasswordWidget

from integrations.models.fields import has_secret


class SecretFormMixin:
    """A model form whose `secret_fields` can be written and never read."""

    secret_fields: tuple[str, ...] = ()
    fields: dict[str, Any]
    instance: Any
    cleaned_data: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.secret_fields:
            if name not in self.fields:
                continue
            field = self.fields[name]
            field.widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}, render_value=False)
            if has_secret(self.instance, name):
                field.required = False
                field.help_text = _("Stored. It is never shown; leave it blank to keep it.")

    def _get_validation_exclusions(self) -> set[str]:
        kept = {name for name in self.secret_fields if not self.cleaned_data.get(name)}
        return cast(set[str], super()._get_validation_exclusions()) | kept  # type: ignore[misc]
