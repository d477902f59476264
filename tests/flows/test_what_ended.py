"""What is said and what waits ends with its cause."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.models import Alert, BlingConnection, KaminoConnection, Posting, SyncRun, Tenant
from integrations.pipeline.company import connection_state
from integrations.pipeline.company.saving import save_kamino
from integrations.pipeline.desk.commands import tenant_changed
from integrations.pipeline.report.alerts import review_alerts
from tests.flows.helpers import Company


def home(client: Client) -> str:
    client.force_login(User.objects.create_superuser(f"admin{User.objects.count()}"))
    return str(client.get(reverse("admin:index")).content.decode())


def alerts() -> set[str]:
    review_alerts(now=timezone.now())
    return set(Alert.objects.filter(closed_at=None).values_list("cause", flat=True))


@pytest.mark.parametrize("paid", [False, True])
@pytest.mark.some(2)
def test_what_is_cancelled_in_kamino_needs_nobody(company: Company, paid: bool) -> None:
    Tenant.objects.update(cancel_deleted=True)
    titles = [company.add_title("payable"), company.add_title("payable", value="7.00")]
    company.sync()
    for title in titles:
        company.bling.delete(title) if not paid else company.bling.cancel(title)
    company.sync()
    company.sync()
    assert company.in_kamino("payable", titles[0]) is None
    if paid:  # Bling shows a payment of what it had cancelled before
        for title in titles:
            company.bling.pay(title, account=company.bank)
            company.bling.edit_title(title, status=5)
        company.sync()
    Tenant.objects.update(cancel_deleted=False)
    tenant_changed(tenant_id=company.tenant.pk, now=timezone.now())
    company.work()
    assert set(Posting.objects.values_list("state", flat=True)) == {"delivered"}
    assert [company.problems(title) for title in titles] == [[], []]


def test_after_a_reconnection_nobody_is_told_to_reconnect(company: Company, client: Client) -> None:
    company.bling.revoke_all()
    company.sync()
    connection = company.connection
    BlingConnection.objects.filter(pk=connection.pk).update(status="connected")  # the run ended, nobody marked it yet
    run = SyncRun.objects.get(connection=connection)
    assert (run.state, run.failure["kind"]) == ("failed", "config")
    assert "run_failed" in alerts()
    company.reconnect()
    assert "run_failed" not in alerts()
    assert str(run.error) not in home(client)
    page = client.get(reverse("admin:integrations_syncrun_change", args=[run.pk])).content.decode()
    assert "autorizada de novo" in page


def test_another_failure_stays_after_a_reconnection(company: Company) -> None:
    company.sync()
    now = timezone.now()
    SyncRun.objects.update(state="failed", failure={"kind": "conflict", "code": "many_missing"}, ended_at=now)
    company.reconnect()
    assert "run_failed" in alerts()


def test_a_finished_run_shows_no_error_that_it_overcame(company: Company, client: Client) -> None:
    company.sync()
    SyncRun.objects.update(state="open", failure={"kind": "transient", "service": "Bling"}, ended_at=None)
    assert "Será tentado de novo" in home(client)
    SyncRun.objects.update(state="done", ended_at=timezone.now())
    assert SyncRun.objects.get().error == ""
    assert "Será tentado de novo" not in home(client)


def test_what_a_person_disconnected_was_connected_once(company: Company, client: Client) -> None:
    company.sync()
    connection_state.disconnect(connection=company.connection, user=None, now=timezone.now())
    page = home(client)
    assert "Desconectado" in page
    assert "Nunca conectado" not in page


def test_saved_keys_end_the_error_and_every_wait_for_it(company: Company) -> None:
    kamino = KaminoConnection.objects.get()
    right: Any = kamino.hash
    company.add_title("payable")
    company.sync()
    kamino.hash = "errado"
    kamino.save(update_fields=["hash"])
    title = company.add_title("payable", value="7.00")
    company.sync()
    assert KaminoConnection.objects.get().failure
    waits = Posting.objects.get(title__bling_id=title)
    waits_until = timezone.now() + timedelta(minutes=5)
    Posting.objects.filter(pk=waits.pk).update(state="ready", reason="access_refused", ready_at=waits_until)
    KaminoConnection.objects.update(payable_list_waits_until=waits_until)
    kamino.refresh_from_db()
    kamino.hash = right
    save_kamino(kamino, ["hash"], user=None, now=timezone.now())
    company.work()
    assert KaminoConnection.objects.get().failure == {}
    assert company.in_kamino("payable", title) is not None
