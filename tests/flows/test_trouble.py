"""What goes wrong: each failure is named, stops only what it must, and nothing is lost or done twice."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from integrations.domain.delivery import DeliveryState
from integrations.domain.reasons import Reason
from integrations.models import (
    BlingConnection,
    BlingToken,
    KaminoConnection,
    PersonPosting,
    RateLimit,
    SyncRun,
    Title,
)
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.access.rate_limits import kamino_key
from integrations.pipeline.read import schedule
from integrations.pipeline.run import tick
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company, in_days

SAVE = {"payable": "/financeiro/pagamento", "receivable": "/financeiro/recebimento"}


def test_one_title_that_cannot_be_read_does_not_stop_the_others(company: Company, world: World) -> None:
    good, bad = company.add_title("payable"), company.add_title("payable")
    world.faults.add(Fault(side="bling", method="GET", path=f"/contas/pagar/{bad}", kind="500", times=1000))
    report = company.sync_and_report()
    assert company.in_kamino("payable", good) is not None
    assert company.in_kamino("payable", bad) is None
    note = SyncRun.objects.get().failure_notes[0]
    assert (note["bling_id"], note["kind"]) == (bad, "transient")
    assert (report.errors, report.exit_code) == (1, 1)
    world.faults.clear()
    company.sync()
    assert company.in_kamino("payable", bad) is not None


def test_one_title_that_kamino_refuses_does_not_stop_the_others(company: Company) -> None:
    refused, good = company.add_title("payable", value="66.66"), company.add_title("payable")
    company.kamino.reject_next("Fornecedor bloqueado para lançamentos", match="66.66")
    report = company.sync_and_report()
    posting = company.posting(refused)
    assert (posting.state, posting.reason) == (DeliveryState.NEEDS_HUMAN, "refused")
    assert "Fornecedor bloqueado" in posting.reason_params["message"]
    assert company.in_kamino("payable", refused) is None
    assert company.in_kamino("payable", good) is not None
    assert report.exit_code == 1


def test_a_refused_title_is_sent_again_when_it_changed_in_bling(company: Company) -> None:
    title = company.add_title("payable", value="66.66")
    company.kamino.reject_next("Valor não permitido", match="66.66")
    company.sync()
    company.bling.edit_title(title, value="77.77")
    company.sync()
    assert company.in_kamino("payable", title)["ValorVencimento"] == company.title(title).value


def test_an_expired_token_is_refreshed_in_the_middle_of_a_run(company: Company) -> None:
    title = company.add_title("payable")
    company.bling.expire_access_tokens()
    company.sync()
    assert company.in_kamino("payable", title) is not None
    assert company.bling.calls["POST /oauth/token"] == 1
    assert company.connection.status == ConnectionStatus.CONNECTED


def test_a_revoked_authorization_stops_the_pull_and_keeps_the_backlog(company: Company) -> None:
    title = company.add_title("payable", category=company.bling.add_category("Sem par", kind=1))
    company.sync()
    company.bling.revoke_all()
    report = company.sync_and_report()
    assert report.exit_code == 2
    assert company.connection.status == ConnectionStatus.RECONNECT
    assert "Conecte" in SyncRun.objects.latest("pk").error
    assert company.title(title).pk


def test_a_wrong_client_secret_is_said_in_portuguese(company: Company) -> None:
    company.add_title("payable")
    BlingConnection.objects.update(client_secret="errado")
    company.bling.expire_access_tokens()
    report = company.sync_and_report()
    assert report.exit_code == 2
    assert "client id" in SyncRun.objects.get().error.lower()
    assert (company.connection.status, company.connection.status_cause) == ("reconnect", "invalid_client")
    assert company.kamino.write_count == 0


def test_wrong_kamino_keys_are_said_and_nothing_is_written(company: Company) -> None:
    company.add_title("payable")
    connection = KaminoConnection.objects.get()
    connection.hash = "errado"
    connection.save()
    report = company.sync_and_report()
    connection.refresh_from_db()
    assert "Kamino" in connection.error
    assert (report.exit_code, company.kamino.write_count) == (2, 0)
    assert Title.objects.count() == 1


def test_keys_never_go_to_a_host_that_is_not_allowed(company: Company, settings: Any) -> None:
    settings.TEST_HOSTS = []
    company.add_title("payable")
    report = company.sync_and_report()
    assert report.exit_code == 2
    assert "endereço" in KaminoConnection.objects.get().error
    assert company.kamino.calls == {}


@pytest.mark.parametrize("kind", ["500", "503", "html", "429", "truncated", "cut_before"])
@pytest.mark.some(4)
def test_a_passing_failure_of_bling_is_retried(company: Company, world: World, kind: str) -> None:
    title = company.add_title("payable")
    world.faults.add(Fault(side="bling", method="GET", path="/contas/pagar", kind=kind, times=2, account="azul"))
    report = company.sync_and_report()
    assert company.in_kamino("payable", title) is not None
    assert report.is_synced


def test_html_from_bling_for_good_ends_the_run_with_a_clear_message(
    company: Company, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.pipeline.read.run_lease.MOST_TRIES", 0)
    world.faults.add(Fault(side="bling", method="GET", path="/contas/pagar", kind="html", times=1000))
    company.add_title("payable")
    report = company.sync_and_report()
    run = SyncRun.objects.get()
    assert (run.state, run.failure["kind"]) == ("failed", "transient")
    assert "página" in run.error
    assert report.exit_code == 2


def test_an_unknown_status_waits_for_a_person_and_settles_nothing(company: Company) -> None:
    title = company.add_title("payable")
    company.bling.edit_title(title, status=9)
    company.sync()
    assert company.problems(title) == ["status_unknown"]
    assert company.kamino.find("payable", title) is None


@pytest.mark.some(9, drawn=3)
@pytest.mark.parametrize("direction", ["payable", "receivable"])
@pytest.mark.parametrize("kind", ["429", "cut_before", "500", "html"])
def test_a_failed_write_that_did_not_happen_ends_once_or_with_a_person(
    company: Company, world: World, direction: str, kind: str
) -> None:
    title = company.add_title(direction)
    world.faults.add(Fault(side="kamino", method="POST", path=SAVE[direction], kind=kind, times=1, seconds=0))
    company.sync()
    company.work()
    row, posting = company.in_kamino(direction, title), company.posting(title)
    assert row is not None or posting.state == DeliveryState.NEEDS_HUMAN
    assert (row is not None) == (posting.state == DeliveryState.DELIVERED)


def test_a_person_whose_answer_is_lost_is_not_created_twice(company: Company, world: World) -> None:
    contact = company.bling.add_contact(name="Sol", document="11.222.333/0001-81", kind="J")
    title = company.add_title("payable", contact=contact)
    world.faults.add(Fault(side="kamino", method="POST", path="/pessoa/grava", kind="cut_after", times=1))
    company.sync()
    company.work()
    same = [row for row in company.kamino.persons.values() if row["CPFCNPJ"] == "11222333000181"]
    assert len(same) == 1
    assert company.in_kamino("payable", title)["IDPessoa"] == same[0]["ID"]


def test_a_company_whose_connection_fails_does_not_stop_another(new_company: Callable[..., Company]) -> None:
    broken, healthy = new_company("azul"), new_company("verde")
    broken.add_title("payable")
    title = healthy.add_title("payable")
    BlingToken.objects.filter(connection=broken.connection).delete()
    broken.sync()
    healthy.sync()
    assert healthy.in_kamino("payable", title) is not None


def test_a_far_rate_limit_pauses_the_company_and_pushes_nothing_further(company: Company, world: World) -> None:
    company.add_title("payable")
    world.faults.add(Fault(side="kamino", path="/financeiro/planoconta", kind="429", seconds=300, times=1))
    schedule.open_due_runs(now=timezone.now())
    key = kamino_key(company.tenant.kamino_connection)
    for _ in range(20):
        tick.work_once(clock=timezone.now, deadline=timezone.now() + timedelta(seconds=5))
    assert RateLimit.objects.get(key=key).next_at < timezone.now() + timedelta(seconds=310)
    assert not tick.work_once(clock=timezone.now, deadline=timezone.now() + timedelta(seconds=5))


@pytest.mark.parametrize("table", ["kaminoconnection.hash", "blingtoken.access_token", "blingconnection.client_secret"])
@pytest.mark.some(3)
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
    report = company.sync_and_report()
    assert company.in_kamino("payable", good) is not None
    assert report.is_synced


@pytest.mark.some(2)
@pytest.mark.parametrize("path", ["/financeiro/pagamento", "/pessoa/grava"])
def test_writing_that_is_refused_lets_all_else_go_on(company: Company, world: World, contact: int, path: str) -> None:
    """The user of the keys may see payables, or persons, and not write them: each try paused the whole company."""
    company.add_title("receivable", contact=contact)
    company.sync()
    world.faults.add(Fault("kamino", "answer", "POST", path, times=50, status=403, answer="{}"))
    payable = company.add_title("payable")
    receivable = company.add_title("receivable", contact=contact, due=in_days(world, 200))
    company.sync()
    for _ in range(3):  # a quarter of an hour each
        company.forget_waits()
        KaminoConnection.objects.update(lease_until=None)
        company.work()
    assert company.in_kamino("payable", payable) is None
    assert company.in_kamino("receivable", receivable) is not None
    refused = company.posting(payable) if "pagamento" in path else PersonPosting.objects.get(kamino_id=None)
    assert (refused.state, refused.reason) == (DeliveryState.NEEDS_HUMAN, Reason.ACCESS_REFUSED), "a person is told"
