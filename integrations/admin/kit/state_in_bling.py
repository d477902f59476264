"""Filters of what is on its way to Bling."""

from copy import copy
from typing import Any

from django.utils.translation import gettext_lazy

from integrations.admin.kit.filters import ChoicesColumn
from integrations.domain.delivery import DeliveryState

_IN_BLING = {
    DeliveryState.DELIVERED.value: gettext_lazy("Done in Bling"),
    DeliveryState.IGNORED.value: gettext_lazy("Is not sent"),
}


class StateInBling(ChoicesColumn):
    """Some of the states of what Bling should hold: the words for Kamino's would be false."""

    def __init__(self, field: Any, *arguments: Any, **named: Any) -> None:
        told = copy(field)
        told.choices = [(value, _IN_BLING.get(value, label)) for value, label in field.flatchoices]
        super().__init__(told, *arguments, **named)
