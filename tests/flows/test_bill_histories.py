"""Random histories of bills that a system sends: each is one order in Bling, nothing that somebody wrote there is lost
unasked, nothing is changed after its invoice or titles, and what it said last is there, or it is known why not."""

import itertools
import time
from collections.abc import Callable
from typing import Any

import pytest
import tenacity
from django.contrib.auth.models import User
from django.core.cache import cache

from sandbox.world import World
from tests.drawn import seeds
from tests.flows.bill_history import BillHistory, check_orders, check_quiet, check_rest, make_bills
from tests.flows.checks import check
from tests.flows.clock import Clock
from tests.flows.helpers import Company

NUMBERS = itertools.count(1)


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", seeds("bills", (1, 2, 3, 4), some=16, many=80))
def test_each_bill_is_one_order_and_nobody_s_word_is_lost(
    new_company: Callable[..., Company], world: World, monkeypatch: pytest.MonkeyPatch, settings: Any, seed: int
) -> None:
    clock, number = Clock(world), next(NUMBERS)
    monkeypatch.setattr(time, "sleep", clock.advance)
    monkeypatch.setattr(tenacity, "wait_random_exponential", lambda **_options: tenacity.wait_none())
    cache.clear()
    world.generous = bool(seed % 2)
    company = new_company(f"f{number}")
    steps = make_bills(seed)
    history = BillHistory(company, world, clock, user=User.objects.create_user("equipe"), key=f"f{number:039}")
    try:
        history.tell(steps)
        check(history.company)
        check_orders(history)
        check_rest(history)
        check_quiet(history)
        check_orders(history)
    except BaseException as error:
        error.add_note(f"history of bills {seed}: {steps}")
        raise
