"""Wake-ups: whoever causes work makes its company due, whoever looks in vain lets it sleep, and neither waits."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from integrations.models import (
    Alert,
    Attempt,
    BlingConnection,
    BlingToken,
    KaminoConnection,
    PersonPosting,
    Posting,
    RateLimit,
    StoredDiscrepancy,
    SyncRun,
    Tenant,
    Title,
    WakeUp,
    WakeUpKind,
)
from integrations.models.outbox import Priority
from integrations.pipeline.access.rate_limits import kamino_key
from integrations.pipeline.deliver.drain import Companies
from integrations.pipeline.deliver.ready import DELIVER
from integrations.pipeline.handover.due import due
from integrations.pipeline.handover.plan_requests import request_plans
from integrations.pipeline.run import tick
from tests.flows.helpers import Company
from tests.flows.wake_ups import check_awake, settle_all
from tests.threads import in_thread

FUTURE = timedelta(days=2)


@pytest.fixture
def asleep(company: Company) -> Company:
    """A company that has nothing to do, and at which nobody looks for a while."""
    company.add_title("payable")
    company.sync()
    run_tick()
    settle_all(timezone.now())
    return company


def run_tick(ahead: timedelta = timedelta(0)) -> None:
    def clock() -> datetime:
        return timezone.now() + ahead

    tick.run_tick(clock=clock, deadline=clock() + timedelta(minutes=1))


def kinds_awake(company: Company, now: datetime | None = None) -> set[str]:
    rows = WakeUp.objects.filter(tenant=company.tenant, due_at__lte=now or timezone.now())
    return set(rows.values_list("kind", flat=True))


def make_ready() -> None:
    Posting.objects.update(state="ready", ready_at=timezone.now(), delivered_fingerprint="")


def test_each_kind_of_wake_up_has_one_rhythm_and_one_step() -> None:
    assert sorted(rhythm.kind for rhythm in tick.RHYTHMS) == sorted(WakeUpKind)
    assert set(WakeUpKind) <= {kind.name for kind in tick.KINDS}


def test_a_new_company_is_awake_for_everything(db: None) -> None:
    tenant = Tenant.objects.create(slug="novo", name="Novo", sync_from=timezone.now().date())
    now = timezone.now() + timedelta(minutes=2)
    assert set(WakeUp.objects.filter(tenant=tenant, due_at__lte=now).values_list("kind", flat=True)) == set(WakeUpKind)


CAUSES: list[tuple[Callable[[], object], set[str]]] = [
    (lambda: request_plans(Title.objects.all(), now=timezone.now()), {"plan"}),
    (
        lambda: request_plans(Title.objects.all(), now=timezone.now(), priority=Priority.PERSON),
        {"plan", "people.plan"},
    ),
    (make_ready, {"deliver", "review"}),
    (lambda: Posting.objects.update(priority=Priority.PERSON), {"deliver", "people.deliver"}),
    (lambda: PersonPosting.objects.update(state="uncertain"), {"deliver", "people.deliver"}),
    (lambda: PersonPosting.objects.update(state="ready", kamino_id=None), {"simulated"}),
    (lambda: BlingToken.objects.update(retry_at=None), {"tokens"}),
    (lambda: BlingConnection.objects.update(status="paused"), {"schedule", "tokens"}),
    (lambda: KaminoConnection.objects.update(is_paused=True), {"registers", "deliver", "guard", "reconcile"}),
    (lambda: Tenant.objects.update(delivery_mode="shadow"), {"deliver", "simulated", "schedule"}),
    (lambda: SyncRun.objects.update(state="failed"), {"reconcile", "registers"}),
]  # fmt: skip


def test_every_cause_wakes_its_company(asleep: Company) -> None:
    for number, (cause, kinds) in enumerate(CAUSES):
        WakeUp.objects.update(due_at=timezone.now() + FUTURE)
        cause()
        assert kinds <= kinds_awake(asleep), number
    told = StoredDiscrepancy(
        posting=Posting.objects.get(), kind="value", opened_at=timezone.now(), seen_at=timezone.now()
    )
    for cause in (told.save, lambda: Attempt.objects.update(surplus_id=1)):
        WakeUp.objects.update(due_at=timezone.now() + FUTURE)
        cause()
        assert "alerts" in kinds_awake(asleep, timezone.now() + timedelta(minutes=1))


@pytest.mark.parametrize(("more", "kinds"), [({}, set()), ({"priority": Priority.HISTORY}, {"deliver"})])
def test_a_review_wakes_nobody_by_itself(asleep: Company, more: dict[str, int], kinds: set[str]) -> None:
    Posting.objects.update(is_review_due=True)
    WakeUp.objects.update(due_at=timezone.now() + FUTURE)
    assert Posting.objects.update(is_review_due=False, **more) == 1
    assert kinds_awake(asleep, timezone.now() + timedelta(minutes=2)) == kinds


def test_a_company_without_work_sleeps_with_one_row_of_each_kind(asleep: Company) -> None:
    assert kinds_awake(asleep) == set()
    for _again in range(3):
        make_ready()
        asleep.work()
        settle_all(timezone.now())
    assert sorted(WakeUp.objects.filter(tenant=asleep.tenant).values_list("kind", flat=True)) == sorted(WakeUpKind)
    check_awake(timezone.now())


def test_what_time_makes_due_is_looked_at_by_then(asleep: Company) -> None:
    moments = dict(WakeUp.objects.filter(tenant=asleep.tenant).values_list("kind", "due_at"))
    kamino, run = KaminoConnection.objects.get(), SyncRun.objects.get()
    assert kamino.registers_read_at
    assert kamino.reconciled_at
    assert moments["registers"] <= kamino.registers_read_at + timedelta(hours=24)
    assert moments["reconcile"] <= kamino.reconciled_at + timedelta(hours=24)
    assert timezone.now() < moments["schedule"] <= run.due_at + timedelta(hours=13)
    assert moments["tokens"] <= asleep.connection.token.expires_at - timedelta(hours=1)


def test_a_cause_that_is_not_committed_keeps_its_company_awake(asleep: Company) -> None:
    WakeUp.objects.filter(kind="deliver").update(due_at=timezone.now() - timedelta(seconds=1))
    with transaction.atomic():
        make_ready()
        in_thread(lambda: settle_all(timezone.now()))  # sees no work, and does not wait
        in_thread(lambda: in_sight("deliver", asleep))
    assert DELIVER.kind in due(tick.KINDS, timezone.now())


def in_sight(kind: str, company: Company) -> None:
    assert kind in kinds_awake(company)


def test_a_cause_that_is_committed_while_somebody_looks_is_seen(
    asleep: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    WakeUp.objects.filter(kind="deliver").update(due_at=timezone.now() - timedelta(seconds=1))
    before = DELIVER.rows(timezone.now(), (asleep.tenant.pk,)).exists()
    make_ready()  # between the look that found nothing and the end of the wake-up
    DELIVER.settle([asleep.tenant.pk], timezone.now())
    assert not before
    assert "deliver" in kinds_awake(asleep)


def test_those_who_cause_work_do_not_wait_for_each_other(asleep: Company) -> None:
    with transaction.atomic():
        Tenant.objects.filter(pk=asleep.tenant.pk).update(sync_receivables=False)  # wakes for everything
        in_thread(make_ready)
        in_thread(lambda: KaminoConnection.objects.update(reconcile_asked_at=timezone.now()))
    check_awake(timezone.now())


def test_whoever_looks_does_not_wait_for_who_looks_already(asleep: Company) -> None:
    make_ready()
    with transaction.atomic():
        list(WakeUp.objects.filter(kind="deliver").select_for_update())
        in_thread(lambda: settle_all(timezone.now()))
    assert "deliver" in kinds_awake(asleep)


def test_many_companies_that_are_due_in_vain_keep_nobody_waiting(asleep: Company) -> None:
    make_ready()
    idle = Tenant.objects.bulk_create(
        Tenant(slug=f"parada-{number}", name="Parada", sync_from=timezone.now().date()) for number in range(120)
    )
    WakeUp.objects.filter(tenant__in=idle).update(due_at=timezone.now() - timedelta(hours=1))
    writes = asleep.kamino.write_count
    Posting.objects.update(delivered=None, kamino_id=None)
    run_tick()
    assert asleep.kamino.write_count >= writes
    assert Posting.objects.get().state == "delivered"
    assert not WakeUp.objects.filter(tenant__in=idle, due_at__lte=timezone.now()).exclude(kind="alerts").exists()


def test_a_company_whose_slot_is_taken_is_waited_for_and_looked_at_then(asleep: Company) -> None:
    make_ready()
    now, kamino = timezone.now(), KaminoConnection.objects.get()
    taken = {"next_at": now + timedelta(seconds=30), "day": now.date()}
    RateLimit.objects.update_or_create(key=kamino_key(kamino), defaults=taken)
    companies = Companies(timezone.now, now + timedelta(minutes=1), None, for_people=False)
    for _again in range(2):
        assert companies.lease_next(now) == (None, pytest.approx(30, abs=0.01))
        assert "deliver" not in kinds_awake(asleep, now + timedelta(seconds=29))
    assert companies.lease_next(now + timedelta(seconds=31)) == (kamino, None)


def test_alerts_are_reviewed_once_for_what_changes_within_a_minute(asleep: Company) -> None:
    for failure in ({"kind": "config", "code": "401"}, {"kind": "config", "code": "403"}):
        KaminoConnection.objects.update(failure={"service": "Kamino", "message": "", **failure})
    assert WakeUp.objects.filter(tenant=asleep.tenant, kind="alerts", due_at__lte=timezone.now() + FUTURE).count() <= 2
    run_tick(timedelta(seconds=30))
    assert not Alert.objects.filter(cause="kamino").exists()
    run_tick(timedelta(seconds=61))
    assert Alert.objects.filter(cause="kamino", closed_at=None).exists()
    assert "alerts" not in kinds_awake(asleep, timezone.now() + timedelta(hours=1))
