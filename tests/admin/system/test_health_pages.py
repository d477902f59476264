"""Health for people: the first page, the banner, alerts, the page "Saúde", and limits."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.models import Alert, BlingConnection, Breaker, Heartbeat, Posting, RateLimit, SyncRun
from tests.admin.kit.test_pages import url
from tests.admin.world import Rows, make_user

SAUDE = "/admin/integrations/syncrun/saude/"


@pytest.fixture
def revoked(ours: Rows) -> Rows:
    """Our company's authorization is gone, and the alert is open."""
    Alert.objects.all().delete()
    BlingConnection.objects.filter(pk=ours.bling.pk).update(status="reconnect", status_cause="invalid_grant")
    Alert.objects.create(
        tenant=ours.tenant,
        connection=ours.bling,
        cause="reconnect",
        opened_at=timezone.now(),
        params={"text": "Reconectar nossa"},
    )
    return ours


def test_the_first_page_shows_each_company_s_colour_and_next_action(login: Callable[[str], Client], ours: Rows) -> None:
    Posting.objects.update(problems=[])
    page = login("suporte").get("/admin/").content.decode()
    assert "Saudável" in page
    BlingConnection.objects.filter(pk=ours.bling.pk).update(status="reconnect")
    page = login("suporte").get("/admin/").content.decode()
    assert "Problema" in page
    assert "precisa ser conectada" in page
    assert page.index("Empresa nossa") < page.index("Empresa alheia")


def test_a_company_in_trouble_is_never_cut_off(
    login: Callable[[str], Client], revoked: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.admin.system.dashboard.TENANTS_SHOWN", 1)
    page = login("suporte").get("/admin/").content.decode()
    assert "Empresa nossa</a></h2>" in page
    assert "Empresa alheia</a></h2>" not in page


@pytest.mark.parametrize(("role", "sees_link"), [("suporte", True), ("operacao", False), ("financeiro", False)])
def test_every_page_warns_who_may_see_the_company(
    role: str, sees_link: bool, login: Callable[[str], Client], revoked: Rows
) -> None:
    client = login(role)
    link = reverse("admin:integrations_blingconnection_create_link", args=[revoked.bling.pk])
    for page in ("/admin/", url(SyncRun, "changelist"), url(Alert, "changelist"), SAUDE):
        text = client.get(page).content.decode()
        assert "ik-banner" in text, page
        assert "Reconectar nossa" in text, page
        assert (link in text) is sees_link, page


def test_the_banner_keeps_other_companies_to_themselves(
    login: Callable[[str], Client], revoked: Rows, theirs: Rows
) -> None:
    Alert.objects.create(tenant=theirs.tenant, cause="held", opened_at=timezone.now(), params={"text": "Retida alheia"})
    assert "Retida alheia" not in login("operacao").get("/admin/").content.decode()
    assert "Retida alheia" in login("suporte").get("/admin/").content.decode()


def test_the_banner_is_for_what_is_urgent_and_open(login: Callable[[str], Client], revoked: Rows) -> None:
    Alert.objects.update(cause="late")
    assert "ik-banner" not in login("suporte").get("/admin/").content.decode()
    Alert.objects.update(cause="reconnect", closed_at=timezone.now())
    assert "ik-banner" not in login("suporte").get("/admin/").content.decode()


def test_money_that_may_be_paid_twice_is_the_first_warning(login: Callable[[str], Client], revoked: Rows) -> None:
    for number in range(3):
        later = timezone.now() + timedelta(seconds=number)
        cause = ("held", "kamino", "double_payment")[number]
        Alert.objects.update_or_create(
            tenant=revoked.tenant,
            cause=cause,
            closed_at=None,
            defaults={"opened_at": later, "params": {"text": f"Aviso {cause}", "public": {"text": f"Aviso {cause}"}}},
        )
    page = login("operacao").get("/admin/").content.decode()
    banner = page[page.index("ik-banner") :]
    assert banner.index("Aviso double_payment") < banner.index("Reconectar nossa")
    assert f"/admin/integrations/posting/?tenant={revoked.tenant.pk}&amp;worklist=risk" in banner


def test_alerts_are_listed_open_first_and_never_written(login: Callable[[str], Client], ours: Rows) -> None:
    client = login("suporte")
    Alert.objects.create(
        tenant=ours.tenant,
        cause="late",
        opened_at=timezone.now(),
        closed_at=timezone.now(),
        params={"text": "Atraso antigo"},
    )
    page = url(Alert, "changelist")
    assert "Atraso antigo" not in client.get(page).content.decode()
    assert "Atraso antigo" in client.get(page, {"open": "0"}).content.decode()
    assert client.get(url(Alert, "add")).status_code == 403
    assert client.post(url(Alert, "delete", ours.alert.pk), {"post": "yes"}).status_code == 403


def test_the_health_page_needs_its_permission(login: Callable[[str], Client], db: None) -> None:
    assert login("nobody").get(SAUDE).status_code == 403
    assert Client().get(SAUDE).status_code == 302
    for role in ("suporte", "financeiro", "operacao"):
        assert login(role).get(SAUDE).status_code == 200


def test_the_health_page_tells_who_lives_and_what_waits(login: Callable[[str], Client], ours: Rows) -> None:
    client, now = login("suporte"), timezone.now()
    assert "Nenhum processo de trabalho deu sinal" in client.get(SAUDE).content.decode()
    Heartbeat.objects.create(name="servidor:1", beat_at=now - timedelta(minutes=1))
    Heartbeat.objects.create(name="servidor:2", beat_at=now - timedelta(minutes=4))
    SyncRun.objects.create(connection=ours.bling, due_at=now)
    Posting.objects.filter(state="ready").update(ready_at=now - timedelta(hours=5))
    text = client.get(SAUDE).content.decode()
    for words in ("servidor:1", "Ativo", "servidor:2", "Sem sinal", "Tarefas na fila", "5 horas"):
        assert words in text, words


def test_the_health_page_counts_only_one_s_own_companies(
    login: Callable[[str], Client], ours: Rows, theirs: Rows
) -> None:
    Posting.objects.filter(kamino_connection=ours.kamino).update(state="delivered")
    Posting.objects.filter(kamino_connection=theirs.kamino, state="ready").update(
        ready_at=timezone.now() - timedelta(days=3)
    )
    assert "3 dias" not in login("operacao").get(SAUDE).content.decode()
    assert "3 dias" in login("suporte").get(SAUDE).content.decode()


@pytest.fixture
def limits(ours: Rows, theirs: Rows) -> None:
    now, today = timezone.now(), timezone.localdate()
    for key, used, day in [
        (f"bling:{ours.bling.company_id}", 77, today),
        (f"kamino:{ours.kamino.cn}", 12, today),
        ("bling-egress:host", 99, today - timedelta(days=1)),
        ("bling-token:host", 5, today),
        (f"bling:connection-{theirs.bling.pk}", 3, today),
    ]:
        RateLimit.objects.create(key=key, next_at=now + timedelta(minutes=5), total=1000, day=day, used_today=used)
    Breaker.objects.create(key="bling-egress:host", window_start=now, errors=60, open_until=now + timedelta(minutes=1))
    Breaker.objects.create(key=f"kamino:{ours.kamino.cn}", window_start=now, errors=1)


def test_limits_are_told_with_company_use_slot_and_breaker(
    login: Callable[[str], Client], limits: None, users: dict[str, User]
) -> None:
    client = login("suporte")
    for page in (SAUDE, url(RateLimit, "changelist")):
        text = client.get(page).content.decode()
        for words in (
            "Bling: Empresa nossa", "Kamino: Empresa nossa", "Bling: Empresa alheia",
            "todas as chamadas do endereço “host”", "Aberto até", "77",
            "Funcionando normalmente",
        ):  # fmt: skip
            assert words in text, (page, words)
        assert ">99<" not in text
    assert "Bling: Empresa nossa" not in login("operacao").get(SAUDE).content.decode()
    user = make_user("limited", "Suporte")
    user.groups.clear()
    client.force_login(user)
    assert client.get(url(RateLimit, "changelist")).status_code == 403


def test_the_worklist_s_header_names_it(login: Callable[[str], Client], ours: Rows) -> None:
    page = login("operacao").get(url(Posting, "changelist")).content.decode()
    header = page[page.index("<h1") : page.index("</h1>")]
    assert "Requer ação" in header
    assert "Lançamentos" not in header
