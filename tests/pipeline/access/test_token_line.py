"""The line for token refreshes: nobody but an open page reserves a slot ahead, and people stand before all others."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone

from integrations.models import BlingConnection, BlingToken, RateLimit, SyncRun, Waiting
from integrations.pipeline.access import tokens
from integrations.pipeline.access.clients import open_bling
from integrations.pipeline.access.rate_limits import seconds_until_token_slot, token_key
from integrations.pipeline.access.token_line import line, place_of
from integrations.pipeline.desk.commands import request_sync
from integrations.pipeline.run import tick
from integrations.rest.errors import IN_LINE, RateLimitedError
from tests.flows.helpers import Company

TAKEN = 90.0
"""Seconds for which the slots of the token endpoint are taken."""


def take_all_slots() -> None:
    RateLimit.objects.push_back(token_key(), timedelta(seconds=TAKEN))


def expire(company: Company) -> BlingToken:
    company.bling.expire_access_tokens()
    token = BlingToken.objects.get(connection=company.connection)
    token.expires_at = timezone.now() - timedelta(minutes=1)
    token.save()
    return token


def refused(company: Company, **options: Any) -> RateLimitedError:
    with pytest.raises(RateLimitedError) as caught:
        open_bling(company.connection, clock=timezone.now, **options)
    return caught.value


@pytest.fixture
def paced(settings: Any) -> None:
    settings.LIMITS = replace(settings.LIMITS, bling_token_interval_ms=4_300)


@pytest.mark.parametrize("waiting", list(Waiting))
def test_who_waits_for_a_slot_takes_none_and_leaves_the_token_as_it_was(company: Company, waiting: Waiting) -> None:
    token = expire(company)
    take_all_slots()
    error = refused(company, waiting=waiting)
    assert (error.code, error.message) == (IN_LINE, "0")
    assert 0 < error.seconds <= TAKEN
    assert seconds_until_token_slot(timezone.now()) <= TAKEN
    after = BlingToken.objects.get()
    assert (after.retry_at, after.failures, after.refresh_started_version) == (None, 0, token.refresh_started_version)
    assert after.waiting == waiting


def test_a_page_that_waits_too_long_leaves_the_token_as_it_was_and_a_place(company: Company) -> None:
    token = expire(company)
    take_all_slots()
    with pytest.raises(RateLimitedError, match="0"):
        tokens.refresh_token(company.connection.pk, 1, clock=timezone.now, waiting=Waiting.PERSON, longest_wait=20)
    after = BlingToken.objects.get()
    assert (after.retry_at, after.failures, after.refresh_started_version) == (None, 0, token.refresh_started_version)
    assert after.waiting == Waiting.PERSON


def test_people_stand_before_runs_of_people_and_those_before_all_others(
    new_company: Callable[..., Company], paced: None
) -> None:
    companies = [new_company(slug) for slug in ("azul", "verde", "preto", "cinza")]
    for company in companies:
        expire(company)
    take_all_slots()
    older, newer, run, person = companies
    for company, waiting in ((newer, Waiting.NOBODY), (run, Waiting.RUN), (person, Waiting.PERSON)):
        refused(company, waiting=waiting)
    now = timezone.now()
    order = [token.connection_id for token in line(now)]
    assert order == [company.connection.pk for company in (person, run, older, newer)]
    places = [place_of(token, now) for token in line(now)]
    assert [place.ahead for place in places] == [0, 1, 2, 3]
    assert places[3].seconds - places[0].seconds == pytest.approx(3 * 4.3)


def test_a_token_that_bling_refuses_stands_in_the_line_though_it_should_hold_for_hours(
    company: Company, paced: None
) -> None:
    client = open_bling(company.connection, clock=timezone.now)
    company.bling.expire_access_tokens()
    take_all_slots()
    assert not line(timezone.now()).exists()
    with pytest.raises(RateLimitedError):
        client.company()
    assert [token.connection_id for token in line(timezone.now())] == [company.connection.pk]


def test_a_refresh_calls_the_run_that_waits_for_it(company: Company) -> None:
    expire(company)
    take_all_slots()
    request_sync(connections=[company.connection], user=None, now=timezone.now())
    tick.work_once(clock=timezone.now, deadline=timezone.now() + timedelta(seconds=10))
    run = SyncRun.objects.get()
    assert run.not_before is not None
    RateLimit.objects.all().delete()
    assert tokens.refresh_line(clock=timezone.now, deadline=timezone.now() + timedelta(seconds=10)) == 1
    run.refresh_from_db()
    assert run.not_before is None


def test_a_token_that_cannot_be_read_keeps_nobody_waiting(
    new_company: Callable[..., Company], settings: Any, paced: None
) -> None:
    broken, sound = new_company("azul"), new_company("verde")
    for company in (broken, sound):
        expire(company)
    with database.cursor() as cursor:
        sql = "UPDATE integrations_blingtoken SET refresh_token = 'lost:key' WHERE connection_id = %s"
        cursor.execute(sql, [broken.connection.pk])
    RateLimit.objects.all().delete()
    assert tokens.refresh_line(clock=timezone.now, deadline=timezone.now() + timedelta(seconds=10)) == 1
    assert BlingToken.objects.get(connection=sound.connection).version == 2
    assert not line(timezone.now()).exists()
    assert BlingConnection.objects.get(pk=broken.connection.pk).status == "connected"


def test_a_refresh_ahead_of_time_that_gets_no_slot_leaves_a_token_that_holds(company: Company, paced: None) -> None:
    expires_at = timezone.now() + timedelta(minutes=30)
    BlingToken.objects.update(expires_at=expires_at)
    take_all_slots()
    with pytest.raises(RateLimitedError):
        tokens.refresh_token(company.connection.pk, 1, clock=timezone.now)
    assert BlingToken.objects.get().expires_at == expires_at
    assert open_bling(company.connection, clock=timezone.now).company().id == company.bling.company_id
