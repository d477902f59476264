"""Moments in the names of rows."""

from datetime import datetime

from django.utils import timezone


def moment(at: datetime) -> str:
    """Write a moment in Brasília: 21/11/2026 17:05."""
    return f"{timezone.localtime(at):%d/%m/%Y %H:%M}"
