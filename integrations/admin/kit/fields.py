"""Fields of forms that read days and amounts as `domain/typed` does, whatever the language of the browser is.

Django's own follow the language: in English 01/12/2026 is the 12th of January, and 12,34 is one thousand two hundred.
"""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSingleDateWidget, UnfoldAdminTextInputWidget

from integrations.domain.typed import read_amount, read_day

DAY_HINT = _("Write a day as 31/12/2026.")


class DayField(forms.DateField):
    """A day, typed as in Brazil or as ISO writes it."""

    widget = UnfoldAdminSingleDateWidget

    def to_python(self, value: Any) -> date | None:
        if value in self.empty_values or isinstance(value, date):
            day: date | None = super().to_python(value)
            return day
        if (day := read_day(str(value))) is None:
            text = _("“%(typed)s” is not a day that exists. Write a day as 31/12/2026.")
            raise forms.ValidationError(text, code="invalid", params={"typed": str(value)[:40]})
        return day


class AmountField(forms.DecimalField):
    """An amount in reais, typed and shown as in Brazil; never negative."""

    widget = UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"})

    def __init__(self, **more: Any) -> None:
        super().__init__(**{"max_digits": 15, "decimal_places": 2, "min_value": 0, **more})

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, Decimal):
            return value
        return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]  # the stubs inherit from whole numbers
        if value in self.empty_values or isinstance(value, Decimal):
            amount: Decimal | None = super().to_python(value)
            return amount
        if (amount := read_amount(str(value))) is None:
            text = _("“%(typed)s” is not an amount. Write it as 1.234,56.")
            raise forms.ValidationError(text, code="invalid", params={"typed": str(value)[:40]})
        return amount


FIELDS_OF_MODELS: dict[type[models.Field[Any, Any]], dict[str, Any]] = {
    models.DateField: {"form_class": DayField},
    models.DecimalField: {"form_class": AmountField, "widget": AmountField.widget},
}
"""For `formfield_overrides`: columns of these kinds, on every page that edits a row."""
