"""All encrypted columns together: which keys they were written with, and writing them again with the newest one."""

from collections.abc import Iterator
from typing import Any

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.db import connection, models, transaction

from integrations.models.fields import EncryptedTextField, ciphers, decrypt, encrypt


def encrypted_columns() -> Iterator[tuple[type[models.Model], EncryptedTextField]]:
    """Yield every model and column that holds secrets."""
    for model in apps.get_app_config("integrations").get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, EncryptedTextField):
                yield model, field


def stored_key_ids() -> set[str]:
    """Return the ids of all keys that stored secrets were written with."""
    found: set[str] = set()
    with connection.cursor() as cursor:
        for model, field in encrypted_columns():
            table, column = (connection.ops.quote_name(name) for name in (model._meta.db_table, str(field.column)))
            cursor.execute(f"SELECT DISTINCT left(split_part({column}, ':', 1), 8) FROM {table} WHERE {column} <> ''")  # noqa: S608
            found |= {row[0] for row in cursor.fetchall()}
    return found | {secret.partition(":")[0] for factor in _factors() for secret in _secrets_of(factor).values()}


def rotate() -> int:
    """Encrypt everything with the first key; returns how many values were rewritten. May be repeated at any time."""
    newest, count = next(iter(ciphers())), 0
    for model, field in encrypted_columns():
        table, column = (connection.ops.quote_name(name) for name in (model._meta.db_table, str(field.column)))
        primary_key = connection.ops.quote_name(str(model._meta.pk.column if model._meta.pk else "id"))
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {primary_key} FROM {table} WHERE {column} <> '' AND {column} NOT LIKE %s",  # noqa: S608
                [f"{newest}:%"],
            )
            rows = [row[0] for row in cursor.fetchall()]
        for row in rows:
            # One row at a time, locked: a refresh that writes a new token meanwhile is not undone.
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT {column} FROM {table} WHERE {primary_key} = %s FOR UPDATE",  # noqa: S608
                    [row],
                )
                stored = cursor.fetchone()[0]
                cursor.execute(
                    f"UPDATE {table} SET {column} = %s WHERE {primary_key} = %s",  # noqa: S608
                    [encrypt(decrypt(stored)), row],
                )
                count += 1
    for pk in _factors().values_list("pk", flat=True):
        with transaction.atomic():
            factor = _factors().select_for_update().get(pk=pk)
            old = {name: text for name, text in _secrets_of(factor).items() if not text.startswith(f"{newest}:")}
            if old:
                factor.data |= {name: encrypt(decrypt(text)) for name, text in old.items()}
                factor.save(update_fields=["data"])
            count += len(old)
    return count


def _factors() -> models.QuerySet[Any]:
    """Return people's second factors whose secrets django-allauth keeps in JSON (`login/adapters.FactorAdapter`)."""
    rows: models.QuerySet[Any] = Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN).order_by("pk")
    return rows


def _secrets_of(factor: Any) -> dict[str, str]:
    return {name: factor.data[name] for name in ("secret", "seed") if factor.data.get(name)}
