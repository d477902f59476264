"""Text encrypted at rest with a list of Fernet keys: the first encrypts, all decrypt, an unknown key raises.

What is stored is `<key id>:<token>`; the id is a digest of the key, so that a missing key can be named without trying.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models.query_utils import DeferredAttribute


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


@dataclass(frozen=True)
class _Stored:
    """What was loaded from the database and not used yet."""

    text: str


class _Secret(DeferredAttribute):
    """A secret on a row: decrypted when it is used, so that a row can be loaded, shown and saved without its key."""

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        if not isinstance(value, _Stored):
            return value
        try:
            plain = decrypt(value.text)
        except SecretUnreadableError as error:
            raise SecretUnreadableError(f"{type(instance).__name__}.{self.field.name}: {error}") from error
        vars(instance)[self.field.attname] = plain
        return plain

    def __set__(self, instance: Any, value: Any) -> None:
        vars(instance)[self.field.attname] = value


class EncryptedTextField(models.TextField[Any, Any]):
    """A text column whose content only this application can read. Empty text stays empty. Never filter by it.

    Using the attribute raises `SecretUnreadableError` when the key is missing; one that was not used is saved as it was
    stored. So one missing key stops what needs it, and no list or page that only loads the row.
    """

    descriptor_class = _Secret

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = vars(model_instance).get(self.attname)
        return value if isinstance(value, _Stored) else super().pre_save(model_instance, add)

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, _Stored):
            return value.text
        value = super().get_prep_value(value)
        return encrypt(value) if value else value

    def from_db_value(self, value: str | None, *_args: Any) -> str | _Stored | None:
        return _Stored(value) if value else value

    def value_from_object(self, obj: models.Model) -> str:
        """What forms and serializers get: nothing."""
        return ""

    def save_form_data(self, instance: models.Model, data: Any) -> None:
        """A form that gives nothing keeps what is stored."""
        if data:
            super().save_form_data(instance, data)


def kept_secrets(row: models.Model) -> set[str]:
    """Return the names of the secrets of a row that were not used since it was loaded, so stay as they are stored."""
    return {name for name, value in vars(row).items() if isinstance(value, _Stored)}


def has_secret(row: models.Model, name: str) -> bool:
    """Say whether a row has a secret in an `EncryptedTextField`, whether or not it can be read."""
    value = vars(row)[name] if name in vars(row) else getattr(row, name)
    return bool(value)
