"""Text encrypted at rest with a list of Fernet keys: the first encrypts, all decrypt, an unknown key raises.

What is stored is `<key id>:<token>`; the id is a digest of the key, so that a missing key can be named without trying.
"""

import hashlib
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


class SecretUnreadableError(Exception):
    """What is stored was encrypted with a key that is not in FIELD_ENCRYPTION_KEYS."""


def key_id(key: str) -> str:
    """Return the short name of a key; it says nothing about the key."""
    return hashlib.sha256(key.encode()).hexdigest()[:8]


def ciphers() -> dict[str, Fernet]:
    """Return the configured keys by id, the encrypting one first. Raises `ImproperlyConfigured` for a bad key."""
    try:
        return {key_id(key): Fernet(key) for key in settings.FIELD_ENCRYPTION_KEYS}
    except ValueError as error:
        raise ImproperlyConfigured(
            "FIELD_ENCRYPTION_KEYS: every key must be 32 url-safe base64 bytes (manage.py make_encryption_key)."
        ) from error


def encrypt(text: str) -> str:
    """Encrypt with the first key."""
    name, cipher = next(iter(ciphers().items()))
    return f"{name}:{cipher.encrypt(text.encode()).decode()}"


def decrypt(stored: str) -> str:
    """Decrypt with the key that is named in `stored`. Raises `SecretUnreadableError`, never returns rubbish."""
    name, _, token = stored.partition(":")
    cipher = ciphers().get(name)
    if cipher is None:
        raise SecretUnreadableError(f"encrypted with key {name}, which is not in FIELD_ENCRYPTION_KEYS")
    try:
        return cipher.decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise SecretUnreadableError(f"damaged, or encrypted with another key than {name}") from error


class EncryptedTextField(models.TextField[Any, Any]):
    """A text column whose content only this application can read. Empty text stays empty. Never filter by it."""

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return encrypt(value) if value else value

    def from_db_value(self, value: str | None, *_args: Any) -> str | None:
        if not value:
            return value
        try:
            return decrypt(value)
        except SecretUnreadableError as error:
            raise SecretUnreadableError(f"{self.model.__name__}.{self.name}: {error}") from error
