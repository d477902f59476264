"""Random histories of payables that people enter for Bling: each stands there once, or a person sees why not; and what
the mirror makes of them in Kamino holds as ever."""

import itertools
import time
from collections.abc import Callable
from typing import Any

import pytest
import tenacity
from django.contrib.auth.models import User

from sandbox.world import World
from tests.drawn import seeds
from tests.flows.checks import check
from tests.flows.clock import Clock
from tests.flows.entering import EnteringHistory, check_entered, make_entering
from tests.flows.helpers import Company

NUMBERS = itertools.count(1)


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", seeds("entering", (1, 2), some=8, many=60))
def test_each_payable_stands_in_bling_once_or_a_person_sees_why(
    new_company: Callable[..., Company], world: World, monkeypatch: pytest.MonkeyPatch, settings: Any, seed: int
) -> None:
    clock = Clock(world)
    monkeypatch.setattr(time, "sleep", clock.advance)
    monkeypatch.setattr(tenacity, "wait_random_exponential", lambda **_options: tenacity.wait_none())
    world.generous = bool(seed % 2)
    steps = make_entering(seed)
    history = EnteringHistory(new_company(f"e{next(NUMBERS)}"), world, clock, user=User.objects.create_user("equipe"))
    try:
        history.tell(steps)
        check(history.company)
        check_entered(history)
    except BaseException as error:
        error.add_note(f"history of entering {seed}: {steps}")
        raise
