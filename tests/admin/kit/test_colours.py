"""Every value that a list shows as a coloured word has a colour of its own: a grey raw code says nothing."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.utils import get_fields_from_path
from django.core.exceptions import FieldDoesNotExist


def coloured_columns() -> list[Any]:
    """Return the columns that colour a field with choices: its values, and their colours."""
    found = []
    for model, page in admin.site._registry.items():
        for name in dict.fromkeys([*page.list_display, *page.readonly_fields]):
            column = getattr(page, name, None) if isinstance(name, str) else None
            colours, path = getattr(column, "label", None), getattr(column, "admin_order_field", None)
            if isinstance(colours, Mapping) and isinstance(path, str):
                try:
                    choices = get_fields_from_path(model, path)[-1].choices  # type: ignore[union-attr]
                except FieldDoesNotExist:  # ordered by what the list computes
                    continue
                values = {value for value, _text in choices or () if value}
                if not values & set(colours):  # the list colours something coarser than the value
                    continue
                found.append(pytest.param(values, colours, id=f"{model.__name__}.{name}"))
    return found


@pytest.mark.parametrize(("values", "colours"), coloured_columns())
def test_every_value_has_a_colour(values: set[str], colours: Mapping[str, str]) -> None:
    assert values - set(colours) == set()
