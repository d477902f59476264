"""Random histories of customers that two systems send: each is one contact in Bling, nothing that somebody typed there
is lost unasked, and what a system said last is there, or it is known why not."""

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
from tests.flows.checks import check
from tests.flows.clock import Clock
from tests.flows.customer_history import CustomerHistory, check_customers, check_quiet, make_customers
from tests.flows.helpers import Company

NUMBERS = itertools.count(1)


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", seeds("customers", (1, 2, 3, 4), some=16, many=80))
def test_each_customer_is_one_contact_and_nobody_s_word_is_lost(
    new_company: Callable[..., Company], world: World, monkeypatch: pytest.MonkeyPatch, settings: Any, seed: int
) -> None:
    clock, number = Clock(world), next(NUMBERS)
    monkeypatch.setattr(time, "sleep", clock.advance)
    monkeypatch.setattr(tenacity, "wait_random_exponential", lambda **_options: tenacity.wait_none())
    cache.clear()
    world.generous = bool(seed % 2)
    company = new_company(f"c{number}")
    company.bling.deleted_keep_documents = seed % 3 == 0
    steps = make_customers(seed)
    keys = (f"{number:040}", f"k{number:039}")
    history = CustomerHistory(company, world, clock, user=User.objects.create_user("equipe"), keys=keys)
    try:
        history.tell(steps)
        check(history.company)
        check_customers(history)
        check_quiet(history)
        check_customers(history)
    except BaseException as error:
        error.add_note(f"history of customers {seed}: {steps}")
        raise
