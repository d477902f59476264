"""Two hundred tokens that expire in the same minute, in virtual time: spaced, and all in time."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from integrations.bling.auth import TokenPair
from integrations.models import BlingConnection, BlingToken, Tenant
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.access import tokens
from tests.flows.helpers import Company

TENANTS = 200


class VirtualClock:
    """A clock that only `sleep` moves; the database's `clock_timestamp()` follows it."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE public.virtual_now (at timestamptz)")
            cursor.execute("INSERT INTO public.virtual_now VALUES (%s)", [now])
            cursor.execute(
                "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE "
                "AS 'SELECT at FROM public.virtual_now'"
            )
            cursor.execute("SET search_path = public, pg_catalog")

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE public.virtual_now SET at = %s", [self.now])

    def end(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("RESET search_path")
            cursor.execute("DROP FUNCTION public.clock_timestamp()")
            cursor.execute("DROP TABLE public.virtual_now")


@pytest.fixture
def clock(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualClock]:
    clock = VirtualClock(timezone.now())
    monkeypatch.setattr("integrations.rest.limits.time.sleep", clock.sleep)
    yield clock
    clock.end()


@pytest.mark.long
def test_two_hundred_tokens_are_refreshed_in_time_and_never_too_fast(
    clock: VirtualClock, monkeypatch: pytest.MonkeyPatch, settings: pytest.FixtureRequest
) -> None:
    from dataclasses import replace

    settings.LIMITS = replace(settings.LIMITS, bling_token_interval_ms=4300)  # type: ignore[attr-defined]
    expires = clock() + timedelta(minutes=90)
    for number in range(TENANTS):
        tenant = Tenant.objects.create(slug=f"t{number}", name=f"T{number}", sync_from="2026-01-01")
        row = BlingConnection.objects.create(
            tenant=tenant, client_id="id", client_secret="secret", status=ConnectionStatus.CONNECTED
        )
        BlingToken.objects.create(
            connection=row, access_token="a", refresh_token="r", kind="opaque", expires_at=expires,
            refreshed_at=clock(),
        )  # fmt: skip
    calls: list[datetime] = []

    def refresh(*_args: object) -> TokenPair:
        calls.append(clock())
        return TokenPair("a2", "r2", 21_600, "opaque")

    monkeypatch.setattr("integrations.bling.auth.refresh", refresh)
    while clock() < expires and BlingToken.objects.filter(version=1).exists():
        tokens.refresh_line(clock=clock, deadline=clock() + timedelta(seconds=110))
        clock.sleep(1)  # the next tick
    assert BlingToken.objects.filter(version=2).count() == TENANTS
    assert len(calls) == TENANTS
    assert max(calls) < expires
    in_any_minute = max(sum(start <= call < start + timedelta(seconds=60) for call in calls) for start in calls)
    assert in_any_minute <= 15


def test_a_paused_connection_is_refreshed_weekly(clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = Tenant.objects.create(slug="t", name="T", sync_from="2026-01-01")
    row = BlingConnection.objects.create(
        tenant=tenant, client_id="id", client_secret="secret", status=ConnectionStatus.PAUSED
    )
    BlingToken.objects.create(
        connection=row, access_token="a", refresh_token="r", kind="opaque", expires_at=clock(), refreshed_at=clock()
    )
    monkeypatch.setattr("integrations.bling.auth.refresh", lambda *_args: TokenPair("a2", "r2", 21_600, "opaque"))
    clock.sleep(6 * 86_400)
    assert tokens.refresh_line(clock=clock, deadline=clock() + timedelta(seconds=60)) == 0
    clock.sleep(2 * 86_400)
    assert tokens.refresh_line(clock=clock, deadline=clock() + timedelta(seconds=60)) == 1


def test_years_of_failed_refreshes_overflow_nothing(company: Company) -> None:
    BlingToken.objects.update(failures=500, expires_at=timezone.now())
    company.bling.inactive = True
    tokens.refresh_line(clock=timezone.now, deadline=timezone.now() + timedelta(seconds=20))
    BlingConnection.objects.update(client_id="", client_secret="", status="connected")
    BlingToken.objects.update(failures=500, retry_at=None, refresh_started_version=0)
    tokens.refresh_line(clock=timezone.now, deadline=timezone.now() + timedelta(seconds=20))
