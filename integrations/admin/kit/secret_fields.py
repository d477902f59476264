"""Write-only form fields: a stored secret is never shown again, and a blank field keeps it."""

from collections.abc import MutableMapping
from typing import Any

from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminPasswordWidget


class SecretFormMixin:
    """A model form whose `secret_fields` can be written and never read."""

    secret_fields: tuple[str, ...] = ()
    fields: dict[str, Any]
    initial: MutableMapping[str, Any]
    instance: Any
    cleaned_data: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stored = {name: getattr(self.instance, name) for name in self.secret_fields}
        for name in self.secret_fields:
            self.initial[name] = ""
            if name not in self.fields:
                continue
            field = self.fields[name]
            field.widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}, render_value=False)
            if self._stored[name]:
                field.required = False
                field.help_text = _("Stored. It is never shown; leave it blank to keep it.")

    def _post_clean(self) -> None:
        for name in self.secret_fields:
            if name in self.cleaned_data and not self.cleaned_data[name]:
                self.cleaned_data[name] = self._stored[name] or ""
        super()._post_clean()  # type: ignore[misc]
