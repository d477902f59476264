"""Secrets at rest: key ids, rotation, and a clear word when a key is missing."""

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import CommandError
from django.core.serializers import serialize
from django.db import connection
from django.forms import model_to_dict

from integrations.models import BlingToken, KaminoConnection
from integrations.models.fields import SecretUnreadableError, decrypt, encrypt, key_id
from integrations.models.secrets import stored_key_ids
from tests.flows.helpers import Company


def test_a_secret_comes_back_and_is_not_stored_in_clear(company: Company) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT refresh_token FROM integrations_blingtoken")
        stored = cursor.fetchone()[0]
    plain = BlingToken.objects.get().refresh_token
    assert plain not in stored
    assert decrypt(stored) == plain


def test_rotation_writes_everything_with_the_new_key(company: Company, settings: Any) -> None:
    old = settings.FIELD_ENCRYPTION_KEYS
    new = Fernet.generate_key().decode()
    before = KaminoConnection.objects.get().hash
    settings.FIELD_ENCRYPTION_KEYS = [new, *old]
    call_command("rotate_keys")
    assert stored_key_ids() == {key_id(new)}
    settings.FIELD_ENCRYPTION_KEYS = [new]
    assert KaminoConnection.objects.get().hash == before
    company.sync()


def test_a_missing_key_is_named_by_the_startup_check_and_changes_nothing(company: Company, settings: Any) -> None:
    name = key_id(settings.FIELD_ENCRYPTION_KEYS[0])
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    found = [error for error in run_checks(databases=["default"]) if error.id == "integrations.E005"]
    assert name in found[0].msg
    token = BlingToken.objects.get()
    with pytest.raises(SecretUnreadableError, match=name):
        _ = token.refresh_token
    with pytest.raises(CommandError, match=name):
        call_command("rotate_keys")


def test_a_row_whose_key_is_missing_is_saved_as_it_was_stored(company: Company, settings: Any) -> None:
    keys = settings.FIELD_ENCRYPTION_KEYS
    before = KaminoConnection.objects.get().hash
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    kamino = KaminoConnection.objects.get()
    kamino.is_paused, kamino.usr = True, "novo"
    kamino.save()
    settings.FIELD_ENCRYPTION_KEYS += keys
    kamino = KaminoConnection.objects.get()
    assert (kamino.is_paused, kamino.usr, kamino.hash) == (True, "novo", before)


def test_forms_and_serializers_never_get_a_secret(company: Company) -> None:
    kamino = KaminoConnection.objects.get()
    assert {model_to_dict(kamino)[name] for name in ("app", "id_usr", "usr", "hash")} == {""}
    assert kamino.hash not in serialize("json", [kamino])


def test_a_damaged_secret_raises_instead_of_returning_rubbish() -> None:
    stored = encrypt("segredo")
    with pytest.raises(SecretUnreadableError):
        decrypt(stored[:-6] + "AAAAA=")
