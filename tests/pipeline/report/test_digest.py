"""The daily summary: at 07:30 in Brasília, once, only when something changed, and without personal data."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from integrations.domain.calendar import BRASILIA, day_of
from integrations.models import Attempt, Posting, Tenant
from integrations.pipeline.report import digest
from integrations.pipeline.report.digest import companies_due, send_digests
from integrations.pipeline.report.needs_action import needing_action
from sandbox.world import World
from tests.flows.helpers import Company, provision_company
from tests.mail_backends import HERE, UNSENT


def at(hour: int, minute: int, *, days: int = 1) -> datetime:
    """Return a moment of tomorrow (or `days` from now) in Brasília, so that what a test does lies before it."""
    return datetime.combine(day_of(timezone.now()), datetime.min.time(), BRASILIA) + timedelta(
        days=days, hours=hour, minutes=minute
    )


@pytest.fixture
def told(company: Company) -> Company:
    """A company whose finance wants the summary: one title is created, one waits for its category."""
    Tenant.objects.update(digest_emails="financeiro@azul.example\n\nsocio@azul.example", digested_at=None)
    company.add_title("payable", value="100.00")
    company.add_title("payable", value="7.00", category=company.bling.add_category("Sem par", kind=1))
    company.sync()
    Tenant.objects.update(digested_at=timezone.now() - timedelta(hours=1))
    return company


def test_it_says_in_numbers_what_changed(told: Company) -> None:
    assert send_digests(now=at(7, 30)) == 1
    [message] = mail.outbox
    assert message.to == ["financeiro@azul.example", "socio@azul.example"]
    assert f"resumo de {at(7, 30):%d/%m/%Y}" in message.subject
    assert "1 criados" in message.body
    assert "Sem classificação: 1" in message.body
    assert f"/admin/integrations/discrepancy/?tenant={told.tenant.pk}" in message.body
    assert "Fornecedor" not in message.body
    assert "100,00" not in message.body


def test_not_before_half_past_seven_and_once_a_day(told: Company) -> None:
    assert send_digests(now=at(7, 29)) == 0
    assert send_digests(now=at(7, 31)) == 1
    assert send_digests(now=at(7, 32)) == 0
    assert send_digests(now=at(23, 59)) == 0


def test_nothing_changed_no_mail(told: Company) -> None:
    send_digests(now=at(7, 30))
    assert send_digests(now=at(7, 30, days=2)) == 0
    assert len(mail.outbox) == 1


@pytest.mark.some(3)
@pytest.mark.parametrize("backend", ["django.core.mail.backends.smtp.EmailBackend", *UNSENT])
def test_one_that_the_server_did_not_take_is_tried_again(backend: str, told: Company, settings: Any) -> None:
    working, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, backend
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert send_digests(now=at(7, 30)) == 0
    settings.EMAIL_BACKEND = working
    assert send_digests(now=at(7, 32)) == 1


def test_one_whose_worker_died_is_sent_by_the_next_one(told: Company, settings: Any) -> None:
    working, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, f"{HERE}.Killed"
    with pytest.raises(SystemExit):
        send_digests(now=at(7, 30))
    settings.EMAIL_BACKEND = working
    assert not companies_due(at(7, 34)).exists()
    assert (send_digests(now=at(7, 34)), send_digests(now=at(7, 36)), send_digests(now=at(7, 50))) == (0, 1, 0)
    assert "1 criados" in mail.outbox[0].body


def test_nobody_named_nothing_sent(told: Company) -> None:
    Tenant.objects.update(digest_emails="")
    assert send_digests(now=at(7, 30)) == 0


def test_one_that_could_not_be_written_is_tried_again_and_stops_no_other(
    told: Company, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = provision_company(world, "verde")
    Tenant.objects.update(digest_emails="a@b.example", digested_at=timezone.now() - timedelta(hours=1))
    other.add_title("payable", value="5.00")
    other.sync()
    right = digest.news_since

    def crash(tenant: Tenant, *days: datetime) -> digest.News:
        if tenant.pk == told.tenant.pk:
            raise ValueError
        return right(tenant, *days)

    monkeypatch.setattr(digest, "news_since", crash)
    assert send_digests(now=at(7, 30)) == 1
    monkeypatch.setattr(digest, "news_since", right)
    assert send_digests(now=at(7, 31)) == 1
    assert sorted(message.subject.split("]")[1].split(":")[0].strip() for message in mail.outbox) == sorted(
        Tenant.objects.values_list("name", flat=True)
    )


def test_what_was_under_way_at_one_summary_is_in_the_next(told: Company) -> None:
    attempts = Attempt.objects.filter(operation="create", posting__isnull=False)
    assert attempts.count() == 1
    attempts.update(outcome="", started_at=at(7, 29), ended_at=None)
    send_digests(now=at(7, 30))
    attempts.update(outcome="delivered", ended_at=at(7, 31))
    mail.outbox.clear()
    assert send_digests(now=at(7, 30, days=2)) == 1
    assert "1 criados" in mail.outbox[0].body


def test_what_happens_while_a_summary_is_written_is_told_once(told: Company) -> None:
    attempts = Attempt.objects.filter(operation="create", posting__isnull=False)
    attempts.update(started_at=at(7, 31), ended_at=at(7, 31))
    send_digests(now=at(7, 30))
    send_digests(now=at(7, 30, days=2))
    assert sum("1 criados" in message.body for message in mail.outbox) == 1


def test_it_counts_what_the_list_that_it_links_to_shows(told: Company) -> None:
    send_digests(now=at(7, 30))
    waiting = needing_action(Posting.objects.filter(kamino_connection__tenant=told.tenant)).count()
    assert waiting == 1
    assert "1 título requer ação" in mail.outbox[0].body
