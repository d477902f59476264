"""Health and alerts: one open row per cause, mailed once a day, closed by itself."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core import mail
from django.test import Client
from django.utils import timezone, translation

from integrations.models import (
    Alert,
    BlingConnection,
    BlingToken,
    CatalogItem,
    ConfidentialCategory,
    KaminoConnection,
    Posting,
    SyncRun,
    Tenant,
    Title,
    WakeUp,
)
from integrations.models.confidential import PUBLIC, WHOLE, Sight
from integrations.pipeline.access import mails
from integrations.pipeline.access.mails import CLAIM
from integrations.pipeline.company import connection_state
from integrations.pipeline.read import run_lease
from integrations.pipeline.report import alerts
from integrations.pipeline.report.alerts import mail_alerts, review_alerts
from integrations.rest import session
from tests.flows.helpers import Company
from tests.mail_backends import HERE, UNSENT
from tests.pipeline.compare.test_double_payments import paid_and_scheduled


def causes(company: Company) -> list[str]:
    alerts.review_alerts(now=timezone.now())
    return sorted(Alert.objects.filter(closed_at=None).values_list("cause", flat=True))


def colour(company: Company) -> str:
    return alerts.health_of(company.tenant, WHOLE, now=timezone.now()).colour


def mails_about(words: str) -> list[Any]:
    return [message for message in mail.outbox if words in message.subject]


def watch() -> None:
    review_alerts(now=timezone.now())
    mail_alerts(now=timezone.now())


@pytest.fixture
def risky(company: Company) -> int:
    Tenant.objects.update(alert_emails=RECIPIENT)
    return paid_and_scheduled(company)


RECIPIENT = "financeiro@example.com"


def test_a_working_company_is_green(company: Company) -> None:
    company.sync()
    assert (colour(company), causes(company)) == ("green", [])


def test_a_revocation_turns_it_red_mails_once_a_day_and_closes_when_mended(company: Company, settings: Any) -> None:
    settings.SUPPORT_EMAILS = ["suporte@exemplo.com.br"]
    type(company.tenant).objects.update(alert_emails="dono@azul.example\n")
    company.sync()
    company.bling.revoke_all()
    company.sync()
    now = timezone.now()
    assert (colour(company), causes(company)) == ("red", ["reconnect"])
    for _ in range(3):
        alerts.mail_alerts(now=now)
    assert len(mail.outbox) == 1
    assert mail.outbox[0].to == ["dono@azul.example", "suporte@exemplo.com.br"]
    alerts.mail_alerts(now=now + timedelta(hours=25))
    assert len(mail.outbox) == 2
    company.reconnect()
    company.sync()
    assert (colour(company), causes(company)) == ("green", [])
    assert Alert.objects.get().closed_at is not None


def test_wrong_kamino_keys_are_red_and_say_so(company: Company) -> None:
    company.add_title("payable")
    connection = KaminoConnection.objects.get()
    connection.usr = "errado"
    connection.save()
    company.sync()
    assert (colour(company), causes(company)) == ("red", ["kamino"])
    assert "Kamino" in Alert.objects.get().detail(WHOLE)


def test_an_authorization_that_nobody_renewed_is_yellow(company: Company) -> None:
    company.sync()
    BlingToken.objects.update(refreshed_at=timezone.now() - timedelta(days=21))
    assert (colour(company), causes(company)) == ("yellow", ["expiring"])


def test_no_complete_sync_for_a_day_and_a_half_is_yellow(company: Company) -> None:
    company.sync()
    SyncRun.objects.update(ended_at=timezone.now() - timedelta(hours=40))
    assert (colour(company), causes(company)) == ("yellow", ["late"])


def test_a_pause_is_yellow_without_an_alert(company: Company) -> None:
    connection_state.pause(connection=company.connection, user=User.objects.create_user("a"), now=timezone.now())
    assert (colour(company), causes(company)) == ("yellow", [])


@pytest.mark.parametrize("missing", ["connection", "authorization", "kamino"])
def test_what_is_not_set_up_yet_is_grey_and_names_the_next_step(company: Company, missing: str) -> None:
    if missing == "kamino":
        KaminoConnection.objects.all().delete()
    elif missing == "authorization":
        BlingConnection.objects.update(status="never")
    else:
        BlingConnection.objects.all().delete()
    with translation.override("pt-br"):
        judged = alerts.health_of(company.tenant, WHOLE, now=timezone.now())
    assert judged.colour == "grey"
    assert judged.action


@pytest.mark.some(2)
@pytest.mark.parametrize("backend", UNSENT)
def test_a_mail_that_was_not_taken_is_sent_as_soon_as_it_can_be(
    backend: str, company: Company, risky: int, settings: Any
) -> None:
    working, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, backend
    watch()
    assert not Alert.objects.exclude(mailed_at=None).exists()
    settings.EMAIL_BACKEND = working
    watch()
    watch()
    assert len(mails_about("em dobro")) == 1
    assert not Alert.objects.filter(mailed_at=None).exists()


def test_a_mail_whose_worker_died_is_sent_by_the_next_one(company: Company, risky: int, settings: Any) -> None:
    review_alerts(now=timezone.now())
    now = timezone.now()
    working, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, f"{HERE}.Killed"
    with pytest.raises(SystemExit):
        mail_alerts(now=now)
    assert not Alert.objects.exclude(mailed_at=None).exists()
    settings.EMAIL_BACKEND = working
    open_alerts = Alert.objects.filter(closed_at=None).count()
    mail_alerts(now=now + CLAIM / 2)  # another worker may still be at it
    assert Alert.objects.exclude(mailed_at=None).count() == open_alerts - 1
    mail_alerts(now=now + CLAIM * 2)
    mail_alerts(now=now + CLAIM * 4)
    assert Alert.objects.exclude(mailed_at=None).count() == len(mail.outbox) == open_alerts


def test_what_is_newer_than_the_mail_under_way_is_mailed_as_well(
    company: Company, risky: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    review_alerts(now=timezone.now())
    Alert.objects.exclude(cause="double_payment").delete()
    sending = mails.deliver

    def deliver(*args: Any) -> bool:
        Alert.objects.update(newest=10**9, mailed_at=None)
        return sending(*args)

    with monkeypatch.context() as patch:
        patch.setattr(mails, "deliver", deliver)
        assert mail_alerts(now=timezone.now()) == 1
    assert mail_alerts(now=timezone.now()) == 1
    assert mail_alerts(now=timezone.now()) == 0


def test_one_company_that_cannot_be_judged_keeps_no_mail_of_another_back(
    company: Company, risky: int, new_company: Callable[..., Company], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = new_company("aaa")
    real = alerts.find_causes

    def find(tenants: list[Tenant], **more: Any) -> Any:
        if first.tenant in tenants:
            raise RuntimeError("a bug of ours")
        return real(tenants, **more)

    monkeypatch.setattr(alerts, "find_causes", find)
    Tenant.objects.filter(pk=first.tenant.pk).update(name="AAA")
    watch()
    assert len(mails_about("em dobro")) == 1


def test_one_title_is_mentioned_in_the_singular(company: Company, risky: int) -> None:
    watch()
    [message] = mails_about("em dobro")
    assert "1 título pode ser pago em dobro" in message.body


def test_no_mail_quotes_what_bling_answered(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    Tenant.objects.update(alert_emails=RECIPIENT)
    company.sync()
    company.bling.add_contact(name="Joana Prado Silva", document="529.982.247-25", kind="F")
    read = session.read_body

    def half(response: Any, *limits: float) -> bytes:
        body = read(response, *limits)
        return body[: len(body) - 2] if "/contatos?" in response.url else body

    monkeypatch.setattr(session, "read_body", half)
    monkeypatch.setattr(run_lease, "MOST_TRIES", 0)
    company.sync()
    watch()
    [message] = mails_about("sincronização falhou")
    assert "Joana" not in message.body
    assert "529" not in message.body


class TestConfidential:
    """Nobody knows who reads a mail, and pages tell each reader what they may see."""

    @pytest.fixture
    def nameless(self, company: Company, settings: Any) -> CatalogItem:
        """Let a title wait for the classification of a category, and two for that of another one; return this one."""
        settings.SUPPORT_EMAILS = ["suporte@exemplo.com.br"]
        other, payroll = (company.bling.add_category(name, kind=3) for name in ("Outra", "Folha"))
        company.add_title("payable", category=other)
        for _number in range(2):
            company.add_title("payable", category=payroll)
        company.sync()
        return CatalogItem.objects.get(bling_id=payroll, kind="category")

    def unmapped(self) -> Alert:
        review_alerts(now=timezone.now())
        return Alert.objects.get(cause="unmapped", closed_at=None)

    def told(self, sight: Sight) -> str:
        with translation.override("pt-br"):
            return self.unmapped().detail(sight)

    def test_a_mail_counts_without_them_and_says_so(self, company: Company, nameless: CatalogItem) -> None:
        assert self.told(PUBLIC) == self.told(WHOLE)
        ConfidentialCategory.objects.create(connection=company.connection, item=nameless)
        assert "títulos à espera: 3." in self.told(WHOLE)
        assert "títulos à espera: 1." in self.told(PUBLIC)
        mail.outbox.clear()
        with translation.override("pt-br"):
            mail_alerts(now=timezone.now())
        (sent,) = mails_about("sem classificação")
        assert self.told(PUBLIC) in sent.body
        assert "Sem 2 títulos confidenciais desta empresa." in sent.body

    def test_one_of_confidential_titles_only_has_no_numbers_in_a_mail(
        self, company: Company, nameless: CatalogItem
    ) -> None:
        Posting.objects.filter(title__category_id=nameless.bling_id).update(state="ignored")
        other = CatalogItem.objects.get(name="Outra")
        ConfidentialCategory.objects.create(connection=company.connection, item=other)
        assert "títulos à espera: 1." in self.told(WHOLE)
        assert "só algumas pessoas veem" in self.told(PUBLIC)

    def test_a_category_that_is_marked_lets_the_company_s_alerts_be_counted_again(
        self, company: Company, nameless: CatalogItem
    ) -> None:
        WakeUp.objects.all().delete()
        ConfidentialCategory.objects.create(connection=company.connection, item=nameless)
        assert list(WakeUp.objects.values_list("tenant", "kind")) == [(company.tenant.pk, "alerts")]

    def test_pages_tell_each_reader_what_they_may_see(self, company: Company, nameless: CatalogItem) -> None:
        ConfidentialCategory.objects.create(connection=company.connection, item=nameless)
        self.unmapped()
        for may, count in ((False, "espera: 1."), (True, "espera: 3.")):
            user = User.objects.create_user(f"rui-{may}", is_staff=True)
            names = ["view_alert", "view_tenant", "view_title", *(["view_confidential"] if may else [])]
            user.user_permissions.set(Permission.objects.filter(codename__in=names))
            company.tenant.members.add(user)
            client = Client(headers={"accept-language": "pt-BR"})
            client.force_login(user)
            for page in ("/admin/", "/admin/integrations/alert/"):
                assert count in client.get(page).content.decode(), (may, page)

    def test_what_an_older_version_stored_is_not_told_to_everybody(self, nameless: CatalogItem) -> None:
        alert = self.unmapped()
        for params in ({"names": 2, "titles": 3}, {"text": "3 títulos esperam"}):
            alert.params = params
            assert "3" in alert.detail(WHOLE)
            assert "3" not in alert.detail(PUBLIC)


def test_a_risk_of_a_confidential_title_is_mailed_without_its_count(company: Company, risky: int) -> None:
    category = Title.objects.get(bling_id=risky).category_id
    item = CatalogItem.objects.get(bling_id=category, kind="category")
    ConfidentialCategory.objects.create(connection=company.connection, item=item)
    mail.outbox.clear()
    Alert.objects.update(mailed_at=None)
    with translation.override("pt-br"):
        watch()
    (sent,) = mails_about("em dobro")
    assert "só algumas pessoas veem" in sent.body
    assert "Sem 1 título confidencial desta empresa." in sent.body
