"""Defects in reading from Bling that a hostile review proved, each kept as a test so that it never comes back."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.bling.client import BlingClient
from integrations.models import Title
from integrations.pipeline import desk, run
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company


def test_what_people_ask_for_is_read_once_by_whichever_thread(
    company: Company, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    titles = [company.add_title("payable") for _ in range(10)]
    company.sync()
    read: list[str] = []
    send = BlingClient._send
    monkeypatch.setattr(BlingClient, "_send", lambda self, path, *rest: read.append(path) or send(self, path, *rest))
    world.faults.add(Fault("bling", kind="slow", path="/contas/pagar/", seconds=0.2, times=1000))
    user = User.objects.create_user("maria")
    desk.request_resync(titles=Title.objects.filter(bling_id__in=titles), user=user, now=timezone.now())
    run.tick(clock=timezone.now, deadline=timezone.now() + timedelta(seconds=60))
    assert len([path for path in read if path.startswith("/contas/pagar/")]) == len(titles)
