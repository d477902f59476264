"""Words for the history of a row: its changes as its page writes them."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _
from simple_history.models import ModelChange, ModelDelta
from simple_history.template_utils import HistoricalRecordContextHelper

from integrations.admin.kit import texts


class HistoryWords(HistoricalRecordContextHelper):  # type: ignore[misc]
    """Names the values of changes: a choice by its name, days, moments, yes and no as people write them."""

    def decisions(self, before: Any, fields: Iterable[str]) -> list[dict[str, Any]]:
        """Return those of `fields` that changed since the record `before`, for the template."""
        pairs = [(name, getattr(before, name), getattr(self.record, name)) for name in fields]
        changes = [ModelChange(name, old, new) for name, old, new in pairs if old != new]
        delta = ModelDelta(changes, [change.field for change in changes], before, self.record)
        return list(self.context_for_delta_changes(delta))

    def prepare_delta_change_value(self, change: Any, value: Any) -> Any:
        shown = super().prepare_delta_change_value(change, value)
        names = dict(getattr(self.model._meta.get_field(change.field), "flatchoices", None) or ())
        if shown is None or shown == "":
            return texts.EMPTY
        if isinstance(shown, bool):
            return _("Yes") if shown else _("No")
        if isinstance(shown, datetime):
            return texts.moment(shown)
        if isinstance(shown, date):
            return texts.day(shown)
        return names.get(shown, shown) if isinstance(shown, str) else shown
