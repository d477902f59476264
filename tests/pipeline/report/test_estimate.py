"""When will a big load be done? Said from what is left and what the limits allow."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.utils import timezone, translation

from integrations.models import KaminoConnection
from integrations.models.confidential import WHOLE
from integrations.pipeline.desk.commands import request_sync
from integrations.pipeline.report.alerts import health_of
from integrations.pipeline.report.estimate import outlook
from integrations.pipeline.run import tick
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company


def test_a_small_load_says_nothing(company: Company) -> None:
    company.to_shadow()
    company.add_title("payable")
    company.sync()
    company.go_live()
    company.tenant.refresh_from_db()
    assert outlook(company.tenant, now=timezone.now()) is None


def test_what_waits_for_kamino_is_counted_at_its_pace(company: Company) -> None:
    company.to_shadow()
    for _ in range(12):
        company.add_title("payable")
    company.sync()
    KaminoConnection.objects.update(requests_per_minute=1)
    company.tenant.refresh_from_db()
    assert outlook(company.tenant, now=timezone.now()) is None, "a simulation sends nothing"
    company.go_live()
    company.tenant.refresh_from_db()
    now = timezone.now()
    found = outlook(company.tenant, now=now)
    assert found is not None
    assert found.to_send == 12
    assert timedelta(minutes=12) <= found.ends_at - now <= timedelta(minutes=24)
    with translation.override("pt-br"):
        assert "termina por volta de" in health_of(company.tenant, WHOLE, now=now).action


def test_what_was_listed_and_not_read_yet_is_counted(company: Company, world: World, settings: Any) -> None:
    company.to_shadow()
    for _ in range(30):
        company.add_title("payable")
    world.faults.add(Fault(side="bling", method="GET", path="/contas/pagar/", kind="429_day", times=100))
    request_sync(connections=[company.connection], user=None, now=timezone.now())
    tick.work_once(clock=timezone.now, deadline=timezone.now() + timedelta(seconds=30))
    assert company.connection.runs.get().step == "details"
    settings.LIMITS = replace(settings.LIMITS, bling_interval_ms=60_000)
    found = outlook(company.tenant, now=timezone.now())
    assert found is not None
    assert found.to_read == 30
