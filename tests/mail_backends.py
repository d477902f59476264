"""Mail backends that do not send: each says so in another way, or dies."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

HERE = "tests.mail_backends"
UNSENT = [f"{HERE}.{name}" for name in ("Refusing", "TakesNone", "SaysNothing", "Broken")]


class Refusing(BaseEmailBackend):
    def send_messages(self, _messages: Sequence[EmailMessage]) -> int:
        raise ConnectionRefusedError


class TakesNone(BaseEmailBackend):
    def send_messages(self, _messages: Sequence[EmailMessage]) -> int:
        return 0


class SaysNothing(BaseEmailBackend):
    def send_messages(self, _messages: Sequence[EmailMessage]) -> None:  # type: ignore[override]
        return None


class Broken(BaseEmailBackend):
    """What a backend of another package raises is no `OSError`."""

    def send_messages(self, _messages: Sequence[EmailMessage]) -> int:
        raise RuntimeError("quota")


class Killed(BaseEmailBackend):
    """The worker dies while it sends."""

    def send_messages(self, _messages: Sequence[EmailMessage]) -> int:
        raise SystemExit
