"""What a title's page says of its reading: the place in the line for its company's token, as it is now."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from integrations.models import BlingConnection, BlingToken, TitleRead, Waiting
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.access.error_texts import unread
from integrations.rest.errors import IN_LINE, RateLimitedError
from tests.admin.titles.test_page import page_of
from tests.admin.world import Rows


def test_the_place_in_the_line_is_shown_as_it_is_now(
    login: Callable[[str], Client], ours: Rows, theirs: Rows, settings: Any
) -> None:
    settings.LIMITS = replace(settings.LIMITS, bling_token_interval_ms=4_300)
    now = timezone.now()
    waits: dict[str, Any] = {"waiting": Waiting.PERSON, "expires_at": now, "refresh_started_version": 0}
    BlingConnection.objects.update(status=ConnectionStatus.CONNECTED)
    BlingToken.objects.update(waits_since=now, retry_at=None, **waits)
    mine = BlingToken.objects.filter(connection=ours.title.connection)
    mine.update(waits_since=now + timedelta(seconds=1))
    before = unread(RateLimitedError("77", seconds=331, service="Bling", code=IN_LINE, until=now)).to_json()
    reading = {"read_at": now, "asked_at": now, "is_asked_by_person": True, "failure": before}
    TitleRead.objects.update_or_create(title=ours.title, defaults=reading)
    page = page_of(login("operacao"), ours.title)
    assert "O Bling renova uma autorização de cada vez: 1 antes desta." in page
    mine.update(waiting=Waiting.NOBODY, waits_since=None)
    page = page_of(login("operacao"), ours.title)
    assert "uma autorização de cada vez" not in page
    assert "antes desta" not in page
