"""Restores: a database that is older than what was sent from it doubles nothing in Kamino, settlements included."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from integrations.bling.errors import NeedsReconnectionError
from integrations.domain.alerts import AlertCause
from integrations.domain.restores import RestoreSignal
from integrations.models import (
    BlingConnection,
    Heartbeat,
    KaminoConnection,
    KaminoSnapshot,
    KnownDatabase,
    ListedSpan,
    RestoreHold,
)
from integrations.models.confidential import WHOLE
from integrations.pipeline.access import restores
from integrations.pipeline.access.journal import JournalError
from integrations.pipeline.access.tokens import refresh_token
from integrations.pipeline.deliver.drain import drain
from integrations.pipeline.deliver.persons import _DIRECTORIES
from integrations.pipeline.report.alerts import health_of
from sandbox.world import World
from tests.backups import make_backup, restore, restored_as_new
from tests.flows.checks import DIRECTIONS, check, check_kamino
from tests.flows.helpers import Company
from tests.flows.mortal import dying
from tests.sealing import seal_all

TITLES = 16


@pytest.fixture
def journal(tmp_path: Path, settings: Any) -> Path:
    settings.JOURNAL_DIR = str(tmp_path / "journal")
    return tmp_path / "journal"


def load(company: Company, chance: random.Random) -> list[tuple[str, int]]:
    """Add titles of both directions, a third of them paid."""
    named = {"contact": company.bling.add_contact(name="Fornecedor", document="11.222.333/0001-81", kind="J")}
    found = []
    for number in range(TITLES):
        direction = DIRECTIONS[number % 2]
        due = company.bling.world.today + timedelta(days=chance.randrange(4, 9))
        contact = {} if number % 5 == 0 else named  # else one of its own, without CNPJ
        title = company.add_title(direction, due=due, value=f"{100 + number}.00", **contact)
        if chance.random() < 0.35:
            company.bling.pay(title, account=company.bank)
        found.append((direction, title))
    return found


def send_until(company: Company, writes: int) -> None:
    """Send until Kamino was written to so often, and die. (What a moved clock records is looked for until then.)"""
    with dying(lambda here: here.endswith(".recorded") and company.kamino.write_count >= writes):
        drain(clock=timezone.now, deadline=timezone.now() + timedelta(minutes=1))
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


@pytest.mark.some(66, drawn=11)
@pytest.mark.parametrize("generous", [False, True], ids=["strict", "generous"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("seed", range(1, 12))
def test_nothing_is_sent_a_second_time(
    company: Company, world: World, journal: Path, settings: Any, tmp_path: Path, seed: int, place: str, generous: bool
) -> None:
    """154 of 154 titles were created again, 92 of them settled."""
    world.generous = generous
    KaminoConnection.objects.update(lists_are_complete=generous)
    if place == "no journal, asked":
        settings.JOURNAL_DIR = ""
    backup = lose(company, tmp_path, seed)
    rows, settlements, persons = kaminos_rows(company), settled(company), len(company.kamino.persons)
    with PLACES[place](backup):
        company.reconnect()
        company.work()
        company.sync()
        company.forget_waits()
        company.work()
        assert kaminos_rows(company) == rows
        assert settled(company) == settlements
        # A person without a document is known by its titles; one whose titles no list shows is not found again.
        assert len(company.kamino.persons) == persons or not generous
        held = set(RestoreHold.objects.filter(RestoreHold.OPEN).values_list("direction", flat=True))
        assert held == (set() if generous else {"receivable"})
        if generous:
            check(company)


def back(company: Company, tmp_path: Path) -> None:
    """Restore a backup from before the last title was sent and the token was renewed, under the same name."""
    company.add_title("payable", value="1.00")
    company.sync()
    backup = make_backup(tmp_path)
    company.add_title("payable", value="2.00")
    company.sync()
    refresh_token(company.connection.pk, company.connection.token.version, clock=timezone.now)
    restore(backup)


def signals() -> list[str]:
    """Return what the next worker notices."""
    restores.look(timezone.now())
    return KnownDatabase.objects.get().signals


def test_a_backup_that_is_younger_than_a_reading_is_believed_settles_nothing_twice(
    company: Company, settings: Any, tmp_path: Path
) -> None:
    """Without a journal nothing is noticed here; the rows and proofs that came with the backup count for nothing."""
    titles = [company.add_title("payable", value=f"{value}.00") for value in (1, 2)]
    company.sync()
    other = company.add_title("payable", value="3.00", due=company.bling.world.today + timedelta(days=10))
    company.bling.pay(titles[0], account=company.bank)
    company.to_shadow()
    company.sync()
    KaminoConnection.objects.update(reconciled_at=timezone.now() - timedelta(days=2))
    company.work()
    company.go_live()
    backup = make_backup(tmp_path)
    company.work()
    assert (settled(company), company.in_kamino("payable", other) is not None) == (1, True)
    rows = kaminos_rows(company)
    restore(backup)
    company.reconnect()
    company.sync()
    assert (settled(company), kaminos_rows(company)) == (1, rows)
    assert not RestoreHold.objects.exists()


def test_what_bling_took_back_since_the_backup_is_not_sent(company: Company, world: World, tmp_path: Path) -> None:
    """A payment that waited in the backup and was reversed since would be settled, and an old value written."""
    world.generous = True
    paid, changed = (company.add_title("payable", value=value) for value in ("1.00", "2.00"))
    company.sync()
    company.to_shadow()
    bordero = company.bling.pay(paid, account=company.bank)
    company.bling.edit_title(changed, value=3)
    company.sync()
    company.go_live()
    backup = make_backup(tmp_path)
    company.bling.reverse_payment(paid, bordero)
    company.bling.edit_title(changed, value=4)
    company.sync()
    restore(backup)
    writes = company.kamino.write_count
    BlingConnection.objects.update(status="reconnect")
    restores.after_restore(timezone.now())
    company.work()
    assert company.kamino.write_count == writes, "sent before Bling was read"
    company.reconnect()
    company.work()
    assert settled(company) == 0
    assert [body.get("ValorVencimento") for _call, body in company.kamino.write_log].count(3) == 0
    assert not RestoreHold.objects.filter(RestoreHold.OPEN).exists()
    check(company)


@pytest.mark.long
def test_who_cannot_keep_the_journal_sends_nothing(company: Company, journal: Path) -> None:
    journal.parent.mkdir(exist_ok=True)
    journal.write_text("a file in the place of the folder")
    title = company.add_title("payable")
    company.sync(waits=False)
    assert company.in_kamino("payable", title) is None
    journal.unlink()
    company.forget_waits()
    company.work()
    assert company.in_kamino("payable", title) is not None


def test_half_a_line_of_the_journal_says_nothing(company: Company, journal: Path) -> None:
    company.add_title("payable")
    company.sync()
    (file,) = journal.iterdir()
    with file.open("a") as lines:
        lines.write("99999999")
    assert signals() == []
    file.write_text("nothing of it can be read\n")
    with pytest.raises(JournalError):
        restores.look(timezone.now())


def test_another_worker_that_counts_on_is_no_restore(company: Company, journal: Path) -> None:
    """Its note may be younger than our look at the database."""
    company.add_title("payable")
    company.sync()
    assert signals() == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('integrations_attempt_id_seq')")
        number = cursor.fetchone()[0]
    journal_file = next(journal.iterdir())
    journal_file.write_text(f"{number} 2026-11-29T12:00:00+00:00\n")
    assert signals() == []


@pytest.mark.some(3)
@pytest.mark.parametrize("sign", ["server", "timeline", "database"])
def test_another_server_timeline_or_database_holds_everything(company: Company, world: World, sign: str) -> None:
    world.generous = True
    company.add_title("payable")
    company.sync()
    known = KnownDatabase.objects.get()
    KnownDatabase.objects.update(identity={**known.identity, sign: "1"})
    assert signals() == [sign]
    assert RestoreHold.objects.filter(RestoreHold.OPEN).count() == 2
    assert KaminoConnection.objects.get().reconciled_at is None
    assert not ListedSpan.objects.exists()
    assert not KaminoSnapshot.objects.exists()
    company.work()
    assert not RestoreHold.objects.filter(RestoreHold.OPEN).exists()


def test_a_role_that_may_not_read_the_identity_uses_the_rest(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    forbidden = {RestoreSignal.SERVER: "(SELECT 1 FROM no_such_view)"}
    monkeypatch.setattr(restores, "_IDENTITY", {**restores._IDENTITY, **forbidden})
    monkeypatch.setattr(restores, "_unreadable", set())
    title = company.add_title("payable")
    company.sync()
    assert company.in_kamino("payable", title) is not None
    assert restores.unread_identity() == [RestoreSignal.SERVER]
    KnownDatabase.objects.update(identity={"database": "1"})
    assert signals() == ["database"]


def test_a_database_that_nobody_knows_beside_a_journal_of_others_is_foreign(company: Company, journal: Path) -> None:
    company.add_title("payable")
    company.sync()
    KnownDatabase.objects.all().delete()
    assert signals() == ["foreign"]
    assert RestoreHold.objects.filter(RestoreHold.OPEN).exists()


def test_each_restore_is_noticed_also_the_second_one(
    company: Company, world: World, journal: Path, tmp_path: Path
) -> None:
    """Numbers go on after a restore: those that were lost are not given again."""
    world.generous = True
    back(company, tmp_path)
    assert signals() == ["journal"]
    company.reconnect()
    company.sync()
    assert not RestoreHold.objects.filter(RestoreHold.OPEN).exists()
    backup = make_backup(tmp_path)
    company.add_title("payable", value="3.00")
    company.sync()
    rows = kaminos_rows(company)
    restore(backup)
    company.reconnect()
    company.sync()
    assert kaminos_rows(company) == rows
    assert RestoreHold.objects.count() == 4


def test_a_running_worker_notices_that_its_database_went_back(company: Company, tmp_path: Path) -> None:
    """Without a journal it remembers the numbers itself."""
    back(company, tmp_path)
    key = KnownDatabase.objects.get().key
    restores._numbered[key] = 10_000
    assert signals() == ["journal"]


def test_what_a_running_worker_knows_of_persons_is_forgotten_too(
    company: Company, world: World, tmp_path: Path
) -> None:
    """It had read who is there before it created them, and the restored database knows of no creation."""
    world.generous = True
    for document in ("11.222.333/0001-81", "04.252.011/0001-10", "33.000.167/0001-01", "60.746.948/0001-12"):
        contact = company.bling.add_contact(name="Fornecedor", document=document, kind="J")
        company.add_title("payable", contact=contact)
    company.to_shadow()
    company.sync()
    company.go_live()
    backup = make_backup(tmp_path)
    company.work()
    persons = len(company.kamino.persons)
    assert persons == 4
    known = dict(_DIRECTORIES)
    restore(backup)
    _DIRECTORIES.update(known)  # the worker goes on
    restores.after_restore(timezone.now())
    company.reconnect()
    company.sync()
    assert len(company.kamino.persons) == persons
    check(company)


@pytest.mark.parametrize("is_complete", [False, True])
def test_a_list_that_may_hide_paid_titles_frees_none_that_is_paid(
    company: Company, world: World, tmp_path: Path, is_complete: bool
) -> None:
    """It shows no paid title, and what was settled since the backup would be created and settled again."""
    world.generous = True
    KaminoConnection.objects.update(lists_are_complete=is_complete)
    paid = company.add_title("payable")
    company.bling.pay(paid, account=company.bank)
    company.to_shadow()
    company.sync()
    company.go_live()
    backup = make_backup(tmp_path)
    company.work()
    kamino_id = company.in_kamino("payable", paid)["ID"]
    if not is_complete:
        company.kamino.deleted.add(("payable", kamino_id))  # from its list
        company.kamino.touch()
    restore(backup)
    restores.after_restore(timezone.now())
    company.reconnect()
    company.sync()
    company.kamino.deleted.discard(("payable", kamino_id))
    assert len(company.kamino.find_all("payable", paid)) == 1
    held = RestoreHold.objects.filter(RestoreHold.OPEN, direction="payable", looked_at__isnull=False)
    assert held.exists() is not is_complete


def test_a_held_company_is_not_green_and_tokens_of_the_backup_have_their_own_words(
    company: Company, journal: Path, tmp_path: Path, client: Client
) -> None:
    Heartbeat.objects.create(name="worker", beat_at=timezone.now(), has_journal=True)
    back(company, tmp_path)
    Heartbeat.objects.update(beat_at=timezone.now())
    seal_all()
    assert client.get("/health/ready?workers=1").json()["ok"]
    assert signals() == ["journal"]
    health = health_of(company.tenant, WHOLE, now=timezone.now())
    assert (health.colour, AlertCause.RESTORED in [found.cause for found in health.findings]) == ("red", True)
    assert client.get("/health/ready?workers=1").status_code == 503
    with pytest.raises(NeedsReconnectionError):
        refresh_token(company.connection.pk, company.connection.token.version, clock=timezone.now)
    assert company.connection.status_cause == "restored"


def test_a_company_that_never_had_a_title_is_not_held_for_ever(company: Company) -> None:
    """Its registers were read for its titles only, and without them its lists were not."""
    restores.after_restore(timezone.now())
    assert RestoreHold.objects.filter(RestoreHold.OPEN).count() == 2
    BlingConnection.objects.update(status="never")
    company.work()
    [hold] = RestoreHold.objects.filter(RestoreHold.OPEN)
    assert (hold.direction, hold.looked_at is not None) == ("receivable", True)
