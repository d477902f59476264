"""Reading Kamino while a person waits, and undoing a forced settlement with what it shows."""

import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections, transaction
from django.utils import timezone

from integrations.models import (
    KaminoConnection,
    PlanRequest,
    Posting,
)
from integrations.pipeline.desk import live_kamino
from integrations.pipeline.desk.refusal import Refused
from tests.flows.helpers import Company
from tests.pipeline.desk.test_commands import force


def code_of(call: Callable[..., Any], **order: Any) -> str:
    with pytest.raises(Refused) as caught:
        call(**order)
    return caught.value.code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"is_paused": True}, "paused"),
        ({"failure": {"kind": "config"}, "lease_until": timedelta(minutes=15)}, "paused"),
    ],
)
def test_an_undo_where_sending_is_stopped_is_refused_with_the_reason(
    company: Company, title: int, user: User, changes: dict[str, Any], code: str
) -> None:
    forced = force(company, title, user)
    company.work()
    now = timezone.now()
    until = {name: now + value for name, value in changes.items() if isinstance(value, timedelta)}
    KaminoConnection.objects.update(**{**changes, **until})
    assert code_of(live_kamino.undo_settlement, forced=forced, user=user, now=now, clock=timezone.now) == code


def test_an_undo_and_a_plan_do_not_wait_for_each_other(company: Company, title: int, user: User) -> None:
    forced = force(company, title, user)
    company.work()
    company.kamino.reopen_title("payable", company.in_kamino("payable", title)["ID"])
    posting = company.posting(title)
    PlanRequest.objects.create(title=posting.title, connection=posting.title.connection, asked_at=timezone.now())
    planning, failures = threading.Event(), []

    def plan() -> None:
        try:
            with transaction.atomic():
                list(PlanRequest.objects.select_for_update().filter(title=posting.title_id))
                planning.set()
                time.sleep(2)
                list(Posting.objects.select_for_update().filter(pk=posting.pk))
                PlanRequest.objects.filter(title=posting.title_id).delete()
        except Exception as error:
            failures.append(error)
        finally:
            connections.close_all()

    planner = threading.Thread(target=plan)
    planner.start()
    assert planning.wait(10)
    live_kamino.undo_settlement(forced=forced, user=user, clock=timezone.now, now=timezone.now())
    planner.join()
    assert failures == []
    forced.refresh_from_db()
    assert forced.undone_at is not None


def test_an_answer_that_never_comes_ends_a_live_reading_of_kamino(
    company: Company, title: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_kamino, "PATIENCE", 2.0)
    posting, today = company.posting(title), company.bling.world.today
    with socket.create_server(("127.0.0.1", 0)) as silent:
        KaminoConnection.objects.update(base_url=f"http://127.0.0.1:{silent.getsockname()[1]}")
        started = time.monotonic()
        order = {"start": today, "end": today, "clock": timezone.now}
        assert code_of(live_kamino.read_due, posting=posting, **order) == "api"
        assert time.monotonic() - started < 10
    assert KaminoConnection.objects.get().lease_until is None
