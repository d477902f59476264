"""Two clusters on one database, as on two hosts: they share the work and the limits, and either may die."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from integrations.models import (
    BlingConnection,
    Heartbeat,
    KaminoConnection,
    PersonPosting,
    PlanRequest,
    Posting,
    SyncRun,
)
from integrations.pipeline.access import leases
from integrations.pipeline.desk import commands
from integrations.queue import enqueue_tick
from sandbox.world import World
from tests import processes
from tests.flows.checks import check_equal
from tests.flows.helpers import Company

PATIENCE = 90.0
SILENCE = "15"
"""Longer than a living cluster is ever silent: one that works beats every ten seconds (`crew.BEAT_SECONDS`)."""
NAMES = ("um", "dois")
IN_FLIGHT = ("ready", "sending", "uncertain", "held")


def wait_until(done: Callable[[], object], what: str) -> None:
    """Look again and again; how long it takes decides nothing but when to give up."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if done():
            return
        time.sleep(0.2)
    raise AssertionError(what)


@pytest.fixture
def start_cluster() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return a function that starts a `cluster` with one worker under a name."""
    started: list[subprocess.Popen[str]] = []

    def start(name: str, **env: str) -> subprocess.Popen[str]:
        process = processes.start(
            "manage.py", "cluster", env={"QUEUE_WORKERS": "1", "HEARTBEAT_NAME": name, **env},
            start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        os.killpg(process.pid, signal.SIGKILL)  # what it is doing may be cut off anywhere
        process.wait(15)


def has_worked(name: str) -> bool:
    return Heartbeat.objects.filter(name=name).exists()


def is_at_rest() -> bool:
    """Ask for another tick unless nothing is left to be done."""
    waits = Posting.objects.filter(state__in=IN_FLIGHT).exists() or not Posting.objects.exists()
    waits = waits or PlanRequest.objects.exists()  # what is held until its next plan may become ready by it
    if not waits and not SyncRun.objects.filter(state=SyncRun.State.OPEN).exists():
        return True
    enqueue_tick()
    return False


def forget_the_dead(company: Company) -> None:
    """Let what dead workers held have run out, as after five minutes; a living one holds nothing for ten seconds, and
    must not lose what it holds: its call may be on the way."""
    silence = timedelta(seconds=10)
    company.forget_waits(silence=silence)
    now = timezone.now()
    for model in (Posting, PersonPosting):
        model.objects.filter(state="sending", lease_until__lte=now + leases.LEASE - silence).update(lease_until=now)


def wait_for_the_first_run() -> None:
    """Wait for the run that a cluster's first tick opens: it may have listed Bling already, and an order of another
    one while it is open orders nothing."""
    open_runs = SyncRun.objects.filter(state=SyncRun.State.OPEN)
    wait_until(lambda: enqueue_tick() or not open_runs.exists(), "the first run does not end")


def add_titles(company: Company, count: int) -> None:
    """Add titles of one person, whom a document makes findable after a lost write; the next run will list them."""
    wait_for_the_first_run()
    contact = company.bling.add_contact(name="Sol", document="11.222.333/0001-81", kind="J")
    for number in range(count):
        company.add_title(("payable", "receivable")[number % 2], contact=contact)


def tell_everything(world: World) -> None:
    """Let Kamino's lists show all there is, so that every lost write can be cleared up."""
    world.generous = True
    KaminoConnection.objects.update(lists_are_complete=True)


def order_runs() -> None:
    BlingConnection.objects.update(swept_at=timezone.now())
    commands.request_sync(connections=BlingConnection.objects.all(), user=None, now=timezone.now())
    for _name in NAMES:
        enqueue_tick()


@pytest.mark.long
class TestWithLimits:
    """Two companies whose every call counts, on both sides."""

    @pytest.fixture
    def world(self, world: World) -> World:
        """A sandbox that refuses a fourth call in a second, and a Kamino of 120 calls a minute."""
        return World(today=world.today, kamino_per_minute=120)

    def test_two_clusters_share_the_work_and_keep_the_limits(
        self, new_company: Callable[..., Company], world: World, start_cluster: Any, tmp_path: Path
    ) -> None:
        companies = [new_company(slug) for slug in ("azul", "verde")]
        logs = {name: tmp_path / name for name in NAMES}
        for name, log in logs.items():
            start_cluster(name, TEST_LIMITS="1", FAILPOINT_LOG=str(log))
        for name in NAMES:  # either of them may take a tick
            wait_until(lambda name=name: enqueue_tick() or has_worked(name), f"{name} shows no life")  # type: ignore[misc]
        for company in companies:
            add_titles(company, 8)
        order_runs()
        wait_until(is_at_rest, "the work does not come to an end")
        for company in companies:
            # On a busy machine a call may leave late, and the next one seem too early to who counts wall-clock seconds.
            # Clusters that knew nothing of each other would be refused every other call.
            refused = sum(company.bling.refused.values()) + sum(company.kamino.refused.values())
            assert refused <= company.bling.request_count / 5, (refused, company.bling.request_count)
            check_equal(company)
        assert world.addresses.blocked_until == {}
        for name, log in logs.items():
            assert "saved" in log.read_text() or "recorded" in log.read_text(), f"{name} did nothing"


@pytest.mark.parametrize("failpoint", [pytest.param("pull.chunk_read", marks=pytest.mark.long), "title.after_write"])
@pytest.mark.long
def test_a_killed_worker_of_a_cluster_is_replaced_and_its_work_goes_on(
    company: Company, world: World, start_cluster: Any, tmp_path: Path, failpoint: str
) -> None:
    for direction in ("payable", "payable", "receivable"):
        company.bling.pay(company.add_title(direction), account=company.bank)
    tell_everything(world)
    died = tmp_path / "died"
    start_cluster("um", DIE_AT=f"{failpoint}:1:{died}")
    order_runs()
    wait_until(died.exists, "the worker never came there")

    wait_until(lambda: forget_the_dead(company) or is_at_rest(), "nobody took the dead worker's place")
    check_equal(company)


@pytest.mark.long
class TestSupervised:
    """Clusters under `manage.py supervise`, with little patience."""

    @pytest.fixture
    def supervisors(self, company: Company) -> Iterator[list[subprocess.Popen[str]]]:
        started = [
            processes.start(
                "manage.py", "supervise", "--silence", SILENCE, "--start", "60", "--grace", "2",
                env={"QUEUE_WORKERS": "1"},
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )
            for _name in NAMES
        ]  # fmt: skip
        for supervisor in started:
            wait_until(lambda supervisor=supervisor: self._lives(supervisor), "no heartbeat")  # type: ignore[misc]
        yield started
        for supervisor in started:
            supervisor.send_signal(signal.SIGTERM)
        for supervisor in started:
            supervisor.wait(40)

    def _name(self, supervisor: subprocess.Popen[str]) -> str:
        return f"{os.uname().nodename}:{supervisor.pid}"

    def _lives(self, supervisor: subprocess.Popen[str]) -> bool:
        """Ask for a tick, which either cluster may take, unless this one took one."""
        enqueue_tick()
        return has_worked(self._name(supervisor))

    def _children(self, pid: int) -> list[int]:
        found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
        return [int(child) for child in found.stdout.split()]

    def _wait_for_another(self, supervisor: subprocess.Popen[str], cluster: int) -> None:
        wait_until(lambda: cluster not in self._children(supervisor.pid), "the cluster was never replaced")
        Heartbeat.objects.filter(name=self._name(supervisor)).delete()
        wait_until(lambda: self._lives(supervisor), "the new cluster shows no life")

    def test_one_is_killed_and_one_frozen_and_both_come_back(
        self, company: Company, world: World, supervisors: list[subprocess.Popen[str]]
    ) -> None:
        tell_everything(world)
        killed, frozen = [self._children(supervisor.pid)[0] for supervisor in supervisors]
        add_titles(company, 6)
        order_runs()
        os.killpg(killed, signal.SIGKILL)
        os.killpg(frozen, signal.SIGSTOP)
        self._wait_for_another(supervisors[0], killed)
        self._wait_for_another(supervisors[1], frozen)
        wait_until(lambda: forget_the_dead(company) or is_at_rest(), "the work does not come to an end")
        check_equal(company)

    def test_an_idle_worker_is_killed_and_work_is_done_all_the_same(
        self, company: Company, world: World, supervisors: list[subprocess.Popen[str]]
    ) -> None:
        tell_everything(world)
        wait_for_the_first_run()
        for supervisor in supervisors:
            guard = self._children(self._children(supervisor.pid)[0])[0]
            os.kill(self._children(guard)[0], signal.SIGKILL)
        add_titles(company, 3)
        order_runs()
        # A run that was open when the titles were added may not have listed them: then another one is ordered.
        seen = lambda: Posting.objects.count() == 3 or order_runs()  # noqa: E731
        wait_until(lambda: forget_the_dead(company) or (seen() and is_at_rest()), "the work does not come to an end")
        assert Posting.objects.filter(state="delivered").count() == 3
        check_equal(company)
