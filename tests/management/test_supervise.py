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
