"""`kill -9` of real worker processes at every boundary between two steps. After a restart both sides are equal."""

import signal
from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby
from random import Random
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.utils import timezone

from integrations.domain.delivery import DeliveryState
from integrations.models import (
    BlingConnection,
    Bordero,
    KaminoConnection,
    PartPosting,
    PlanRequest,
    Posting,
    SalesOrder,
    SyncRun,
    Tenant,
    Title,
)
from integrations.pipeline.access.failpoints import FAILPOINTS
from integrations.pipeline.desk import bulk, commands
from integrations.pipeline.handover.payment_checks import READ_FOR
from sandbox.documents import random_cnpj
from sandbox.faults import Fault
from sandbox.world import World
from tests.drawn import seeded
from tests.flows.checks import check_equal, check_mirror
from tests.flows.helpers import Company, in_days
from tests.pipeline.mapping.edits import map_name
from tests.pipeline.plan.test_rules import UNIT
from tests.processes import Workers

MOST_WORKERS = 6
PASSINGS = 10
OFTEN = {
    "asked.read": 2, "asked.saved": 2, "pull.step": 16, "pull.page_read": 7, "pull.page_saved": 2, "pull.chunk_read": 3,
    "pull.chunk_saved": 3, "plan.locked": 5, "plan.computed": 5, "plan.saved": 5, "person.claimed": 3,
    "person.before_write": 3, "person.after_write": 3, "person.recorded": 3, "title.claimed": 8,
    "title.before_write": 8, "title.after_write": 7, "title.recorded": 8, "reconcile.page_read": 2,
}  # fmt: skip
"""How often a worker passes a boundary in the scene below; the others it passes once. Where the scene comes to pass one
less often, its test has to make the scene twice."""
STAGES = {stage: list(names) for stage, names in groupby(FAILPOINTS, key=lambda name: name.partition(".")[0])}
A_THIRD = [
    (failpoint, seeded(failpoint).randint(1, OFTEN.get(failpoint, 1)))
    for stage, names in STAGES.items()
    for failpoint in seeded(stage).sample(names, -(-len(names) // 3))
]
"""One passing of a third of each stage's boundaries, drawn by a seed."""
IN_FLIGHT = (DeliveryState.READY, DeliveryState.SENDING, DeliveryState.UNCERTAIN)


@pytest.fixture(scope="module")
def workers(django_db_setup: None) -> Iterator[Workers]:
    workers = Workers()
    yield workers
    workers.stop()


class Scene:
    """A company in which every failpoint has a reason to be passed. Kamino's lists tell everything, so that every lost
    write can be cleared up and both sides have to be equal in the end."""

    def __init__(self, company: Company, world: World, workers: Workers) -> None:
        self.company, self.world, self.workers = company, world, workers
        self.user = User.objects.create_superuser("equipe")
        self.rng = Random(1)
        self.contact = self._new_contact()
        self.channel = next(iter(company.bling.channels.values()))
        world.generous = True
        KaminoConnection.objects.update(lists_are_complete=True)
        Tenant.objects.update(partial_policy=Tenant.PartialPolicy.SPLIT)
        BlingConnection.objects.update(swept_at=timezone.now())  # else the first run lists twenty years

    def _new_contact(self) -> int:
        return int(self.company.bling.add_contact(name="Sol", document=random_cnpj(self.rng), kind="J"))

    def prepare(self) -> None:
        """Let Kamino hold titles that can be changed, paid and cancelled."""
        self.titles = [
            self.company.add_title(direction, contact=self.contact)
            for direction in ("payable", "receivable", "payable", "receivable", "payable", "payable")
        ]
        self.settled_late = self.company.add_title("payable", contact=self.contact)
        channel = self.channel
        sale = self.company.bling.add_sale(self.contact, "100.00", channel=channel.id, unit=channel.units[0][0])
        self.company.add_title("receivable", contact=self.contact, origin={"id": sale, "tipoOrigem": "venda"})
        self.order_run()
        self.work(here=True)

    def need_sales_orders(self) -> None:
        """Let a sales channel stand for a business unit, so that the orders behind receivables are read."""
        map_name(self.company, "sales_channel", self.channel.id, business_unit=UNIT)

    def leave_unsettled(self) -> None:
        """Let a payment be read from Bling that nobody settles in Kamino before its borderô is to be read again."""
        self.company.to_shadow()
        self.company.bling.pay(self.settled_late, account=self.company.bank)
        self.order_run()
        assert self.workers.work(here=True)["code"] == 0
        Bordero.objects.update(read_at=F("read_at") - READ_FOR)
        self.company.go_live()

    def change(self) -> None:
        """Let something of every kind happen, one answer of Kamino be lost, a person ask, a comparison be due."""
        SalesOrder.objects.all().delete()
        bling = self.company.bling
        edited, moved, paid, received, cancelled, asked = self.titles
        bling.edit_title(edited, value="123.45")
        bling.pay(moved, amount="23.45", account=self.company.bank)
        bling.edit_title(moved, due=in_days(self.world, 20))
        bling.pay(paid, account=self.company.bank)
        bling.pay(received, account=self.company.bank)
        bling.cancel(cancelled)
        bling.edit_contact(self.contact, email="novo@example.com")
        self.company.add_title("payable", contact=self._new_contact())
        new = self.company.add_title("receivable", contact=self._new_contact())
        bling.pay(new, account=self.company.bank)
        commands.request_resync(titles=Title.objects.filter(bling_id=asked), user=self.user, now=timezone.now())
        self.world.faults.add(Fault(side="kamino", kind="cut_after", method="POST", path="/financeiro/pagamento"))
        KaminoConnection.objects.update(reconciled_at=timezone.now() - timedelta(hours=25))
        self.order_run()

    def change_all(self) -> None:
        """Let also happen what waits as long as somebody else of a connection reads what was asked for."""
        self.leave_unsettled()
        self.change()
        self.order_in_bulk()

    def order_in_bulk(self) -> None:
        rows = Title.objects.filter(bling_id=self.titles[0]).values_list("connection__tenant", "pk", "value")
        titles = [bulk.ListedTitle(*row) for row in rows]
        bulk.order(
            kind="resync", titles=titles, mark=bulk.look(titles).mark, reason="", key=uuid4(), user=self.user,
            now=timezone.now(),
        )  # fmt: skip

    def order_run(self) -> None:
        commands.request_sync(connections=[self.company.connection], user=None, now=timezone.now())

    def work(self, *, here: bool = False) -> None:
        """Let one worker after the other work until nothing is left to do."""
        for _ in range(MOST_WORKERS):
            assert self.workers.work(here=here)["code"] == 0
            waits = Posting.objects.filter(state__in=IN_FLIGHT).exists() or PlanRequest.objects.exists()
            waits = waits or bulk.orders_due().exists()
            waits = waits or PartPosting.objects.filter(state__in=IN_FLIGHT).exists()
            if not waits and not SyncRun.objects.filter(state=SyncRun.State.OPEN).exists():
                return
        raise AssertionError("the work does not come to an end")


@pytest.fixture
def scene(company: Company, world: World, workers: Workers) -> Scene:
    scene = Scene(company, world, workers)
    scene.prepare()
    scene.need_sales_orders()
    return scene


@pytest.mark.parametrize("failpoint", ["plan.computed", "title.before_write", "title.after_write", "part.after_write"])
def test_a_worker_killed_at_a_boundary_loses_and_doubles_nothing(scene: Scene, failpoint: str) -> None:
    kill_and_compare(scene, failpoint, 1)


@pytest.mark.long
@pytest.mark.parametrize(("failpoint", "passing"), A_THIRD)
def test_a_worker_killed_at_any_boundary_loses_and_doubles_nothing(scene: Scene, failpoint: str, passing: int) -> None:
    kill_and_compare(scene, failpoint, passing)


def kill_and_compare(scene: Scene, failpoint: str, passing: int) -> None:
    """Let a worker die at a failpoint's `passing`th passing; at the first one where it is not passed that often."""
    scene.change_all()
    died = scene.workers.work(failpoint, passing)["code"]
    if not died and passing > 1:
        scene.work()
        scene.prepare()
        scene.change_all()
        died = scene.workers.work(failpoint)["code"]
    assert died == -signal.SIGKILL, "this boundary was never passed"
    scene.work()
    check_equal(scene.company)


@pytest.mark.soak
@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_ten_workers_killed_at_one_boundary_lose_and_double_nothing(scene: Scene, failpoint: str) -> None:
    for passing in range(1, PASSINGS + 1):
        kill_and_compare(scene, failpoint, passing)
        scene.prepare()


@pytest.mark.parametrize(
    "failpoint",
    ["pull.page_read", "title.claimed",
     *(pytest.param(name, marks=pytest.mark.long) for name in ("asked.read", "title.after_write", "lookup.read"))],
)  # fmt: skip
@pytest.mark.some(2)
def test_a_worker_that_slept_past_its_lease_writes_nothing_old(scene: Scene, failpoint: str) -> None:
    scene.change()
    sleeper = scene.workers.work(failpoint, number=signal.SIGSTOP)
    assert sleeper["code"] is None, "this boundary was never passed"
    *_others, asked = scene.titles
    try:
        for title in (scene.titles[0], asked):
            scene.company.bling.edit_title(title, value="543.21")
        scene.work()  # what the sleeper's run had listed already is seen by the next one
        scene.order_run()
        scene.work()
    finally:
        woken = scene.workers.resume(sleeper["pid"])
    assert woken["code"] == 0
    check_mirror(scene.company)  # before any other run would fix it
    scene.work()
    check_equal(scene.company)
