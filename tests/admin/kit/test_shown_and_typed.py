"""What a page shows can be typed there, in every language: a day that is read back is the same day."""

from datetime import date
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import translation

from integrations.admin.kit import texts
from integrations.domain.typed import read_amount, read_day

LANGUAGES = [code for code, _name in settings.LANGUAGES]


@pytest.mark.parametrize("language", LANGUAGES)
def test_days_and_amounts_are_shown_as_they_are_read(language: str) -> None:
    day, amount = date(2026, 12, 1), Decimal("1590755.22")
    with translation.override(language):
        assert read_day(texts.day(day)) == day
        assert read_amount(texts.money(amount).replace("\u00a0", " ")) == amount
