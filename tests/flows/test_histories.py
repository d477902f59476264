"""Random histories: when the faults stop, Kamino holds exactly what Bling and the rules say, except what a person can
see with a reason; nothing exists or is settled twice, whoever died."""

import itertools
import os
import time
from collections.abc import Callable

import pytest
import tenacity
from django.contrib.auth.models import User

from integrations.bling import client as bling_client
from integrations.kamino import client as kamino_client
from integrations.pipeline.read.steps import listings
from sandbox.world import World
from tests.drawn import seeded
from tests.flows.checks import check, check_hidden, check_rest, check_surplus
from tests.flows.clock import Clock
from tests.flows.helpers import Company
from tests.flows.history import History, make_history

FEW, MANY = (0, 3), 40
"""Of each four, strict and generous Kaminos, whose lists may hide something or tell everything; the few are one of each
of both."""
A_TENTH = [seeded("history", kind).randrange(4 + kind, MANY, 4) for kind in range(4)]
"""One of each of the four."""
NUMBERS = itertools.count(1)

Tell = Callable[[int], History]


@pytest.fixture
def tell(new_company: Callable[..., Company], world: World, monkeypatch: pytest.MonkeyPatch) -> Tell:
    """Return a function that tells the history of a seed to a new company: strict for even seeds, generous for odd."""
    clock = Clock(world)
    monkeypatch.setattr(time, "sleep", clock.advance)
    monkeypatch.setattr(tenacity, "wait_random_exponential", lambda **_options: tenacity.wait_none())
    for module in (
        bling_client,
        listings,
        kamino_client,
    ):  # a history has few titles, and lists of several pages all the same
        monkeypatch.setattr(module, "PAGE_SIZE", 3)
    user = User.objects.create_user("equipe")

    def told(seed: int) -> History:
        world.generous = bool(seed % 2)
        world.faults.clear()
        steps = make_history(seed)
        history = History(new_company(f"h{next(NUMBERS)}"), world, clock, user=user)
        history.company.tenant.kamino_connection.lists_are_complete = bool(seed % 4 > 1)
        history.company.tenant.kamino_connection.save(update_fields=["lists_are_complete"])
        try:
            history.tell(steps)
            check(history.company)
            check_surplus(history.company)
            check_hidden(history.company, history.hidden)
            check_rest(history.company, history.sync)
            assert history.deaths
        except BaseException as error:
            error.add_note(f"history {seed}: {steps}")
            raise
        return history

    return told


# Measuring coverage makes these half as long again, and every line that they reach has a test of its own.
@pytest.mark.no_cover
@pytest.mark.parametrize(
    "seed",
    [
        *FEW,
        *(pytest.param(seed, marks=pytest.mark.long) for seed in A_TENTH),
        *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(MANY) if seed not in (*FEW, *A_TENTH)),
    ],
)
def test_when_faults_stop_both_sides_agree_or_a_person_sees_why(tell: Tell, seed: int) -> None:
    tell(seed)


@pytest.mark.soak
def test_an_hour_of_histories(tell: Tell, capsys: pytest.CaptureFixture[str]) -> None:
    end = time.monotonic() + float(os.environ.get("SOAK_SECONDS", "3600"))
    for seed in itertools.count(int(os.environ.get("SOAK_SEED", time.time_ns() // 1_000_000))):
        with capsys.disabled():
            print(f"history {seed}", flush=True)
        tell(seed)
        if time.monotonic() > end:
            return
