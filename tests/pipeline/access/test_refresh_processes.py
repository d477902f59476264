"""Thirty-two threads on four processes with a refused token: one token call, and nobody is turned away."""

import json
import subprocess
from collections.abc import Iterator

import pytest

from integrations.models.connections import ConnectionStatus
from tests import processes
from tests.flows.helpers import Company

PROCESSES, THREADS = 4, 8


@pytest.fixture
def workers(company: Company, request: pytest.FixtureRequest) -> Iterator[list[subprocess.Popen[str]]]:
    started = [
        processes.start(
            "-m", "tests.pipeline.access.refresh_worker", str(company.connection.pk), str(THREADS),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={"BLING_BREAKER_ERRORS": "1000000"},  # here every round is a burst of refused calls, on purpose
        )
        for _ in range(getattr(request, "param", PROCESSES))
    ]  # fmt: skip
    for worker in started:
        assert json.loads(worker.stdout.readline()) == "ready"  # type: ignore[union-attr]
    yield started
    for worker in started:
        worker.stdin.close()  # type: ignore[union-attr]
        worker.wait(30)
        worker.stdout.close()  # type: ignore[union-attr]


def run_rounds(company: Company, workers: list[subprocess.Popen[str]], rounds: int) -> None:
    for number in range(1, rounds + 1):
        company.bling.expire_access_tokens()
        for worker in workers:
            worker.stdin.write("go\n")  # type: ignore[union-attr]
            worker.stdin.flush()  # type: ignore[union-attr]
        results = [result for worker in workers for result in json.loads(worker.stdout.readline())]  # type: ignore[union-attr]
        assert results == [company.bling.company_id] * (len(workers) * THREADS)
        assert company.bling.calls["POST /oauth/token"] == number
        assert company.connection.status == ConnectionStatus.CONNECTED


@pytest.mark.parametrize("workers", [2], indirect=True)
def test_three_rounds_of_two_processes(company: Company, workers: list[subprocess.Popen[str]]) -> None:
    run_rounds(company, workers, 3)


@pytest.mark.long
def test_twenty_rounds(company: Company, workers: list[subprocess.Popen[str]]) -> None:
    run_rounds(company, workers, 20)


@pytest.mark.soak
def test_a_thousand_rounds(company: Company, workers: list[subprocess.Popen[str]]) -> None:
    run_rounds(company, workers, 1000)
