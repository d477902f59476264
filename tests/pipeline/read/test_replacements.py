"""Sales that are launched again in Bling: their titles get new ids, and keep their place in Kamino."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from integrations.domain.delivery import DeliveryState
from integrations.models import (
    Alert,
    Attempt,
    BlingConnection,
    FollowUp,
    ForcedSettlement,
    PersonAction,
    PlanRequest,
    Posting,
    SyncRun,
    Title,
)
from integrations.pipeline.desk import decisions, follow_ups
from integrations.pipeline.desk.commands import set_ignored
from integrations.pipeline.desk.deletions import confirm_deletions, deletions_to_confirm
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.handover.plan_requests import request_plans
from integrations.pipeline.read.replacements import take_posting_over
from integrations.pipeline.report.alerts import review_alerts
from sandbox.world import World
from tests.flows.helpers import Company
from tests.locks import wait_for_a_lock
from tests.pipeline.desk.test_commands import force


@pytest.fixture
def contact(company: Company) -> int:
    return int(company.bling.add_contact(name="Cliente Exemplo", document="11.222.333/0001-81", kind="J"))


def rows(company: Company, direction: str = "receivable") -> list[Any]:
    return list(company.kamino.titles(direction))


def add_installments(company: Company, contact: int, count: int = 2) -> list[int]:
    sale = company.bling.add_sale(contact, "200.00")
    origin = {"id": sale, "tipoOrigem": "venda", "numero": "77"}
    due = company.bling.world.today + timedelta(days=10)
    return [
        company.add_title("receivable", contact=contact, origin=origin, due=due + timedelta(days=30 * number))
        for number in range(count)
    ]


@pytest.fixture
def user(transactional_db: None) -> User:
    return User.objects.create_superuser("maria", password="x")


@pytest.mark.some(2)
@pytest.mark.parametrize("generous", [False, True])
def test_a_re_launched_sale_keeps_its_titles_in_kamino(
    company: Company, world: World, contact: int, generous: bool
) -> None:
    world.generous = generous
    old = add_installments(company, contact)
    company.sync()
    before = {row["ID"] for row in rows(company)}
    new = [company.bling.relaunch(bling_id) for bling_id in old]
    company.forget_snapshots()
    company.sync()
    assert {row["ID"] for row in rows(company)} == before
    for lost, found in zip(old, new, strict=True):
        assert company.in_kamino("receivable", found)["ID"] in before
        assert company.in_kamino("receivable", lost) is None
        assert company.title(lost).replaced_by == company.title(found)
    company.bling.pay(new[0], account=company.bank)
    company.sync()
    assert company.in_kamino("receivable", new[0])["SitConta"] == 2


def test_a_payable_without_origin_is_recognised_by_its_content(company: Company, contact: int) -> None:
    old = company.add_title("payable", contact=contact, value="345.67")
    company.sync()
    new = company.bling.relaunch(old)
    company.sync()
    assert len(rows(company, "payable")) == 1
    assert company.in_kamino("payable", new) is not None


def test_a_paid_title_that_is_launched_again_open_is_not_created_a_second_time(company: Company, contact: int) -> None:
    (old,) = add_installments(company, contact, 1)
    company.bling.pay(old, account=company.bank)
    company.sync()
    assert company.in_kamino("receivable", old)["SitConta"] == 2
    new = company.bling.relaunch(old)
    company.sync()
    assert len(rows(company)) == 1
    assert company.posting(new).state == DeliveryState.NEEDS_HUMAN
    assert company.problems(new) == ["reversed_after_settlement"]


def test_what_was_forced_or_excluded_under_the_old_id_counts_for_the_new_one(
    company: Company, contact: int, django_user_model: Any
) -> None:
    (old,) = add_installments(company, contact, 1)
    company.to_shadow()
    company.sync()
    user = django_user_model.objects.create_user("staff")
    set_ignored(posting=company.posting(old), ignored=True, reason="teste", user=user, now=timezone.now())
    company.go_live()
    new = company.bling.relaunch(old)
    company.sync()
    assert company.posting(new).state == DeliveryState.IGNORED
    assert rows(company) == []


def test_what_was_ready_under_the_old_id_is_planned_anew_before_it_may_be_sent(company: Company, contact: int) -> None:
    company.to_shadow()
    old, new = add_installments(company, contact, 2)
    company.sync()
    Title.objects.filter(bling_id=new).update(is_released=False)
    before, after = (Title.objects.get(bling_id=bling_id) for bling_id in (old, new))
    PlanRequest.objects.all().delete()
    kept = before.posting.pk
    with transaction.atomic():
        take_posting_over(before, after, now=timezone.now())
    assert PlanRequest.objects.get().title == after
    assert Posting.objects.get(title=after).pk == kept


@pytest.fixture
def unclear(company: Company, contact: int) -> tuple[list[int], int]:
    """Two equal payables were deleted, one new one appeared."""
    old = [company.add_title("payable", contact=contact, value="50.00") for _ in range(2)]
    company.sync()
    new = company.bling.relaunch(old[0])
    company.bling.delete(old[1])
    company.sync()
    return old, new


def test_a_decision_waits_for_a_reading_of_the_same_title_and_never_dies_of_it(
    company: Company, unclear: tuple[list[int], int], django_user_model: Any
) -> None:
    old, new = unclear
    user = django_user_model.objects.create_user("staff")
    posting = company.posting(new)

    def decide() -> None:
        try:
            decisions.decide(
                posting=posting, code="replaces", number=old[1], reason="conferido", user=user, now=timezone.now()
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as other, transaction.atomic():
        title = Title.objects.select_for_update(no_key=True).get(pk=posting.title_id)  # as the mirror does
        decided = other.submit(decide)
        wait_for_a_lock()
        request_plans(Title.objects.filter(pk=title.pk), now=timezone.now())
    decided.result(60)
    assert Posting.objects.get(title=title).pk != posting.pk, "it took over the posting of the old one"


def test_several_candidates_wait_for_a_person(company: Company, unclear: tuple[list[int], int]) -> None:
    old, new = unclear
    assert len(rows(company, "payable")) == 2
    assert company.problems(new) == ["relaunch_unclear"]
    found = decisions.options(company.posting(new))
    assert [(option.code, option.number) for option in found] == [
        ("replaces", old[0]), ("replaces", old[1]), ("replaces_none", 0),
    ]  # fmt: skip


@pytest.mark.parametrize("choice", ["replaces", "replaces_none"])
def test_a_person_says_which_one_it_replaces(
    company: Company, unclear: tuple[list[int], int], choice: str, django_user_model: Any
) -> None:
    old, new = unclear
    user = django_user_model.objects.create_user("staff")
    number = old[1] if choice == "replaces" else 0
    order = {"posting": company.posting(new), "code": choice, "number": number, "user": user, "now": timezone.now()}
    with pytest.raises(Refused):
        decisions.decide(reason=" ", **order)
    decisions.decide(reason="conferido com o financeiro", **order)
    company.work()
    assert len(rows(company, "payable")) == (2 if choice == "replaces" else 3)
    assert company.in_kamino("payable", new) is not None
    assert (company.in_kamino("payable", old[1]) is None) == (choice == "replaces")
    assert PersonAction.objects.get(user=user).reason.endswith("conferido com o financeiro")
    with pytest.raises(Refused):
        decisions.decide(reason="de novo", **{**order, "posting": company.posting(new)})


def test_many_titles_gone_at_once_stop_the_run_until_a_person_confirms(
    company: Company, contact: int, django_user_model: Any
) -> None:
    titles = [company.add_title("payable", contact=contact, value=f"{100 + number}.00") for number in range(8)]
    company.sync()
    for bling_id in titles[:7]:
        company.bling.delete(bling_id)
    fresh = company.add_title("payable", value="999.00")
    for _ in range(3):
        company.sync()
    last = SyncRun.objects.latest("pk")
    assert (last.state, last.failure["kind"]) == (SyncRun.State.FAILED, "conflict")
    assert "7" in last.error
    review_alerts(now=timezone.now())
    assert Alert.objects.filter(cause="run_failed", closed_at=None).exists()
    assert len(rows(company, "payable")) == 8
    assert not Title.objects.filter(status="deleted").exists()
    assert company.in_kamino("payable", fresh) is None
    user = django_user_model.objects.create_user("staff")
    counted = deletions_to_confirm(company.connection)
    assert counted == 7
    confirm_deletions(connection=company.connection, counted=counted, user=user, now=timezone.now())
    company.work()
    assert company.in_kamino("payable", fresh) is not None
    assert not BlingConnection.objects.get().deletions_confirmed
    assert deletions_to_confirm(company.connection) == 0


def test_no_more_deletions_are_confirmed_than_the_person_was_told_of(
    company: Company, contact: int, django_user_model: Any
) -> None:
    titles = [company.add_title("payable", contact=contact, value=f"{100 + number}.00") for number in range(60)]
    company.sync()
    for bling_id in titles[:52]:
        company.bling.delete(bling_id)
    company.sync()
    counted = deletions_to_confirm(company.connection)
    assert counted == 52, "all of them, also beyond the first batch that was read"
    company.bling.delete(titles[52])
    company.forget_waits()  # so many answers 404 at once are a burst to the breaker
    user = django_user_model.objects.create_user("staff")
    confirm_deletions(connection=company.connection, counted=counted, user=user, now=timezone.now())
    company.work()
    assert SyncRun.objects.latest("pk").failure["kind"] == "conflict"
    assert deletions_to_confirm(company.connection) == 53


@pytest.mark.long
@pytest.mark.long
def test_many_titles_launched_again_are_no_reason_to_stop(company: Company, contact: int) -> None:
    titles = [company.add_title("payable", contact=contact, value=f"{100 + number}.00") for number in range(60)]
    company.sync()
    for bling_id in titles:
        company.bling.relaunch(bling_id)
    company.sync()
    assert SyncRun.objects.latest("pk").state == SyncRun.State.DONE
    assert len(rows(company, "payable")) == 60


def test_a_title_deleted_after_it_was_paid_is_found_by_the_weekly_sweeps(company: Company, contact: int) -> None:
    title = company.add_title("payable", contact=contact)
    company.bling.pay(title, account=company.bank)
    company.sync()
    company.bling.delete(title)
    for _ in range(2):
        old = timezone.now() - timedelta(days=8)
        company.title(title).last_read.__class__.objects.update(read_at=old)
        company.sync(full=True)
    assert company.problems(title) == ["deleted_in_bling"]
    assert company.in_kamino("payable", title)["Situacao"] == 2


def test_an_order_goes_along_when_its_title_takes_another_s_place(company: Company, user: User) -> None:
    old, new = company.add_title("payable", value="100.00"), company.add_title("payable", value="101.00")
    company.sync()
    company.to_shadow()
    kept, given_up = company.posting(old), company.posting(new)
    Posting.objects.filter(pk=given_up.pk).update(
        kamino_id=None, delivered=None, delivered_fingerprint="", state="held"
    )
    Attempt.objects.filter(posting=given_up).delete()
    forced = force(company, new, user)
    with transaction.atomic():
        take_posting_over(kept.title, given_up.title, now=timezone.now())
    forced.refresh_from_db()
    assert (forced.posting_id, forced.posting.title.bling_id) == (kept.pk, new)


def test_a_take_over_keeps_what_people_ordered_and_said(company: Company, user: User) -> None:
    title = company.add_title("payable", value="100.00")
    company.sync()
    new = company.add_title("payable", value="101.00")
    company.sync()
    company.to_shadow()
    kept, given_up = company.posting(title), company.posting(new)
    Posting.objects.filter(pk=given_up.pk).update(kamino_id=None, delivered=None, state="held")
    given_up.attempts.all().delete()
    order = {"responsible": user, "comment": "Ligar amanhã", "user": user, "now": timezone.now()}
    follow_ups.follow_up(postings=[given_up], **order)  # type: ignore[arg-type]
    standing, other = force(company, title, user), force(company, new, user)
    with transaction.atomic():
        take_posting_over(kept.title, given_up.title, now=timezone.now())
    assert FollowUp.objects.get(posting=kept).comment == "Ligar amanhã"
    assert ForcedSettlement.objects.not_undone().get() == standing
    other.refresh_from_db()
    assert (other.posting_id, other.undone_at is None) == (kept.pk, False)
