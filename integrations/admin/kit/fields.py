"""Fields of forms that read days and amounts as `domain/typed` does, whatever the language of the browser is.

Django's own follow the language: in English 01/12/2026 is the 12th of January, and 12,34 is one thousand two hundred.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSingleDateWidget, UnfoldAdminTextInputWidget

from integrations.domain.typed import read_amount, read_day

DAY_HINT = _("Write a day as 31/12/2026.")


class _Typed:
    """A form field that takes what `read` understands; anything else is `unread`, a sentence."""

    kind: type
    unread: Any
    empty_values: Any
    read: Callable[[str], Any]

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values or isinstance(value, self.kind):
            return super().to_python(value)  # type: ignore[misc]
        if (found := self.read(str(value))) is None:
            raise forms.ValidationError(self.unread, code="invalid", params={"typed": str(value)[:40]})
        return found


class DayField(_Typed, forms.DateField):
    """A day, typed as in Brazil or as ISO writes it."""

    widget = UnfoldAdminSingleDateWidget
    kind = date
    read = staticmethod(read_day)
    unread = _("“%(typed)s” is not a day that exists. Write a day as 31/12/2026.")


class AmountField(_Typed, forms.DecimalField):
    """An amount in reais, typed and shown as in Brazil; never negative."""

    widget = UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"})
    kind = Decimal
    read = staticmethod(read_amount)
    unread = _("“%(typed)s” is not an amount. Write it as 1.234,56.")

    def __init__(self, **more: Any) -> None:
        super().__init__(**{"max_digits": 15, "decimal_places": 2, "min_value": 0, **more})

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, Decimal):
            return value
        return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


FIELDS_OF_MODELS: dict[type[models.Field[Any, Any]], dict[str, Any]] = {
    models.DateField: {"form_class": DayField},
    models.DecimalField: {"form_class": AmountField, "widget": AmountField.widget},
}
"""For `formfield_overrides`: columns of these kinds, on every page that edits a row."""
