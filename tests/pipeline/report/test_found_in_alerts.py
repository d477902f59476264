"""What a hostile review of the guard and of alert mails found: each test failed before its mend."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from integrations.bling import client as bling_client
from integrations.models import Discrepancy, Tenant
from integrations.pipeline.report import alerts
from integrations.pipeline.report.alerts import mail_alerts, review_alerts
from integrations.rest import session
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company
from tests.pipeline.compare.test_discrepancy_kinds import compare_again
from tests.pipeline.compare.test_double_payments import due_soon, guard, risks, schedule

RECIPIENT = "financeiro@example.com"


@pytest.fixture
def risky(company: Company) -> int:
    """A title that was paid in Bling while Kamino has it scheduled."""
    Tenant.objects.update(alert_emails=RECIPIENT)
    title = due_soon(company)
    schedule(company, title)
    company.bling.pay(title, account=company.bank)
    guard(company)
    assert risks() == {title}
    return title


def told(words: str) -> list[Any]:
    return [message for message in mail.outbox if words in message.subject]


def watch() -> None:
    review_alerts(now=timezone.now())
    mail_alerts(now=timezone.now())


def test_a_mail_that_was_not_taken_is_sent_as_soon_as_it_can_be(
    company: Company, risky: int, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: Any, **_more: Any) -> int:
        raise OSError("mail server away")

    with monkeypatch.context() as patch:
        patch.setattr("integrations.pipeline.access.mails.send_mail", refuse)
        watch()
    assert told("em dobro") == []
    watch()
    watch()
    assert len(told("em dobro")) == 1


def test_one_company_that_cannot_be_judged_keeps_no_mail_of_another_back(
    company: Company, risky: int, new_company: Callable[..., Company], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = new_company("aaa")
    real = alerts.find_causes

    def find(tenant: Tenant, **more: Any) -> Any:
        if tenant.pk == first.tenant.pk:
            raise RuntimeError("a bug of ours")
        return real(tenant, **more)

    monkeypatch.setattr(alerts, "find_causes", find)
    Tenant.objects.filter(pk=first.tenant.pk).update(name="AAA")
    watch()
    assert len(told("em dobro")) == 1


def test_one_title_is_told_of_in_the_singular(company: Company, risky: int) -> None:
    watch()
    [message] = told("em dobro")
    assert "1 título pode ser pago em dobro" in message.body


def test_no_mail_quotes_what_bling_answered(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    Tenant.objects.update(alert_emails=RECIPIENT)
    company.sync()
    company.bling.add_contact(name="Joana Prado Silva", document="529.982.247-25", kind="F")
    read = session._read

    def half(response: Any, *limits: float) -> bytes:
        body = read(response, *limits)
        return body[: len(body) - 2] if "/contatos?" in response.url else body

    monkeypatch.setattr(session, "_read", half)
    company.sync()
    watch()
    [message] = told("sincronização falhou")
    assert "Joana" not in message.body
    assert "529" not in message.body


def test_a_payment_is_seen_among_many_titles_of_those_days(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    titles = [due_soon(company, f"{number}.00") for number in range(11, 16)]
    for title in (titles[0], titles[-1]):
        schedule(company, title)
        company.bling.pay(title, account=company.bank)
    monkeypatch.setattr(bling_client, "PAGE_SIZE", 2)
    guard(company)
    assert risks() == {titles[0], titles[-1]}


def test_a_risk_that_came_true_is_neither_closed_nor_opened_again(company: Company, risky: int) -> None:
    """Bling shows it paid, and Kamino paid it by itself on another day: somebody has to look."""
    company.sync()
    assert company.posting(risky).reason == "scheduled"
    row = company.in_kamino("payable", risky)
    company.kamino.pay_title("payable", row["ID"])
    company.kamino.edit_title("payable", row["ID"], ValorPagamento="101.00")
    guard(company)
    compare_again(company)
    rows = Discrepancy.objects.filter(kind="double_payment_risk")
    assert [(found.closed_at is None) for found in rows] == [True]


def test_a_payment_that_cannot_be_read_is_told_after_an_hour(company: Company, world: World) -> None:
    title = due_soon(company)
    company.bling.pay(title, account=company.bank)
    world.faults.add(Fault("bling", "500", path=f"/contas/pagar/{title}", times=99))
    guard(company)
    assert risks() == set()
    company.work()
    guard(company)
    assert risks() == {title}
