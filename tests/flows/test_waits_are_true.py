"""What a title's page says of a wait is true: what is waited for, until when, and nothing once it is over."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from integrations.models import Breaker, KaminoConnection, ListedSpan, RateLimit, SyncRun, TitleRead
from integrations.pipeline.company.probes import probe_kamino
from integrations.words.values import moment_text
from sandbox.faults import Fault
from sandbox.world import World
from tests.admin.titles.test_page import page_of
from tests.flows.helpers import Company


@pytest.fixture
def staff(client: Client, company: Company) -> Client:
    client.force_login(User.objects.create_superuser("suporte"))
    return client


def test_a_spent_daily_limit_is_named_with_its_end(company: Company, world: World, staff: Client, user: User) -> None:
    title = company.add_title("receivable", value="100.00")
    company.sync()
    company.bling.edit_title(title, value="120.00")
    world.faults.add(Fault("bling", "429_day", times=3))
    company.resync(title, user)
    row = company.title(title)
    until = RateLimit.objects.order_by("next_at").last().next_at  # type: ignore[union-attr]
    page = page_of(staff, row)
    assert (
        f"O limite diário de chamadas do Bling foi atingido; continua sozinho em {moment_text(until.isoformat())}"
        in page
    )
    assert "Leitura pedida em" in page, "the order is pending, and says so"
    assert "O serviço" not in page
    company.work()
    assert TitleRead.objects.get(title=row).asked_at is not None
    world.faults.clear()
    RateLimit.objects.update(next_at=timezone.now())
    company.work()
    assert company.title(title).value == 120
    assert "limite diário" not in page_of(staff, company.title(title))


def test_a_run_under_the_daily_limit_goes_on_when_it_ends(company: Company, world: World) -> None:
    company.add_title("receivable", value="100.00")
    world.faults.add(Fault("bling", "429_day", times=3))
    company.sync()
    run = SyncRun.objects.latest("pk")
    until = RateLimit.objects.order_by("next_at").last().next_at  # type: ignore[union-attr]
    assert run.not_before is not None
    assert abs((run.not_before - until).total_seconds()) < 60
    assert moment_text(until.isoformat()) in run.error
    assert "do Bling" in run.error


def test_what_waits_for_a_list_goes_on_once_a_test_proved_it(company: Company, world: World, staff: Client) -> None:
    company.add_title("receivable")
    company.sync()
    ListedSpan.objects.all().delete()
    world.faults.add(Fault("kamino", "answer", "GET", "/financeiro/pagamento/lista", 100, status=503, answer="{}"))
    title = company.add_title("payable")
    company.sync()
    assert company.posting(title).reason == "list_failed"
    assert "não pôde ser lida" in page_of(staff, company.title(title))
    world.faults.clear()
    Breaker.objects.all().delete()  # as after a minute
    list(probe_kamino(KaminoConnection.objects.get(), clock=timezone.now))
    assert "não pôde ser lida" not in page_of(staff, company.title(title))
    company.work()
    assert company.in_kamino("payable", title) is not None
