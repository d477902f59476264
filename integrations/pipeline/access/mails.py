"""Mails to people: short, without personal data."""

from collections.abc import Sequence
from datetime import timedelta

import structlog
from django.core.mail import send_mail

log = structlog.get_logger(__name__)

CLAIM = timedelta(minutes=5)
"""How long a mail belongs to the worker that sends it, which takes seconds: after that it has died."""


def addresses(text: str) -> list[str]:
    """Return the addresses in a field that takes one per line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def send(subject: str, text: str, recipients: Sequence[str]) -> bool:
    """Send one mail about the service; see `deliver`."""
    return deliver(f"[Bling → Kamino] {subject}", text, recipients)


def deliver(subject: str, text: str, recipients: Sequence[str]) -> bool:
    """Send one mail; true only when the backend says that it took it. Anything else but no recipients is logged."""
    if not recipients:
        return False
    try:
        taken = send_mail(subject, text, None, list(recipients))
    except Exception as error:  # no server; a line break in a name; whatever a backend of another package raises
        log.error("mail not sent", error=type(error).__name__)
        return False
    if taken != 1:
        log.error("mail not sent", error=f"the backend took {taken}")
    return taken == 1
