"""What a hostile review of the desk's actions found: each test failed before its mend."""

import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from integrations.admin.kit.title_search import titles_found
from integrations.models import (
    BlingConnection,
    FollowUp,
    ForcedSettlement,
    KaminoConnection,
    PartPosting,
    PlanRequest,
    Posting,
    Tenant,
    Title,
    TitleRead,
)
from integrations.pipeline.desk import approvals, follow_ups, live_kamino, live_search
from integrations.pipeline.desk.links import link
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.handover.plan_requests import request_plans
from integrations.pipeline.read.replacements import take_posting_over
from sandbox.world import World
from tests.flows.helpers import Company, in_days
from tests.pipeline.desk.test_commands import force
from tests.pipeline.desk.test_kamino_search import entered_by_hand, read


@pytest.fixture
def user(transactional_db: None) -> User:
    return User.objects.create_superuser("maria", password="x")


@pytest.fixture
def title(company: Company) -> int:
    title = company.add_title("payable", value="100.00")
    company.sync()
    return title


def code_of(call: Callable[..., Any], **order: Any) -> str:
    with pytest.raises(Refused) as caught:
        call(**order)
    return caught.value.code


def test_a_title_that_grew_above_the_limit_after_the_order_waits_for_a_second_person(
    company: Company, title: int, user: User
) -> None:
    Tenant.objects.update(force_limit=Decimal("1000.00"))
    company.to_shadow()
    forced = force(company, title, user)
    assert not forced.awaits_approval
    company.bling.edit_title(title, value="50000.00")
    company.sync()
    company.go_live()
    company.work()
    assert company.in_kamino("payable", title)["Situacao"] == 1
    other = User.objects.create_user("joana")
    forced.refresh_from_db()
    assert code_of(approvals.approve, forced=forced, user=user, now=timezone.now()) == "own"
    approvals.approve(forced=forced, user=other, now=timezone.now())
    company.work()
    assert company.in_kamino("payable", title)["Situacao"] == 2


def test_an_approval_holds_for_the_value_that_was_approved(company: Company, title: int, user: User) -> None:
    Tenant.objects.update(force_limit=Decimal("50.00"))
    company.to_shadow()
    forced = force(company, title, user)
    approvals.approve(forced=forced, user=User.objects.create_user("joana"), now=timezone.now())
    company.sync()
    forced.refresh_from_db()
    assert not forced.awaits_approval
    company.bling.edit_title(title, value="50000.00")
    company.sync()
    company.go_live()
    company.work()
    forced.refresh_from_db()
    assert forced.awaits_approval
    assert company.in_kamino("payable", title)["Situacao"] == 1


def test_an_approval_does_not_hold_for_the_title_that_takes_over(company: Company, title: int, user: User) -> None:
    Tenant.objects.update(force_limit=Decimal("50.00"))
    company.to_shadow()
    forced = force(company, title, user)
    approvals.approve(forced=forced, user=User.objects.create_user("joana"), now=timezone.now())
    larger = company.add_title("payable", value="50000.00")
    company.sync()
    with transaction.atomic():
        take_posting_over(company.title(title), company.title(larger), now=timezone.now())
    request_plans(Title.objects.filter(bling_id=larger), now=timezone.now())
    company.go_live()
    company.work()
    forced.refresh_from_db()
    assert (forced.awaits_approval, forced.posting.title.bling_id) == (True, larger)
    [row] = company.kamino.titles("payable")
    assert (row["CodigoExterno"], row["Situacao"]) == (str(larger), 1)


def test_a_settlement_of_a_day_that_is_yet_to_come_is_refused(
    company: Company, title: int, user: User, world: World
) -> None:
    assert code_of(force, company=company, title=title, user=user, date=in_days(world, 1)) == "date"
    assert not ForcedSettlement.objects.exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"is_paused": True}, "paused"), ({"failure": {"kind": "config"}, "lease_until": timedelta(minutes=15)}, "paused")],
)
def test_who_reads_kamino_where_sending_stands_still_is_told_so(
    company: Company, title: int, user: User, changes: dict[str, Any], code: str
) -> None:
    forced = force(company, title, user)
    company.work()
    now = timezone.now()
    until = {name: now + value for name, value in changes.items() if isinstance(value, timedelta)}
    KaminoConnection.objects.update(**{**changes, **until})
    assert code_of(live_kamino.undo_settlement, forced=forced, user=user, now=now, clock=timezone.now) == code


def test_an_undo_and_a_plan_do_not_wait_for_each_other(company: Company, title: int, user: User) -> None:
    forced = force(company, title, user)
    company.work()
    company.kamino.reopen_title("payable", company.in_kamino("payable", title)["ID"])
    posting = company.posting(title)
    PlanRequest.objects.create(title_id=posting.title_id, asked_at=timezone.now())
    planning, failures = threading.Event(), []

    def plan() -> None:
        try:
            with transaction.atomic():
                list(PlanRequest.objects.select_for_update().filter(title=posting.title_id))
                planning.set()
                time.sleep(2)
                list(Posting.objects.select_for_update().filter(pk=posting.pk))
                PlanRequest.objects.filter(title=posting.title_id).delete()
        except Exception as error:
            failures.append(error)
        finally:
            connections.close_all()

    planner = threading.Thread(target=plan)
    planner.start()
    assert planning.wait(10)
    live_kamino.undo_settlement(forced=forced, user=user, clock=timezone.now, now=timezone.now())
    planner.join()
    assert failures == []
    forced.refresh_from_db()
    assert forced.undone_at is not None


def test_an_answer_that_never_comes_ends_a_search_before_the_web_server_does(
    company: Company, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_search, "PATIENCE", 2.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.BLING_API_URL = f"http://127.0.0.1:{silent.getsockname()[1]}"
        started, wanted = time.monotonic(), live_search.Search(bling_id=5)
        order = {"visible": Title.objects.all(), "hidden": frozenset(), "clock": timezone.now}
        assert live_search.search(company.connection, wanted, **order).failures  # type: ignore[arg-type]
        wanted = live_search.Search(value=Decimal(5))
        assert code_of(live_search.search, connection=company.connection, wanted=wanted, **order) == "api"
        assert time.monotonic() - started < 20


def test_an_answer_that_never_comes_ends_a_live_reading_of_kamino(
    company: Company, title: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_kamino, "PATIENCE", 2.0)
    posting, today = company.posting(title), company.bling.world.today
    with socket.create_server(("127.0.0.1", 0)) as silent:
        KaminoConnection.objects.update(base_url=f"http://127.0.0.1:{silent.getsockname()[1]}")
        started = time.monotonic()
        order = {"start": today, "end": today, "clock": timezone.now}
        assert code_of(live_kamino.read_due, posting=posting, **order) == "api"
        assert time.monotonic() - started < 10
    assert KaminoConnection.objects.get().lease_until is None


def page_action(user: User, action: str, title: Title, **data: str) -> Any:
    client = Client(headers={"accept-language": "pt-BR,pt;q=0.9"}, raise_request_exception=False)
    client.force_login(user)
    return client.post(reverse(f"admin:integrations_title_{action}", args=[title.pk]), data, follow=True)


def test_a_resync_that_bling_cannot_answer_is_not_called_queued(company: Company, title: int, user: User) -> None:
    BlingConnection.objects.update(status="reconnect")
    page = page_action(user, "resync_this", company.title(title))
    assert [str(message) for message in page.context["messages"]] == [
        "Ressincronização: 0 título na fila, 1 não alterado: Bling não conectado."
    ]
    assert not TitleRead.objects.filter(asked_at__isnull=False).exists()


def test_a_number_that_no_key_holds_is_asked_for_again(company: Company, title: int, user: User) -> None:
    posting = company.posting(title)
    posting.attempts.update(outcome="uncertain")
    Posting.objects.filter(pk=posting.pk).update(state="needs_human", reason="no_list", kamino_id=None, delivered=None)
    page = page_action(user, "decide_this", posting.title, choice="0", number="9" * 25, reason="Visto lá")
    assert page.status_code == 200
    assert company.posting(title).kamino_id is None


def test_a_take_over_keeps_what_people_ordered_and_said(company: Company, title: int, user: User) -> None:
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


def test_who_may_look_after_titles_is_asked_once_for_everybody(company: Company, user: User) -> None:
    member, stranger = (User.objects.create_user(name, is_staff=True) for name in ("bia", "zeca"))
    company.tenant.members.add(member, User.objects.create_user("cliente"))
    with CaptureQueriesContext(connection) as queries:
        assert follow_ups.may_look_after([company.tenant.pk]) == [member, user]
    assert len(queries) == 1
    assert stranger not in follow_ups.may_look_after([company.tenant.pk])


def test_a_title_linked_to_one_that_kamino_paid_is_not_called_reversed(company: Company, user: User) -> None:
    """Whoever followed "undo it in Kamino by hand" would have undone a payment that was made."""
    title, theirs = entered_by_hand(company, "250.00")
    company.kamino.pay_title("payable", theirs)
    read(company, company.posting(title))
    link(posting=company.posting(title), kamino_id=theirs, reason="É este", user=user, now=timezone.now())
    company.go_live()
    company.work()
    assert company.problems(title) == ["paid_in_kamino_first"]
    assert company.posting(title).state == "needs_human"
    company.bling.pay(title, date=company.bling.world.today, account=company.bank)
    writes = company.kamino.write_count
    company.sync()
    assert company.kamino.write_count == writes
    assert "paid_in_kamino_first" not in company.problems(title)


def test_what_bling_no_longer_has_is_not_settled_by_hand(company: Company, title: int, user: User) -> None:
    company.bling.delete(title)
    company.sync()
    company.sync()
    assert company.title(title).status == "deleted"
    assert code_of(force, company=company, title=title, user=user) == "gone"


def test_a_title_is_found_by_the_kamino_number_of_one_of_its_payments(
    company: Company, user: User, world: World
) -> None:
    world.generous = True
    KaminoConnection.objects.update(lists_are_complete=True, allow_unconfirmed=True)
    Tenant.objects.update(partial_policy=Tenant.PartialPolicy.SPLIT)
    title = company.add_title("payable", value="100.00")
    company.sync()
    company.bling.pay(title, amount="40.00", date=in_days(world, -4), account=company.bank)
    company.sync()
    number = PartPosting.objects.get().kamino_id
    found = titles_found(str(number), whole_documents=True)
    assert [row["pk"] for row in found] == [company.title(title).pk]
