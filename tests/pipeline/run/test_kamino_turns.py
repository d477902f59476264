"""When a company's lists in Kamino are read: before anything is sent, daily, and after what people wait for."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.models import KaminoConnection, Title
from integrations.models.outbox import Priority
from integrations.pipeline.desk.commands import request_resync
from integrations.pipeline.run import kamino_turns, tick
from integrations.pipeline.run.kamino_turns import reconcile_one
from tests.flows.helpers import Company, payables, soon

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def ask_in_simulation(company: Company, contact: int, user: Any) -> int:
    """Plan a title that a person asked for, before the company's first reconciliation."""
    company.to_shadow()
    title = company.add_title("payable", contact=contact)
    company.sync()
    KaminoConnection.objects.update(reconciled_at=None, reconcile_cursor={})
    request_resync(titles=Title.objects.filter(bling_id=title), user=user, now=timezone.now())
    tick.serve_people(clock=timezone.now, deadline=soon())
    assert company.posting(title).priority == Priority.PERSON
    return title


def test_what_a_person_asked_for_does_not_keep_the_first_reconciliation_away(
    company: Company, contact: int, admin_user: Any
) -> None:
    title = ask_in_simulation(company, contact, admin_user)
    company.go_live()
    company.work()
    assert KaminoConnection.objects.get().reconciled_at is not None
    assert company.in_kamino("payable", title) is not None


def test_what_a_person_asked_for_in_simulation_does_not_keep_the_daily_reconciliation_away(
    company: Company, contact: int, admin_user: Any
) -> None:
    ask_in_simulation(company, contact, admin_user)
    KaminoConnection.objects.update(reconciled_at=LONG_AGO)
    reconcile_one(timezone.now, soon(), None)
    assert KaminoConnection.objects.get().reconciled_at != LONG_AGO


def test_a_reconciliation_reads_one_page_while_people_wait(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    company.add_title("payable")
    company.sync()
    KaminoConnection.objects.update(reconciled_at=LONG_AGO)
    monkeypatch.setattr(kamino_turns, "_people_wait", lambda _company, _now: True)
    requests = company.kamino.request_count
    assert reconcile_one(timezone.now, soon(), None)
    kamino = KaminoConnection.objects.get()
    assert (company.kamino.request_count - requests, kamino.reconciled_at) == (1, LONG_AGO)


def test_simulation_is_reconciled_daily_and_going_live_doubles_nothing(company: Company, contact: int) -> None:
    company.to_shadow()
    company.add_title("payable", contact=contact, value="250.00")
    company.sync()
    person = company.kamino.add_person("Fornecedor Exemplo", "11222333000181")
    due = company.bling.world.today + timedelta(days=10)
    company.kamino.add_title("payable", person, "250.00", due, "Digitado à mão")
    KaminoConnection.objects.update(reconciled_at=timezone.now() - timedelta(hours=24, minutes=30))
    company.work()
    company.go_live()
    company.work()
    assert payables(company) == 1
