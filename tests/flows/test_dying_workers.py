"""Workers that die or sleep in the middle: what they left is looked up, and nothing is written twice."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from integrations.domain.delivery import DeliveryState, Operation
from integrations.domain.reasons import LOST_ANSWERS
from integrations.models import Attempt, Posting
from integrations.pipeline.deliver import sweep
from integrations.pipeline.deliver.kamino import KAMINO
from integrations.pipeline.desk.commands import force_settlement, retry_delivery
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.outbox.claim import claim
from integrations.pipeline.outbox.record import may_send
from integrations.pipeline.read import schedule
from integrations.pipeline.run import tick
from integrations.rest.errors import TransientError
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company
from tests.flows.mortal import at_failpoint


@pytest.fixture
def planned(company: Company) -> tuple[Company, int]:
    """A title that is ready to be sent, its person already in Kamino."""
    contact = company.bling.add_contact(name="Sol", document="11.222.333/0001-81", kind="J")
    company.add_title("payable", contact=contact)
    company.sync()
    company.to_shadow()
    title = company.add_title("payable", contact=contact, value="55.00")
    company.sync()
    company.go_live()
    return company, title


def die_in_the_middle(company: Company, title: int) -> Posting:
    """Claim as a worker does, and never come back."""
    posting = company.posting(title)
    assert claim(posting, Operation.CREATE, settles=False, now=timezone.now(), to=KAMINO) is not None
    Posting.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    return company.posting(title)


def test_a_death_in_the_middle_shows_as_unconfirmed(planned: tuple[Company, int]) -> None:
    company, title = planned
    die_in_the_middle(company, title)
    sweep(now=timezone.now())
    assert company.posting(title).state == DeliveryState.UNCERTAIN


def test_a_death_before_the_call_is_looked_up_and_asked_about(planned: tuple[Company, int]) -> None:
    company, title = planned
    posting = die_in_the_middle(company, title)
    assert posting.state == DeliveryState.SENDING
    company.work()
    posting.refresh_from_db()
    assert posting.state == DeliveryState.NEEDS_HUMAN
    assert posting.reason in LOST_ANSWERS
    assert company.in_kamino("payable", title) is None


def test_where_lists_are_proved_complete_it_is_sent_again(planned: tuple[Company, int]) -> None:
    company, title = planned
    type(company.tenant.kamino_connection).objects.update(lists_are_complete=True)
    die_in_the_middle(company, title)
    company.work()
    assert company.posting(title).state == DeliveryState.DELIVERED
    assert company.in_kamino("payable", title) is not None


def test_a_death_after_the_call_is_adopted(planned: tuple[Company, int]) -> None:
    company, title = planned
    posting = die_in_the_middle(company, title)
    desired = posting.get_desired()
    person = company.in_kamino("payable", company.first_title())["IDPessoa"]
    company.kamino.add_title("payable", person, desired.value, desired.due_date, desired.description)
    company.work()
    posting.refresh_from_db()
    assert posting.state == DeliveryState.DELIVERED
    assert posting.kamino_id == company.in_kamino("payable", title)["ID"]
    assert Attempt.objects.get(posting=posting).outcome == "adopted"


def test_a_worker_that_slept_past_its_lease_writes_nothing(planned: tuple[Company, int]) -> None:
    company, title = planned
    claimed = claim(company.posting(title), Operation.CREATE, settles=False, now=timezone.now(), to=KAMINO)
    assert claimed is not None
    wanted = company.posting(title).get_desired()
    may_send(claimed, timezone.now, wanted)
    Posting.objects.update(lease_until=timezone.now() + timedelta(seconds=30))
    with pytest.raises(TransientError):
        may_send(claimed, timezone.now, wanted)
    sweep(now=timezone.now() + timedelta(hours=1))
    with pytest.raises(TransientError):
        may_send(claimed, timezone.now, wanted)


def test_two_workers_claim_one_posting_once(planned: tuple[Company, int]) -> None:
    company, title = planned
    first, second = company.posting(title), company.posting(title)
    assert claim(first, Operation.CREATE, settles=False, now=timezone.now(), to=KAMINO) is not None
    assert claim(second, Operation.CREATE, settles=False, now=timezone.now(), to=KAMINO) is None
    assert Attempt.objects.filter(posting=first).count() == 1


def test_the_database_refuses_a_second_attempt_while_one_is_unresolved(planned: tuple[Company, int]) -> None:
    company, title = planned
    claimed = claim(company.posting(title), Operation.CREATE, settles=False, now=timezone.now(), to=KAMINO)
    assert claimed is not None
    for outcome in ("", "uncertain"):
        Attempt.objects.filter(pk=claimed.attempt.pk).update(outcome=outcome)
        copy = Attempt.objects.get(pk=claimed.attempt.pk)
        copy.pk = None
        with pytest.raises(IntegrityError), transaction.atomic():
            copy.save()


@pytest.mark.parametrize("change", ["value", "retry", "resync"])
@pytest.mark.some(3)
def test_an_unresolved_creation_is_never_sent_again_whatever_happens(
    company: Company, world: World, change: str, django_user_model: Any
) -> None:
    title = company.add_title("receivable")
    world.faults.add(Fault(side="kamino", method="POST", path="/financeiro/recebimento", kind="cut_after"))
    company.sync()
    company.work()
    posting = company.posting(title)
    assert posting.state == DeliveryState.NEEDS_HUMAN
    assert posting.reason in LOST_ANSWERS
    user = django_user_model.objects.create_user("staff")
    if change == "value":
        company.bling.edit_title(title, value="321.00")
    elif change == "retry":
        retry_delivery(postings=Posting.objects.filter(pk=posting.pk), user=user, now=timezone.now())
    else:
        company.resync(title, user)
    company.sync()
    company.work()
    assert company.in_kamino("receivable", title) is not None
    assert Attempt.objects.filter(posting=posting).count() == 1
    account = company.tenant.kamino_connection.items.filter(kind="bank_account").first()
    with pytest.raises(Refused):
        force_settlement(
            posting=posting, date=world.today, amount=posting.title.value, account=account, reason="teste",
            user=user, now=timezone.now(),
        )  # fmt: skip


def test_a_run_whose_worker_died_goes_on_where_it_was(company: Company) -> None:
    titles = [company.add_title("payable") for _ in range(30)]
    schedule.open_due_runs(now=timezone.now())
    # One slice that ends at once: registers only. Then its lease is left behind, as by a kill.
    tick.work_once(clock=timezone.now, deadline=timezone.now() + timedelta(milliseconds=1))
    company.connection.runs.update(lease_until=timezone.now() + timedelta(minutes=4))
    company.work()
    assert company.kamino.titles("payable") == []
    company.connection.runs.update(lease_until=timezone.now() - timedelta(seconds=1))
    company.work()
    assert len(company.kamino.titles("payable")) == len(titles)


def test_no_call_is_made_while_a_transaction_is_open(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one exception, the token refresh on its own row's lock, has its own tests."""
    import requests

    original = requests.Session.request
    calls = []

    def watching(self: requests.Session, method: str, url: str, **options: Any) -> requests.Response:
        assert not connection.in_atomic_block, f"{method} {url} inside a transaction"
        calls.append(url)
        return original(self, method, url, **options)

    monkeypatch.setattr(requests.Session, "request", watching)
    title = company.add_title("payable")
    company.bling.pay(title, account=company.bank)
    company.sync()
    company.bling.edit_title(title, value="120.00")
    company.sync()
    assert len(calls) > 20


@pytest.mark.some(2)
@pytest.mark.parametrize("between", ["nothing", "paid"])
def test_an_answer_that_comes_after_all_hope_is_still_the_truth(company: Company, between: str) -> None:
    """Found by an hour of histories: the sleeper's own answer closed the attempt, and the title was created again."""
    company.add_title("receivable")
    company.sync()
    contact = next(iter(company.bling.titles.values())).contact
    title = company.add_title("receivable", contact=contact, value="77.00")

    def meanwhile() -> None:
        Posting.objects.filter(state="sending").update(lease_until=timezone.now() - timedelta(seconds=1))
        company.forget_waits()
        sweep(now=timezone.now())
        company.forget_waits()
        company.work()
        assert company.posting(title).state == DeliveryState.NEEDS_HUMAN  # a strict Kamino has no list to look in
        if between == "paid":
            company.bling.pay(title)

    with at_failpoint("title.after_write", 1, meanwhile):
        company.sync()
    company.sync()
    assert company.in_kamino("receivable", title)["ID"] == company.posting(title).kamino_id
    assert company.posting(title).state == DeliveryState.DELIVERED
    assert Attempt.objects.filter(posting__title__bling_id=title, operation="create").count() == 1
