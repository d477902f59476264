"""From the button to stored tokens: each way it can end, over the sandbox's real consent page."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.models import (
    AuthorizationRequest,
    BlingConnection,
    BlingToken,
    ConnectionEvent,
    ConnectLink,
    SyncRun,
    Title,
)
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.company import authorization, connection_state
from integrations.pipeline.company.authorization import Outcome
from integrations.words.errors import failure_text
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company


@pytest.fixture
def unconnected(company: Company) -> Company:
    """A company whose connection was made but never authorized."""
    BlingToken.objects.all().delete()
    BlingConnection.objects.update(status=ConnectionStatus.NEVER, company_id="")
    return company


@pytest.fixture
def person(transactional_db: None) -> User:
    return User.objects.create_user("suporte")


def consent(url: str, answer: str = "approve", **query: str) -> dict[str, str]:
    """Answer Bling's consent page and return the callback's query."""
    response = requests.get(url, params={"auto": answer, **query}, allow_redirects=False, timeout=10)
    assert response.status_code in (302, 303), response.text
    return {key: values[0] for key, values in parse_qs(urlsplit(response.headers["Location"]).query).items()}


def complete(query: dict[str, str], cookie: str, now: datetime | None = None) -> Outcome:
    fields = {name: query.get(name, "") for name in ("state", "code", "error", "error_description")}
    return authorization.complete_authorization(**fields, cookie=cookie, now=now or timezone.now())


def connect(company: Company, answer: str = "approve", /, **query: str) -> Outcome:
    started = authorization.start_authorization(connection=company.connection, user=None, now=timezone.now())
    return complete(consent(started.url, answer, **query), started.cookie)


def test_a_consent_connects_and_the_first_sync_begins(unconnected: Company) -> None:
    outcome = connect(unconnected)
    connection = unconnected.connection
    assert (outcome.code, connection.status) == ("connected", ConnectionStatus.CONNECTED)
    assert connection.company_id == unconnected.bling.company_id
    assert SyncRun.objects.get().state == SyncRun.State.OPEN
    assert ConnectionEvent.objects.get().code == "connected"
    title = unconnected.add_title("payable")
    unconnected.work()
    assert unconnected.in_kamino("payable", title) is not None


def test_a_refusal_changes_nothing_and_is_noted(unconnected: Company) -> None:
    assert connect(unconnected, "deny").code == "refused"
    assert unconnected.connection.status == ConnectionStatus.NEVER
    assert ConnectionEvent.objects.get().code == "refused"


def test_a_reload_never_sends_the_code_again(unconnected: Company) -> None:
    started = authorization.start_authorization(connection=unconnected.connection, user=None, now=timezone.now())
    query = consent(started.url)
    assert complete(query, started.cookie).code == "connected"
    calls = unconnected.bling.calls["POST /oauth/token"]
    assert complete(query, started.cookie).code == "used"
    assert unconnected.bling.calls["POST /oauth/token"] == calls
    unconnected.sync()
    assert unconnected.connection.status == ConnectionStatus.CONNECTED


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda query, cookie: ({**query, "state": ""}, cookie), "not_ours"),
        (lambda query, cookie: ({**query, "state": "forged"}, cookie), "unknown_state"),
        (lambda query, cookie: (query, "another-browser"), "not_ours"),
        (lambda query, cookie: (query, ""), "not_ours"),
        (lambda query, cookie: ({**query, "code": "", "error": "app_inativo"}, cookie), "app_inactive"),
        (lambda query, cookie: ({**query, "code": "", "error": "UNAUTHORIZED_ERROR"}, cookie), "account_overdue"),
        (lambda query, cookie: ({**query, "code": "", "error": "surprise"}, cookie), "rejected"),
        (lambda query, cookie: ({**query, "code": ""}, cookie), "rejected"),
    ],
)
def test_what_did_not_begin_here_or_was_refused_is_named(
    unconnected: Company, spoil: Callable[[Any, str], tuple[Any, str]], code: str
) -> None:
    started = authorization.start_authorization(connection=unconnected.connection, user=None, now=timezone.now())
    query, cookie = spoil(consent(started.url), started.cookie)
    assert complete(query, cookie).code == code
    assert unconnected.bling.calls["POST /oauth/token"] == 0
    assert unconnected.connection.status == ConnectionStatus.NEVER


def test_an_old_authorization_is_expired(unconnected: Company) -> None:
    started = authorization.start_authorization(connection=unconnected.connection, user=None, now=timezone.now())
    later = timezone.now() + authorization.LIFETIME + timedelta(minutes=1)
    assert complete(consent(started.url), started.cookie, later).code == "expired"


def test_the_callback_can_be_opened_for_ever_and_writes_once(unconnected: Company) -> None:
    started = authorization.start_authorization(connection=unconnected.connection, user=None, now=timezone.now())
    query = consent(started.url)
    for _time in range(20):
        assert complete(query, "another-browser").code == "not_ours"
    assert ConnectionEvent.objects.filter(code="not_ours").count() == 1
    assert complete(query, started.cookie).code == "connected"


def test_a_link_s_button_keeps_no_more_than_its_newest_authorizations(unconnected: Company, person: User) -> None:
    now = timezone.now()
    token = authorization.create_link(connection=unconnected.connection, user=person, now=now)
    link = authorization.find_link(token, now=now)
    for _time in range(authorization.MOST_OPEN + 15):
        started = authorization.start_authorization(
            connection=unconnected.connection, user=None, link=link, now=timezone.now()
        )
    assert AuthorizationRequest.objects.count() == authorization.MOST_OPEN
    assert complete(consent(started.url), started.cookie).code == "connected"


def test_wrong_credentials_of_the_app_are_named(unconnected: Company) -> None:
    BlingConnection.objects.update(client_secret="errado")
    assert connect(unconnected).code == "bad_client"


@pytest.mark.parametrize("kind", ["cut_before", "cut_after", "500", "html"])
def test_a_failure_during_the_exchange_is_named_and_the_code_is_never_sent_twice(
    unconnected: Company, world: World, kind: str
) -> None:
    world.faults.add(Fault(side="bling", method="POST", path="/oauth/token", kind=kind))
    assert connect(unconnected).code == "network"
    assert AuthorizationRequest.objects.get().used_at is not None
    assert connect(unconnected).code == "connected"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"access_token": "a.b.c", "expires_in": 21600}, 200, "no_refresh_token"),
        ({"error": "invalid_grant"}, 200, "rejected"), ({"error": "unauthorized_client"}, 400, "bad_client"),
        ({"error": {"type": "VALIDATION_ERROR", "message": "Invalid authorization code"}}, 400, "rejected"),
        ({"error": {"type": "VALIDATION_ERROR", "message": "Erro 1234"}}, 400, "rejected"),
        ({}, 200, "network"), (None, 200, "network"), ({"data": {"access_token": "a"}}, 200, "network"),
    ],
)  # fmt: skip
def test_an_odd_answer_to_the_exchange_has_a_name_and_an_event(
    unconnected: Company, world: World, body: Any, status: int, code: str
) -> None:
    world.faults.add(
        Fault("bling", "answer", method="POST", path="/oauth/token", answer=json.dumps(body), status=status)
    )
    assert connect(unconnected).code == code
    assert ConnectionEvent.objects.get().code == code
    assert not BlingToken.objects.exists()
    assert unconnected.connection.status == ConnectionStatus.NEVER


@pytest.mark.parametrize("path", ["/", "/contas/receber"])
def test_a_blocked_address_is_no_missing_scope_and_its_tokens_are_kept(
    unconnected: Company, world: World, path: str
) -> None:
    description = "A URL 'www.bling.com.br' está bloqueada para requisições de API"
    world.faults.add(Fault("bling", "wrong_host", method="GET", path=path, times=99))
    outcome = connect(unconnected)
    assert (outcome.code, description in outcome.detail) == ("forbidden", True)
    assert unconnected.connection.status == ConnectionStatus.CONNECTED
    unconnected.work()
    run = SyncRun.objects.get()
    assert (run.state, run.failure["kind"]) == (SyncRun.State.FAILED, "config")
    assert description in failure_text(run.failure)
    assert "BLING_API_URL" in failure_text(run.failure)
    world.faults.clear()
    title = unconnected.add_title("payable")
    unconnected.sync()
    assert unconnected.in_kamino("payable", title) is not None


def test_another_company_than_before_waits_for_support_beside_the_old_one(
    company: Company, new_company: Callable[..., Company], person: User
) -> None:
    company.sync()
    other = new_company("outra")
    BlingConnection.objects.filter(tenant=other.tenant).update(status=ConnectionStatus.NEVER, company_id="")
    outcome = connect(company, "approve", company="outra")
    assert outcome.code == "other_company"
    held = BlingConnection.objects.get(status=ConnectionStatus.HELD)
    assert held.tenant == company.tenant
    assert held.company_id == other.bling.company_id
    first = BlingConnection.objects.get(tenant=company.tenant, label="Bling")
    assert (first.status, first.company_id) == (ConnectionStatus.CONNECTED, company.bling.company_id)
    assert connection_state.accept_held(connection=held, user=person, now=timezone.now())
    held.refresh_from_db()
    assert held.status == ConnectionStatus.CONNECTED
    assert held.code_prefix


def test_a_company_with_another_cnpj_than_the_tenant_s_is_held(unconnected: Company) -> None:
    type(unconnected.tenant).objects.update(cnpj="11.222.333/0001-81")
    assert connect(unconnected).code == "other_cnpj"
    assert unconnected.connection.status == ConnectionStatus.HELD
    unconnected.work()
    assert SyncRun.objects.count() == 0


def accept(company: Company, person: User) -> bool:
    return connection_state.accept_held(connection=company.connection, user=person, now=timezone.now())


@pytest.mark.parametrize(
    ("ours", "theirs", "code"),
    [("", None, "no_cnpj"), (None, "", "no_cnpj"), ("", "", "no_cnpj"), ("11.222.333/0001-81", None, "other_cnpj")],
)
@pytest.mark.parametrize("by", ["link", "run"])
def test_a_first_connection_that_nothing_proves_waits_for_support(
    unconnected: Company, world: World, person: User, ours: str | None, theirs: str | None, code: str, by: str
) -> None:
    if ours is not None:
        type(unconnected.tenant).objects.update(cnpj=ours)
    if theirs is not None:
        unconnected.bling.plain_cnpj = theirs
    unconnected.add_title("payable")
    if by == "run":  # the company could not be asked for when the customer consented
        world.faults.add(Fault(side="bling", path="/empresas/me/dados-basicos", kind="500", times=9))
    assert connect(unconnected).code == (code if by == "link" else "connected")
    world.faults.clear()
    unconnected.sync()
    connection = unconnected.connection
    assert (connection.status, connection.status_cause, connection.company_id) == (ConnectionStatus.HELD, code, "")
    assert Title.objects.count() == 0
    # The customer consents once more: still nobody has decided.
    assert connect(unconnected).code == code
    assert accept(unconnected, person)
    unconnected.sync()
    unconnected.sync()
    connection = unconnected.connection
    assert (connection.status, connection.company_id) == (ConnectionStatus.CONNECTED, unconnected.bling.company_id)
    assert Title.objects.count() == 1
    # Support's word was about this company and holds for its next consents.
    assert connect(unconnected).code == "connected"


def test_what_mirrors_one_company_never_becomes_another_one(company: Company, person: User) -> None:
    company.add_title("payable")
    company.sync()
    before = company.connection.company_id
    company.bling.company_id = "e" * 32
    BlingToken.objects.update(authorized_at=timezone.now())
    company.sync()
    connection = company.connection
    assert (connection.status, connection.status_cause) == (ConnectionStatus.HELD, "other_company")
    assert (accept(company, person), connection.may_be_accepted) == (False, False)
    assert (company.connection.status, company.connection.company_id) == (ConnectionStatus.HELD, before)


def test_missing_scopes_are_named_and_nothing_runs(unconnected: Company) -> None:
    unconnected.bling.missing_scopes = {"borderos"}
    outcome = connect(unconnected)
    assert (outcome.code, outcome.detail) == ("missing_scopes", "borderos")
    connection = unconnected.connection
    assert (connection.status, connection.status_cause) == ("reconnect", "missing_scopes")
    unconnected.bling.missing_scopes = set()
    assert connect(unconnected).code == "connected"


def test_a_link_lets_a_customer_connect_once_within_three_days(unconnected: Company, person: User) -> None:
    now = timezone.now()
    token = authorization.create_link(connection=unconnected.connection, user=person, now=now)
    for _preview in range(3):
        assert authorization.find_link(token, now=now) is not None
    link = authorization.find_link(token, now=now)
    started = authorization.start_authorization(connection=unconnected.connection, user=None, now=now, link=link)
    assert complete(consent(started.url, "deny"), started.cookie).code == "refused"
    assert authorization.find_link(token, now=now) is not None, "a refusal must not use the link up"
    started = authorization.start_authorization(connection=unconnected.connection, user=None, now=now, link=link)
    assert complete(consent(started.url), started.cookie).code == "connected"
    assert authorization.find_link(token, now=now) is None


def test_links_end_when_they_are_old_forged_or_replaced(unconnected: Company, person: User) -> None:
    now = timezone.now()
    token = authorization.create_link(connection=unconnected.connection, user=person, now=now)
    assert authorization.find_link(token, now=now + timedelta(hours=73)) is None
    assert authorization.find_link(token[:-2] + "xx", now=now) is None
    newer = authorization.create_link(connection=unconnected.connection, user=person, now=now)
    assert authorization.find_link(token, now=now) is None
    assert authorization.find_link(newer, now=now) is not None
    assert ConnectLink.objects.count() == 2


def test_disconnecting_revokes_at_bling_and_stops_open_runs(company: Company, person: User) -> None:
    SyncRun.objects.create(connection=company.connection, due_at=timezone.now())
    assert connection_state.disconnect(connection=company.connection, user=person, now=timezone.now())
    assert company.bling.calls["POST /oauth/revoke"] == 1
    assert not BlingToken.objects.exists()
    assert SyncRun.objects.get().state == SyncRun.State.FAILED
    company.work()
    assert company.bling.calls["GET /contas/pagar"] == 0


def test_a_paused_connection_reads_nothing_and_catches_up(company: Company, person: User) -> None:
    now = timezone.now()
    assert connection_state.pause(connection=company.connection, user=person, now=now)
    title = company.add_title("payable")
    company.sync()
    assert company.kamino.write_count == 0
    assert connection_state.resume(connection=company.connection, user=person, now=now)
    company.work()
    assert company.in_kamino("payable", title) is not None
    assert list(ConnectionEvent.objects.order_by("pk").values_list("code", flat=True)) == ["paused", "resumed"]


@pytest.mark.parametrize("path", ["/empresas/me/dados-basicos", "/contas/pagar"])
def test_another_company_that_was_not_proved_at_once_is_never_mirrored(
    company: Company, new_company: Callable[..., Company], world: World, path: str
) -> None:
    """Its titles would be sent to the Kamino of the company that was connected before."""
    company.sync()
    other = new_company("outra")
    BlingConnection.objects.filter(tenant=other.tenant).update(status=ConnectionStatus.NEVER, company_id="")
    other.add_title("payable", category=other.bling.add_category("Categoria de Teste", kind=3))
    answer = json.dumps({"error": {"type": "FORBIDDEN", "message": "Acesso negado"}})
    world.faults.add(Fault("bling", "answer", "GET", path, times=1, status=403, answer=answer))
    connect(company, "approve", company="outra")
    company.work()
    assert Title.objects.filter(connection__tenant=company.tenant).count() == 0
    held = BlingConnection.objects.get(status=ConnectionStatus.HELD)
    assert (held.tenant, held.status_cause) == (company.tenant, "other_company")
    assert not BlingConnection.objects.filter(status=ConnectionStatus.CONNECTED, company_id=other.bling.company_id)


def test_a_company_that_was_not_proved_at_once_is_proved_by_its_first_run(company: Company, world: World) -> None:
    company.sync()
    answer = json.dumps({"error": {"type": "FORBIDDEN", "message": "Acesso negado"}})
    world.faults.add(Fault("bling", "answer", "GET", "/empresas/me/dados-basicos", 1, status=403, answer=answer))
    connect(company)
    title, asked = company.add_title("payable"), company.bling.calls["GET /empresas/me/dados-basicos"]
    for _ in range(2):
        company.sync()
    assert company.bling.calls["GET /empresas/me/dados-basicos"] == asked + 1
    assert company.connection.status == ConnectionStatus.CONNECTED
    assert company.in_kamino("payable", title) is not None
