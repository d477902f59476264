"""A worker host whose database goes away and comes back, and whose supervisor is killed: what comes back by itself."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests import processes
from tests.management.test_supervise import cluster_of, living
from tests.postgres.own import OwnServer

PATIENCE = 60

pytestmark = [pytest.mark.long, pytest.mark.django_db]


@pytest.fixture(scope="module")
def server() -> OwnServer:
    return OwnServer()


@pytest.fixture
def database(server: OwnServer) -> Iterator[OwnServer]:
    server.start()
    yield server
    server.thaw()
    server.start()


class Host:
    """A supervisor with little patience, what it said, and its cluster."""

    def __init__(self, *command: str, database: OwnServer, log: Path) -> None:
        self.database, self._log = database, log
        with log.open("w") as output:
            self.process = processes.start(
                *command, env={"QUEUE_WORKERS": "1", **database.environment()},
                stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip

    @property
    def said(self) -> str:
        return self._log.read_text()

    def beat(self) -> float:
        """Return when a worker of it last showed life; 0 for never."""
        name = f"{os.uname().nodename}:{self.process.pid}"
        with psycopg.connect(self.database.url) as connection:
            found = connection.execute(
                "SELECT extract(epoch FROM beat_at) FROM integrations_heartbeat WHERE name = %s", [name]
            ).fetchone()
        return float(found[0]) if found else 0.0

    def wait_for_beat(self) -> None:
        """Wait until a worker of it has shown life that it had not shown before."""
        before = self.beat()
        until(lambda: self.beat() > before, f"no heartbeat\n{self.said}")


@pytest.fixture
def start(database: OwnServer, tmp_path: Path) -> Iterator[Callable[..., Host]]:
    hosts: list[Host] = []

    def begin(*command: str) -> Host:
        command = command or ("manage.py", "supervise", "--silence", "12", "--start", "40", "--grace", "2")
        hosts.append(Host(*command, database=database, log=tmp_path / f"log-{len(hosts)}"))
        return hosts[-1]

    yield begin
    for host in hosts:
        host.process.send_signal(signal.SIGTERM)
        host.process.wait(40)


def until(true: Callable[[], Any], otherwise: str) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > end:
            raise AssertionError(otherwise)
        time.sleep(0.2)


def is_running(process: subprocess.Popen[str]) -> bool:
    return process.poll() is None


def test_a_supervisor_outlives_its_database_and_keeps_its_cluster(start: Any, database: OwnServer) -> None:
    host = start()
    host.wait_for_beat()
    cluster = cluster_of(host.process)

    database.stop()
    until(lambda: "database cannot be asked" in host.said, "the supervisor says nothing")
    time.sleep(15)  # longer than a silence that would end the cluster
    assert is_running(host.process)
    assert cluster_of(host.process) == cluster
    database.start()

    until(lambda: "database is back" in host.said, "the supervisor did not notice")
    host.wait_for_beat()
    assert cluster_of(host.process) == cluster
    assert host.said.count("database cannot be asked") == 1
    assert "cluster is restarted" not in host.said


def test_a_cluster_that_ends_while_the_database_is_away_is_started_when_it_is_back(
    start: Any, database: OwnServer
) -> None:
    host = start()
    host.wait_for_beat()
    cluster = cluster_of(host.process)

    database.stop()
    os.killpg(cluster, signal.SIGKILL)
    until(lambda: "waiting for the database" in host.said, "the supervisor says nothing")
    assert not children_of(host.process)
    database.start()

    host.wait_for_beat()
    assert host.said.count("cluster is restarted") == 1


@pytest.mark.parametrize(("command", "above"), [("supervise", 1), ("cluster", 0)])
def test_a_host_that_starts_without_a_database_comes_up_with_it(
    start: Any, database: OwnServer, command: str, above: int
) -> None:
    database.stop()
    host = start("manage.py", command)
    until(lambda: "waiting for the database" in host.said, "it says nothing")
    time.sleep(6)  # more than one try
    assert is_running(host.process)
    database.start()

    until(lambda: "database is back" in host.said, "it did not notice")
    until(lambda: has_workers(host, above), "no worker was started")
    assert host.said.count("waiting for the database") == 1


def test_a_database_that_answers_nothing_stops_no_order_to_end(start: Any, database: OwnServer) -> None:
    host = start()
    host.wait_for_beat()
    cluster = cluster_of(host.process)

    database.freeze()
    time.sleep(5)
    host.process.send_signal(signal.SIGTERM)
    until(lambda: living(cluster) == [], "the cluster goes on")
    assert host.process.wait(40) == 0


def test_a_database_that_answers_nothing_is_away(start: Any, database: OwnServer) -> None:
    host = start()
    host.wait_for_beat()
    cluster = cluster_of(host.process)

    database.freeze()
    until(lambda: "no answer for" in host.said, "the supervisor waits for ever")
    database.thaw()

    until(lambda: "database is back" in host.said, "the supervisor did not notice")
    host.wait_for_beat()
    assert cluster_of(host.process) == cluster


@pytest.mark.parametrize("is_frozen", [False, True])
def test_no_process_of_a_cluster_outlives_a_killed_supervisor(start: Any, is_frozen: bool) -> None:
    host = start()
    host.wait_for_beat()
    cluster = cluster_of(host.process)
    assert len(living(cluster)) == 5  # itself, its guard, a worker, who fetches tasks and who stores results
    if is_frozen:
        os.killpg(cluster, signal.SIGSTOP)

    host.process.kill()
    host.process.wait(10)

    until(lambda: living(cluster) == [], "processes were left behind")


def test_no_worker_outlives_a_killed_guard_and_the_cluster_is_replaced(start: Any) -> None:
    host = start()
    host.wait_for_beat()
    cluster = cluster_of(host.process)
    guard, *_none = children_of(cluster)

    os.kill(guard, signal.SIGKILL)

    until(lambda: living(cluster) == [], "processes were left behind")
    host.wait_for_beat()
    assert cluster_of(host.process) != cluster


def test_a_cluster_that_ends_at_once_is_started_again_at_leisure(start: Any, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("import sys, manage\nsys.exit(3) if sys.argv[1] == 'cluster' else manage.main()\n")
    host = start(str(program), "supervise")
    until(lambda: "pause=8" in host.said, "the pauses do not grow")
    assert is_running(host.process)
    assert host.said.count("cluster is restarted") == 3


def children_of(process: subprocess.Popen[str] | int) -> list[int]:
    pid = process if isinstance(process, int) else process.pid
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [int(child) for child in found.stdout.split()]


def has_workers(host: Host, above: int) -> bool:
    """Say whether the guard of a cluster has its three processes; `above` the cluster are so many others."""
    line = [host.process.pid]
    for _ in range(above + 1):
        line = [child for parent in line for child in children_of(parent)]
    return any(len(children_of(guard)) == 3 for guard in line)
