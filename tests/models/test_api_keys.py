"""Keys of the bridge: known by a digest that nobody can try out without the pepper."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.models import ApiKey, AuditEvent
from integrations.models.api_keys import KeyKind, digests_of, new_key
from tests.admin.world import Rows, make_rows, make_user

KEY = new_key()


@pytest.fixture
def rows(db: None) -> Rows:
    return make_rows("nossa", 1, make_user("suporte", "Suporte"))


@pytest.fixture
def row(rows: Rows) -> ApiKey:
    return ApiKey.objects.create(
        connection=rows.bling, label="ERP", digest=digests_of(KEY)[0], prefix=KEY[:6], created_at=timezone.now(),
        created_by=User.objects.earliest("pk"),
    )  # fmt: skip


def test_a_key_is_hexadecimal_and_another_each_time() -> None:
    assert len(KEY) == 72
    assert int(KEY, 16)
    assert new_key() != KEY


def test_a_key_is_known_until_it_is_revoked(row: ApiKey) -> None:
    assert ApiKey.objects.known(KEY, KeyKind.BRIDGE) == row
    assert ApiKey.objects.known(KEY, KeyKind.API) is None
    assert ApiKey.objects.known(new_key(), KeyKind.BRIDGE) is None
    ApiKey.objects.filter(pk=row.pk).update(revoked_at=timezone.now())
    assert ApiKey.objects.known(KEY, KeyKind.BRIDGE) is None


def test_another_pepper_knows_nothing(row: ApiKey, settings: Any) -> None:
    settings.KEY_PEPPERS = ["another"]
    assert ApiKey.objects.known(KEY, KeyKind.BRIDGE) is None


def test_the_pepper_is_changed_while_two_count(row: ApiKey, settings: Any) -> None:
    settings.KEY_PEPPERS = ["the newer one", *settings.KEY_PEPPERS]
    known = ApiKey.objects.known(KEY, KeyKind.BRIDGE)
    assert known == row
    ApiKey.objects.note_use(row, KEY, timezone.now())
    settings.KEY_PEPPERS = ["the newer one"]
    assert ApiKey.objects.known(KEY, KeyKind.BRIDGE) == row


def test_its_use_is_noted_once_a_minute(row: ApiKey) -> None:
    now = timezone.now()
    for seconds in (0, 30, 61):
        ApiKey.objects.note_use(row, KEY, now + timedelta(seconds=seconds))
        row.refresh_from_db()
    assert row.last_used_at == now + timedelta(seconds=61)
    ApiKey.objects.note_use(row, KEY, now + timedelta(seconds=90))
    row.refresh_from_db()
    assert row.last_used_at == now + timedelta(seconds=61)


def test_the_record_says_who_made_it_and_not_what_it_is(row: ApiKey) -> None:
    [event] = AuditEvent.objects.filter(action="bridge_key", object_id=row.pk)
    assert event.details["after"]["prefix"] == KEY[:6]
    assert KEY not in str(event.details)
    assert row.digest not in str(event.details)
