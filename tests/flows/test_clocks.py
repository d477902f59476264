"""A host whose clock is wrong does nothing: its leases and beliefs would be wrong for everybody."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from integrations import tasks
from integrations.models import Heartbeat
from integrations.pipeline.desk.commands import request_sync
from tests.flows.helpers import Company
from tests.sealing import seal_all


@pytest.mark.some(2)
@pytest.mark.parametrize("seconds", [60, -3600])
def test_a_wrong_clock_stops_its_host_and_says_so(company: Company, client: Client, seconds: int) -> None:
    seal_all()
    company.add_title("payable")
    request_sync(connections=[company.connection], user=None, now=timezone.now())
    tasks.tick(clock=lambda: timezone.now() + timedelta(seconds=seconds))
    assert not company.bling.calls
    assert Heartbeat.objects.get(name=settings.HEARTBEAT_NAME).clock_off_by == pytest.approx(seconds, abs=1)
    assert client.get("/health/ready?workers=1").status_code == 503
    tasks.tick(clock=lambda: timezone.now() + timedelta(seconds=2))
    assert company.bling.calls
    assert Heartbeat.objects.get(name=settings.HEARTBEAT_NAME).clock_off_by == 0
    assert client.get("/health/ready?workers=1").status_code == 200
