"""Restores: a database that is older than what was sent from it doubles nothing in Kamino, settlements included."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from integrations.models import KaminoConnection, RestoreHold
from integrations.pipeline.deliver.drain import drain
from sandbox.world import World
from tests.backups import make_backup, restore, restored_as_new
from tests.flows.checks import DIRECTIONS, check, check_kamino
from tests.flows.helpers import Company

TITLES = 16


@pytest.fixture
def journal(tmp_path: Path, settings: Any) -> Path:
    settings.JOURNAL_DIR = str(tmp_path / "journal")
    return tmp_path / "journal"


def load(company: Company, chance: random.Random) -> list[tuple[str, int]]:
    """Add titles of both directions, a third of them paid."""
    contact = company.bling.add_contact(name="Fornecedor", document="11.222.333/0001-81", kind="J")
    found = []
    for number in range(TITLES):
        direction = DIRECTIONS[number % 2]
        due = company.bling.world.today + timedelta(days=chance.randrange(4, 9))
        title = company.add_title(direction, contact=contact, due=due, value=f"{100 + number}.00")
        if chance.random() < 0.35:
            company.bling.pay(title, account=company.bank)
        found.append((direction, title))
    return found


def send_until(company: Company, writes: int) -> None:
    """Send until Kamino was written to so often, and stop in the middle: the clock jumps to the deadline then."""
    deadline = timezone.now() + timedelta(minutes=1)
    drain(clock=lambda: timezone.now() if company.kamino.write_count < writes else deadline, deadline=deadline)
    assert company.kamino.write_count >= writes


def lose(company: Company, tmp_path: Path, seed: int) -> Path:
    """Make a backup at a random moment of a load, and go on: to the end, with payments and people's changes."""
    chance = random.Random(seed)
    titles = load(company, chance)
    company.to_shadow()
    company.sync()
    company.go_live()
    send_until(company, chance.randrange(1, TITLES))
    backup = make_backup(tmp_path)
    company.work()
    for direction, title in chance.sample(titles, 5):
        if company.bling.titles[title].status == 1 and company.in_kamino(direction, title):
            if chance.random() < 0.5:
                company.bling.pay(title, account=company.bank)
            else:  # the restored database will look for it on its old due date
                company.bling.edit_title(title, due=company.bling.world.today + timedelta(days=60))
    company.sync()
    check_kamino(company)
    return backup


def kaminos_rows(company: Company) -> dict[str, list[Any]]:
    return {way: sorted((row["CodigoExterno"], row["ID"]) for row in company.kamino.titles(way)) for way in DIRECTIONS}


def settled(company: Company) -> int:
    paid = {"POST /financeiro/pagamento": "Situacao", "POST /financeiro/recebimento": "SitConta"}
    return sum(call in paid and body.get(paid[call]) == 2 for call, body in company.kamino.write_log)


@contextmanager
def same_name(backup: Path) -> Iterator[None]:
    restore(backup)
    yield


@contextmanager
def asked(backup: Path) -> Iterator[None]:
    """Into the same name on a host without a journal, and somebody says so."""
    restore(backup)
    call_command("after_restore", verbosity=0)
    yield


PLACES = {"same name": same_name, "new database": restored_as_new, "no journal, asked": asked}


@pytest.mark.parametrize("generous", [False, True], ids=["strict", "generous"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 12))])
def test_nothing_is_sent_a_second_time(
    company: Company, world: World, journal: Path, settings: Any, tmp_path: Path, seed: int, place: str, generous: bool
) -> None:
    """154 of 154 titles were created again, 92 of them settled."""
    world.generous = generous
    KaminoConnection.objects.update(lists_are_complete=generous)
    if place == "no journal, asked":
        settings.JOURNAL_DIR = ""
    backup = lose(company, tmp_path, seed)
    rows, settlements = kaminos_rows(company), settled(company)
    with PLACES[place](backup):
        company.reconnect()
        company.work()
        company.sync()
        company.forget_waits()
        company.work()
        assert kaminos_rows(company) == rows
        assert settled(company) == settlements
        held = set(RestoreHold.objects.filter(RestoreHold.OPEN).values_list("direction", flat=True))
        assert held == (set() if generous else {"receivable"})
        if generous:
            check(company)
