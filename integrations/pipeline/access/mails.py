"""Mails to people: short, without personal data."""

from collections.abc import Sequence

import structlog
from django.core.mail import send_mail

log = structlog.get_logger(__name__)


def addresses(text: str) -> list[str]:
    """Return the addresses in a field that takes one per line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def send(subject: str, text: str, recipients: Sequence[str]) -> bool:
    """Send one mail; false when nobody is named or the mail server did not take it (which is logged)."""
    if not recipients:
        return False
    try:
        send_mail(f"[Bling → Kamino] {subject}", text, None, list(recipients))
    except (OSError, ValueError) as error:  # no mail server; a line break in a name
        log.error("mail not sent", error=type(error).__name__)
        return False
    return True
