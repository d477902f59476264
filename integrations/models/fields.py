"""Text encrypted at rest with a list of Fernet keys: the first encrypts, all decrypt, a wrong key raises."""

from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


class SecretUnreadableError(Exception):
    """What is stored was encrypted with a key that is not in FIELD_ENCRYPTION_KEYS."""


def cipher() -> MultiFernet:
    """Return the cipher of the configured keys. Raises `ImproperlyConfigured` for a malformed key."""
    try:
        return MultiFernet([Fernet(key) for key in settings.FIELD_ENCRYPTION_KEYS])
    except ValueError as error:
        raise ImproperlyConfigured(
            "FIELD_ENCRYPTION_KEYS: every key must be 32 url-safe base64 bytes (manage.py make_encryption_key)."
        ) from error


class EncryptedTextField(models.TextField[Any, Any]):
    """A text column whose content only this application can read. Empty text stays empty. Never filter by it."""

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return cipher().encrypt(value.encode()).decode() if value else value

    def from_db_value(self, value: str | None, *_args: Any) -> str | None:
        if not value:
            return value
        try:
            return cipher().decrypt(value.encode()).decode()
        except InvalidToken as error:
            raise SecretUnreadableError(
                f"{self.model.__name__}.{self.name} cannot be decrypted: its key is missing in FIELD_ENCRYPTION_KEYS."
            ) from error
