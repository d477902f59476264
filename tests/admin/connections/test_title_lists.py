"""Kamino's lists on the page of its connection: what is known, and support's word that there is none."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.domain.alerts import AlertCause
from integrations.models import Alert, KaminoConnection, Posting, Tenant
from integrations.pipeline.report.alerts import review_alerts
from tests.admin.world import Rows

NOWHERE = {"receivable": {"receivable.list": "404", "receivable.list.other": "404"}}
BUTTON = "A Kamino não tem essa lista"


def pages(ours: Rows) -> tuple[str, str]:
    pk = [KaminoConnection.objects.get(tenant=ours.tenant).pk]
    return (
        reverse("admin:integrations_kaminoconnection_change", args=pk),
        reverse("admin:integrations_kaminoconnection_no_list", args=pk),
    )


def set_lists(ours: Rows, **columns: Any) -> None:
    KaminoConnection.objects.filter(tenant=ours.tenant).update(**columns)


STATES: dict[str, tuple[dict[str, Any], str, bool]] = {
    "proved": ({"receivable_list": "second"}, "Comprovada: é lida antes de criar algo.", False),
    "absent": ({"receivable_list": "absent"}, "Não existe, como disse uma pessoa", True),
    "never tried": ({"receivable_list": "unknown"}, "Não conhecida: nada dela é enviado. Teste a conexão.", False),
    "nowhere": (
        {"receivable_list": "unknown", "list_answers": NOWHERE},
        "A Kamino não conhece o endereço desta lista.",
        True,
    ),
    "refused": (
        {
            "receivable_list": "unknown",
            "list_answers": {"receivable": {"receivable.list": "403", "receivable.list.other": "404"}},
        },
        "A Kamino se recusa a mostrar esta lista",
        False,
    ),
    "failing": (
        {"receivable_list": "first", "receivable_list_failure": {"kind": "config", "message": "negado"}},
        "Não pode ser lida: nada dela é enviado até que possa.",
        False,
    ),
}


@pytest.mark.parametrize(("columns", "text", "may_decide"), STATES.values(), ids=STATES)
def test_the_connection_says_what_is_known_and_offers_only_what_can_be_decided(
    login: Callable[[str], Client], ours: Rows, columns: dict[str, Any], text: str, may_decide: bool
) -> None:
    set_lists(ours, **columns)
    page = login("suporte").get(pages(ours)[0]).content.decode()
    assert text in page
    assert (BUTTON in page) == may_decide


def test_support_says_that_there_is_no_list_after_seeing_what_that_means(
    login: Callable[[str], Client], ours: Rows
) -> None:
    set_lists(ours, receivable_list="unknown", list_answers=NOWHERE)
    client, (_connection, page) = login("suporte"), pages(ours)
    shown = client.get(page).content.decode()
    assert "é criado uma segunda vez" in shown
    assert "0 títulos, R$\u00a00,00, seriam criados agora sem consulta." in shown
    answer = {"decision": "receivable", "reason": "vimos na tela", "receivable_count": 0, "receivable_total": "0.00"}
    client.post(page, {**answer, "receivable_count": 3})
    assert KaminoConnection.objects.get(tenant=ours.tenant).receivable_list == "unknown", "other titles wait now"
    client.post(page, answer)
    assert KaminoConnection.objects.get(tenant=ours.tenant).receivable_list == "absent"
    back = client.get(page).content.decode()
    assert "procurar de novo" in back
    assert "Uma pessoa disse que a Kamino não tem essa lista" in back
    assert "respondeu que não existe" not in back
    client.post(page, {"decision": "receivable", "reason": "há uma"})
    assert KaminoConnection.objects.get(tenant=ours.tenant).receivable_list == "unknown"


@pytest.mark.parametrize("role", ["financeiro", "operacao"])
def test_nobody_else_may_say_it(login: Callable[[str], Client], ours: Rows, role: str) -> None:
    set_lists(ours, receivable_list="unknown", list_answers=NOWHERE)
    assert login(role).post(pages(ours)[1], {"decision": "receivable", "reason": "sim"}).status_code == 403
    assert KaminoConnection.objects.get(tenant=ours.tenant).receivable_list == "unknown"


def test_the_title_page_says_that_its_list_is_not_known(login: Callable[[str], Client], ours: Rows) -> None:
    set_lists(ours, payable_list="unknown", receivable_list="unknown")
    posting = Posting.objects.filter(title__connection__tenant=ours.tenant).first()
    assert posting is not None
    Posting.objects.filter(pk=posting.pk).update(state="ready", problems=[], reason="")
    Tenant.objects.filter(pk=ours.tenant.pk).update(delivery_mode="live")
    page = login("operacao").get(reverse("admin:integrations_title_change", args=[posting.title_id])).content.decode()
    assert "Não se sabe se está na Kamino. Motivo: Não se sabe se a Kamino lista estes títulos" in page


def test_the_checklist_says_that_a_proved_list_cannot_be_read(login: Callable[[str], Client], ours: Rows) -> None:
    failure = {"kind": "config", "message": "HTTP 403"}
    set_lists(
        ours, payable_list="first", receivable_list="first", receivable_list_failure=failure,
        reconciled_at=timezone.now(),
    )  # fmt: skip
    page = reverse("admin:integrations_tenant_readiness", args=[ours.tenant.pk])
    lines = {line.code: line for _icon, line, _place in login("operacao").get(page).context["lines"]}
    assert lines["payable_list"].colour == "green"
    assert lines["receivable_list"].colour == "amber"
    assert "não pode ser lida" in lines["receivable_list"].text


def test_the_history_names_the_decision_and_its_alert_ends_at_once(login: Callable[[str], Client], ours: Rows) -> None:
    set_lists(ours, payable_list="first", receivable_list="unknown", list_answers=NOWHERE, reconciled_at=timezone.now())
    Tenant.objects.filter(pk=ours.tenant.pk).update(delivery_mode="live")
    review_alerts(now=timezone.now())
    open_now = Alert.objects.filter(tenant=ours.tenant, cause=AlertCause.LIST_UNKNOWN, closed_at=None)
    assert open_now.count() == 1
    client, (connection, page) = login("suporte"), pages(ours)
    answer = {"decision": "receivable", "reason": "vimos na tela", "receivable_count": 0, "receivable_total": "0.00"}
    KaminoConnection.objects.get(tenant=ours.tenant).save()  # the history knows what it was before
    client.post(page, answer)
    assert not open_now.exists()
    client.post(page, {"decision": "receivable", "reason": "há uma"})
    assert open_now.count() == 1
    shown = client.get(connection.replace("/change/", "/history/")).content.decode()
    assert "Lista de contas a receber:</strong> ainda não conhecida → não existe, como disse uma pessoa" in shown
    assert "Lista de contas a receber:</strong> não existe, como disse uma pessoa → ainda não conhecida" in shown
