"""From the first sync to live delivery and back, through the checklist, with the sandbox on both sides."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from integrations.models import Attempt, KaminoConnection, Tenant
from integrations.models.confidential import WHOLE
from integrations.pipeline.company import activation, checklist
from integrations.pipeline.company.checklist import Decisions
from integrations.pipeline.desk.refusal import Refused
from tests.flows.helpers import Company


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_user("staff")


@pytest.fixture
def shadow(new_company: Callable[..., Company]) -> Company:
    company = new_company(delivery_mode="shadow")
    Tenant.objects.update(settled_from=None)
    return company


def colours(company: Company) -> dict[str, str]:
    tenant = Tenant.objects.get(pk=company.tenant.pk)
    return {line.code: line.colour for line in checklist.checklist(tenant, WHOLE, now=timezone.now())}


def decide_all(company: Company, user: User, **changes: Any) -> bool:
    values = {
        "settled_from": company.bling.world.today, "closed_until": None, "nothing_is_closed": True,
        "other_integration_off": True, **changes,
    }  # fmt: skip
    return checklist.decide(tenant=company.tenant, decisions=Decisions(**values), user=user, now=timezone.now())


def activate(company: Company, user: User, *, is_aware: bool = True) -> None:
    activation.activate(tenant=company.tenant, is_aware=is_aware, reason="combinado", user=user, now=timezone.now())


def test_from_the_first_sync_to_live_and_back(shadow: Company, staff: User) -> None:
    old = shadow.add_title("payable")
    shadow.bling.pay(old, account=shadow.bank, date=shadow.bling.world.today - timedelta(days=9))
    new = shadow.add_title("payable")
    late = shadow.add_title("receivable", due=shadow.bling.world.today - timedelta(days=3))
    assert {colours(shadow)[line] for line in ("sync", "kamino", "reconciled")} == {"red"}
    shadow.sync()
    found = colours(shadow)
    assert {line for line, colour in found.items() if colour == "red"} == {"settled_from", "closed_until", "other"}
    assert found["overdue"] == "amber"
    with pytest.raises(Refused):
        activate(shadow, staff)
    assert decide_all(shadow, staff)
    assert not decide_all(shadow, staff)
    assert Tenant.objects.get().history.latest().history_user == staff
    shadow.work()
    assert shadow.problems(old) == ["before_settled_from"]
    with pytest.raises(Refused):
        activate(shadow, staff, is_aware=False)
    assert not Attempt.objects.exists()
    activate(shadow, staff)
    shadow.work()
    assert [bool(shadow.in_kamino(side, key)) for side, key in (("payable", new), ("receivable", late))] == [True, True]
    assert shadow.in_kamino("payable", old) is None
    activation.back_to_simulation(tenant=shadow.tenant, reason="revisar", user=staff, now=timezone.now())
    sent = Attempt.objects.count()
    shadow.bling.edit_title(new, value="99.00")
    shadow.sync()
    assert Attempt.objects.count() == sent
    with pytest.raises(Refused):
        activation.back_to_simulation(tenant=shadow.tenant, reason="revisar", user=staff, now=timezone.now())


def test_without_a_fresh_look_at_kamino_nobody_goes_live(shadow: Company, staff: User) -> None:
    shadow.add_title("payable")
    shadow.sync()
    decide_all(shadow, staff)
    KaminoConnection.objects.update(reconciled_at=timezone.now() - timedelta(hours=25))
    with pytest.raises(Refused):
        activate(shadow, staff)
    assert not Tenant.objects.get().is_live


def test_two_people_at_once_activate_once(shadow: Company, staff: User) -> None:
    shadow.add_title("payable")
    shadow.sync()
    decide_all(shadow, staff)
    together, outcomes = Barrier(2), list[str]()

    def click() -> None:
        together.wait()
        try:
            activate(shadow, staff)
            outcomes.append("done")
        except Refused as error:
            outcomes.append(error.code)
        connection.close()

    threads = [Thread(target=click) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["changed", "done"]
    assert Tenant.objects.get().history.filter(history_change_reason="combinado").count() == 1
