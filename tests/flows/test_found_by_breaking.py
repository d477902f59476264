"""Defects that a hostile review proved, each kept as a test so that it never comes back."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from integrations.domain.delivery import DeliveryState
from integrations.domain.reasons import LOST_ANSWERS
from integrations.models import Attempt, BlingConnection, BlingToken, Posting, RateLimit, SyncRun
from integrations.pipeline.access import tokens
from integrations.pipeline.access.rate_limits import kamino_key
from integrations.pipeline.deliver.kamino import KAMINO
from integrations.pipeline.desk import commands
from integrations.pipeline.outbox import record
from integrations.pipeline.outbox.claim import claim
from integrations.pipeline.read import schedule
from integrations.pipeline.run import tick
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company, in_days


def test_a_bug_after_a_write_left_is_no_reason_to_write_again(company: Company) -> None:
    company.add_title("payable")
    company.sync()
    company.to_shadow()
    title = company.add_title("payable")
    company.sync()
    company.go_live()
    posting = company.posting(title)
    claimed = claim(posting, "create", settles=False, now=timezone.now(), to=KAMINO)  # type: ignore[arg-type]
    assert claimed is not None
    with record.outcome_of(claimed, timezone.now):
        record.may_send(claimed, timezone.now)
        raise ValueError("the answer could not be read")
    posting.refresh_from_db()
    assert posting.state == DeliveryState.UNCERTAIN
    assert Attempt.objects.get(posting=posting).outcome == "uncertain"


def test_a_second_connection_to_a_mirrored_company_is_held(company: Company) -> None:
    title = company.add_title("payable", value="100.00")
    company.sync()
    BlingConnection.objects.update(status="never")
    second = BlingConnection.objects.create(
        tenant=company.tenant, label="De novo", client_id=company.bling.client_id,
        client_secret=company.bling.client_secret, code_prefix="2-",
    )  # fmt: skip
    pair = company.bling.issue_tokens()
    tokens.store_tokens(second, company.token_pair(pair), now=timezone.now())
    commands.request_sync(connections=[second], user=None, now=timezone.now())
    company.work()
    second.refresh_from_db()
    assert second.status == "held"
    assert len(company.kamino.titles("payable")) == 1
    assert company.in_kamino("payable", title) is not None


def test_another_contact_in_bling_is_another_person_in_kamino(company: Company) -> None:
    first = company.bling.add_contact(name="Sol", document="11.222.333/0001-81", kind="J")
    second = company.bling.add_contact(name="Lua", document="11.444.777/0001-61", kind="J")
    title = company.add_title("payable", contact=first, history="Aluguel")
    company.sync()
    before = company.in_kamino("payable", title)["IDPessoa"]
    company.bling.edit_title(title, contact=second)
    company.sync()
    after = company.in_kamino("payable", title)["IDPessoa"]
    assert after != before
    assert company.kamino.persons[after]["Nome"] == "Lua"


@pytest.mark.parametrize("then", ["cancel", "filter"])
def test_an_unresolved_write_stays_a_question_whatever_bling_says(company: Company, world: World, then: str) -> None:
    title = company.add_title("receivable")
    world.faults.add(Fault(side="kamino", method="POST", path="/financeiro/recebimento", kind="cut_after"))
    company.sync()
    company.work()
    if then == "cancel":
        company.bling.cancel(title)
    else:
        type(company.tenant).objects.update(sync_receivables=False)
        commands.tenant_changed(tenant_id=company.tenant.pk, now=timezone.now())
    report = company.sync()
    posting = company.posting(title)
    assert posting.state == DeliveryState.NEEDS_HUMAN
    assert posting.reason in LOST_ANSWERS
    assert report.exit_code == 1


def test_a_forced_settlement_that_bling_contradicts_is_shown(company: Company, world: World) -> None:
    title = company.add_title("payable", value="100.00")
    company.sync()
    account = company.tenant.kamino_connection.items.get(kind="bank_account", name="BANCO DE TESTE")
    user = User.objects.create_user("maria")
    commands.force_settlement(
        posting=company.posting(title), date=world.today, amount=Decimal("90.00"), account=account, reason="x",
        user=user, now=timezone.now(),
    )  # fmt: skip
    company.work()
    company.bling.pay(title, date=in_days(world, -1), account=company.bank)
    report = company.sync()
    assert company.problems(title) == ["settlement_differs"]
    assert (report.settled, report.exit_code) == (0, 1)


def test_a_resync_never_counts_as_a_run_that_missed_the_title(company: Company) -> None:
    type(company.tenant).objects.update(cancel_deleted=True)
    title = company.add_title("payable")
    company.sync()
    company.bling.delete(title)
    user = User.objects.create_user("maria")
    for _ in range(3):
        company.resync(title, user)
    assert company.in_kamino("payable", title) is not None


def test_a_far_rate_limit_pauses_the_company_and_pushes_nothing_further(company: Company, world: World) -> None:
    company.add_title("payable")
    world.faults.add(Fault(side="kamino", path="/financeiro/planoconta", kind="429", seconds=300, times=1))
    schedule.open_due_runs(now=timezone.now())
    key = kamino_key(company.tenant.kamino_connection)
    for _ in range(20):
        tick.work_once(clock=timezone.now, deadline=timezone.now() + timedelta(seconds=5))
    assert RateLimit.objects.get(key=key).next_at < timezone.now() + timedelta(seconds=310)
    assert not tick.work_once(clock=timezone.now, deadline=timezone.now() + timedelta(seconds=5))


def test_a_lost_update_of_a_title_that_is_no_longer_wanted_stops_nobody(company: Company, world: World) -> None:
    title = company.add_title("payable", value="100.00")
    company.sync()
    company.bling.edit_title(title, value="110.00")
    world.faults.add(Fault(side="kamino", method="POST", path="/financeiro/pagamento", kind="cut_before"))
    type(company.tenant.kamino_connection).objects.update(lists_are_complete=True)
    company.sync_once_without_lookup()
    type(company.tenant).objects.update(sync_payables=False)
    commands.tenant_changed(tenant_id=company.tenant.pk, now=timezone.now())
    other = company.add_title("receivable")
    company.forget_waits()
    company.sync()
    assert company.in_kamino("receivable", other) is not None
    assert not Posting.objects.filter(state=DeliveryState.READY, desired_fingerprint="").exists()


def test_years_of_failed_refreshes_overflow_nothing(company: Company) -> None:
    BlingToken.objects.update(failures=500, expires_at=timezone.now())
    company.bling.inactive = True
    tokens.refresh_due(clock=timezone.now, deadline=timezone.now() + timedelta(seconds=20))
    BlingConnection.objects.update(client_id="", client_secret="", status="connected")
    BlingToken.objects.update(failures=500, retry_at=None, refresh_started_version=0)
    tokens.refresh_due(clock=timezone.now, deadline=timezone.now() + timedelta(seconds=20))


@pytest.mark.parametrize("table", ["kaminoconnection.hash", "blingtoken.access_token", "blingconnection.client_secret"])
def test_one_unreadable_secret_stops_one_company(new_company: Callable[..., Company], table: str) -> None:
    broken, healthy = new_company("azul"), new_company("verde")
    broken.add_title("payable")
    title = healthy.add_title("payable")
    name, column = table.split(".")
    with connection.cursor() as cursor:
        owner = {"kaminoconnection": "tenant_id", "blingtoken": "connection_id", "blingconnection": "tenant_id"}[name]
        key = broken.connection_pk if name == "blingtoken" else broken.tenant.pk
        cursor.execute(f"UPDATE integrations_{name} SET {column} = 'ffffffff:damaged' WHERE {owner} = %s", [key])
    BlingToken.objects.filter(connection__tenant=broken.tenant).update(expires_at=timezone.now())
    tick.run_tick(clock=timezone.now, deadline=timezone.now() + timedelta(seconds=20))
    assert healthy.in_kamino("payable", title) is not None


@pytest.mark.parametrize("odd", [{"document_number": "9" * 300}, {"history": "com \x00 nulo"}], ids=["long", "nul"])
def test_an_odd_value_does_not_cost_the_others_their_sync(company: Company, odd: dict[str, Any]) -> None:
    good = company.add_title("payable")
    strange = company.add_title("payable")
    company.bling.edit_title(strange, **odd)
    report = company.sync()
    assert company.in_kamino("payable", good) is not None
    assert report.is_synced


def test_titles_that_always_fail_do_not_end_later_runs(company: Company, world: World) -> None:
    bad = [company.add_title("payable") for _ in range(4)]
    for title in bad:
        world.faults.add(Fault(side="bling", method="GET", path=f"/contas/pagar/{title}", kind="500", times=10_000))
    company.sync()
    good = company.add_title("payable")
    company.forget_waits()
    report = company.sync()
    assert company.in_kamino("payable", good) is not None
    assert report.is_synced


def test_a_listing_that_repeats_its_pages_ends_with_an_error(company: Company, world: World) -> None:
    for _ in range(101):
        company.add_title("payable")
    world.faults.add(Fault(side="bling", method="GET", path="/contas/pagar", kind="repeat_page", times=10_000))
    company.sync()
    row = SyncRun.objects.get()
    assert (row.state, row.error_kind) == ("failed", "internal")


def test_a_paused_connection_s_open_run_is_not_waited_for(company: Company) -> None:
    SyncRun.objects.create(
        connection=company.connection, due_at=timezone.now(), not_before=timezone.now() - timedelta(minutes=1)
    )
    BlingConnection.objects.update(status="paused")
    company.work()


def test_a_person_mended_in_bling_frees_its_titles(company: Company) -> None:
    contact = company.bling.add_contact(name="Sol", document="11.222.333/0001-81", kind="J")
    title = company.add_title("payable", contact=contact)
    company.kamino.reject_next("Pessoa recusada", match="Sol")
    company.sync()
    assert company.problems(title) == ["person_refused"]
    company.bling.edit_contact(contact, email="novo@sol.example")
    company.sync()
    company.sync()
    assert company.in_kamino("payable", title) is not None
