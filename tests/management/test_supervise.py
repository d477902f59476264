"""The supervisor: a cluster that shows no life is replaced, whole process group and all."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest

from integrations.models import Heartbeat
from tests import processes
from tests.flows.helpers import Company

PATIENCE = 60


@pytest.fixture
def supervisor(company: Company) -> Iterator[subprocess.Popen[str]]:
    process = processes.start(
        "manage.py", "supervise", "--silence", "8", "--start", "60", "--grace", "2", env={"QUEUE_WORKERS": "1"},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    yield process
    process.send_signal(signal.SIGTERM)
    process.wait(40)


def wait_for_beat(name: str, after: float) -> float:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        beat = Heartbeat.objects.filter(name=name).values_list("beat_at", flat=True).first()
        if beat is not None and beat.timestamp() > after:
            return beat.timestamp()
        time.sleep(0.2)
    raise AssertionError("no heartbeat")


def cluster_of(supervisor: subprocess.Popen[str]) -> int:
    children = subprocess.check_output(["pgrep", "-P", str(supervisor.pid)], text=True).split()
    return int(children[0])


def living(group: int) -> list[int]:
    """Return the processes of a group that still run (a container without init keeps dead ones as zombies)."""
    rows = subprocess.check_output(["ps", "-eo", "pid=,pgid=,stat="], text=True).split("\n")
    parts = [row.split() for row in rows if row.strip()]
    return [int(pid) for pid, pgid, stat in parts if int(pgid) == group and not stat.startswith("Z")]


@pytest.mark.long
def test_a_frozen_cluster_is_replaced_and_works_again(supervisor: subprocess.Popen[str]) -> None:
    name = f"{os.uname().nodename}:{supervisor.pid}"
    first = wait_for_beat(name, 0)
    cluster = cluster_of(supervisor)
    os.killpg(cluster, signal.SIGSTOP)
    frozen_at = max(first, time.time())
    wait_for_beat(name, frozen_at + 1)
    assert cluster_of(supervisor) != cluster
    assert living(cluster) == []


@pytest.mark.django_db
@pytest.mark.some(2)
@pytest.mark.parametrize("command", ["supervise", "cluster"])
def test_a_host_waits_for_a_database_that_is_away_and_can_be_ended_meanwhile(command: str) -> None:
    process = processes.start(
        "manage.py", command, env={"DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing"},
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    assert "waiting for the database" in process.stderr.readline()
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    _nothing, said = process.communicate(timeout=PATIENCE)
    assert said == ""
    assert process.returncode == (0 if command == "supervise" else -signal.SIGTERM)


@pytest.mark.long
def test_an_idle_cluster_ends_as_soon_as_it_is_asked(company: Company) -> None:
    supervisor = processes.start(
        "manage.py", "supervise", "--silence", "8", "--start", "60", "--grace", str(5 * PATIENCE),
        env={"QUEUE_WORKERS": "1"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for_beat(f"{os.uname().nodename}:{supervisor.pid}", 0)
        cluster = cluster_of(supervisor)
        supervisor.send_signal(signal.SIGTERM)
        assert supervisor.wait(PATIENCE) == 0
        assert living(cluster) == []
    finally:
        supervisor.kill()
        supervisor.wait(10)
