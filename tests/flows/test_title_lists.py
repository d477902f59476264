"""Kamino's lists of receivables: nothing is created beside what nobody could look at."""

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.domain.alerts import AlertCause
from integrations.domain.delivery import DeliveryState
from integrations.domain.reasons import Reason
from integrations.domain.titles import Direction
from integrations.models import Alert, KaminoConnection, KaminoSnapshot, ListedSpan, PersonPosting, Posting
from integrations.models.confidential import WHOLE
from integrations.models.outbox import Priority
from integrations.pipeline.access.clients import open_kamino
from integrations.pipeline.company import title_lists
from integrations.pipeline.company.checklist import checklist
from integrations.pipeline.company.probes import probe_kamino
from integrations.pipeline.company.saving import RefusedPlaceError, place_of, save_kamino
from integrations.pipeline.compare.reconcile import TakenOverError, is_due, reconcile_slice
from integrations.pipeline.deliver.ready import live_kaminos
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.report.alerts import review_alerts
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company

PATHS = {"first": "/financeiro/recebimentos", "second": "/financeiro/recebimento/lista"}
RECEIVABLE = Direction.RECEIVABLE


@pytest.fixture
def unknown(company: Company, world: World) -> Company:
    """A company of whose receivables nobody said anything yet, at a Kamino that has no list of them."""
    world.receivable_list = "none"
    KaminoConnection.objects.update(receivable_list="unknown")
    return company


def begin(company: Company, contact: int | None = None) -> None:
    """Send a first title, and so compare for the first time, which looks for the lists; ten minutes ago."""
    company.add_title("payable", **({"contact": contact} if contact else {}))
    company.sync()
    ListedSpan.objects.all().delete()


def compare(company: Company) -> None:
    """Let the daily comparison be due."""
    KaminoConnection.objects.update(reconciled_at=None, reconcile_cursor={})
    company.forget_waits()
    company.work()


def later(company: Company) -> None:
    """Let a quarter of an hour pass."""
    past = timezone.now() - timedelta(seconds=1)
    for direction in Direction:
        waiting = KaminoConnection.objects.exclude(**{f"{direction}_list_waits_until": None})
        waiting.update(**{f"{direction}_list_waits_until": past})
    company.forget_waits()
    company.work()


def in_kamino(company: Company) -> int:
    return len(company.kamino.titles("receivable"))


def enter_by_hand(company: Company, contact: int) -> None:
    """Bring a contact to Kamino, and let somebody enter a receivable of it there."""
    begin(company, contact)
    person = PersonPosting.objects.get(person__bling_id=contact).kamino_id
    company.kamino.add_title("receivable", person, "250.00", company.bling.world.today + timedelta(days=10), "À mão")


def refuse(world: World, status: int, path: str, times: int = 50) -> None:
    world.faults.add(Fault("kamino", "answer", "GET", path, times=times, status=status, answer="{}"))


@pytest.mark.some(2)
@pytest.mark.parametrize("place", ["first", "second"])
def test_what_a_person_entered_is_not_created_beside_it(
    unknown: Company, world: World, contact: int, place: Any
) -> None:
    """The list was asked for at one address only, and its 404 was taken for "no such list"."""
    world.receivable_list = place
    enter_by_hand(unknown, contact)
    title = unknown.add_title("receivable", contact=contact, value="250.00")
    unknown.sync()
    posting = unknown.posting(title)
    assert (posting.state, posting.reason) == (DeliveryState.NEEDS_HUMAN, Reason.POSSIBLE_DUPLICATE)
    assert in_kamino(unknown) == 1


def test_while_it_is_unknown_only_payables_are_created(unknown: Company) -> None:
    receivable, payable = unknown.add_title("receivable"), unknown.add_title("payable")
    unknown.sync()
    assert unknown.in_kamino("payable", payable) is not None
    assert in_kamino(unknown) == 0
    assert unknown.posting(receivable).state == DeliveryState.READY
    lines = {line.code: line.colour for line in checklist(unknown.tenant, WHOLE, now=timezone.now())}
    assert (lines["payable_list"], lines["receivable_list"]) == ("green", "amber")
    review_alerts(now=timezone.now())
    alert = Alert.objects.get(cause=AlertCause.LIST_UNKNOWN, closed_at=None)
    assert alert.params["directions"] == [RECEIVABLE]


def test_a_person_who_saw_what_it_means_says_that_there_is_none(unknown: Company, user: User) -> None:
    title = unknown.add_title("receivable")
    unknown.sync()
    kamino = KaminoConnection.objects.get()
    seen = title_lists.unseen(kamino, RECEIVABLE, WHOLE)
    assert (seen.count, str(seen.total)) == (1, "100.00")
    given: dict[str, Any] = {"kamino": kamino, "direction": RECEIVABLE, "user": user, "now": timezone.now()}
    with pytest.raises(Refused):
        title_lists.say_absent(seen=seen, reason=" ", **given)
    with pytest.raises(Refused):
        title_lists.say_absent(seen=title_lists.Unseen(2, seen.total), reason="vi", **given)
    title_lists.say_absent(seen=seen, reason="vi na tela", **given)
    unknown.work()
    assert unknown.in_kamino("receivable", title) is not None
    last = KaminoConnection.history.latest()  # type: ignore[attr-defined]
    assert (last.receivable_list, last.history_user, last.history_change_reason) == ("absent", user, "vi na tela")
    title_lists.take_back(reason="há uma lista", **given)
    unknown.add_title("receivable")
    unknown.sync()
    assert in_kamino(unknown) == 1, "it is unknown again"


@pytest.mark.parametrize("status", [403, 405])
def test_a_list_that_refuses_cannot_be_called_absent(unknown: Company, world: World, user: User, status: int) -> None:
    refuse(world, status, PATHS["first"], times=1)
    unknown.add_title("receivable")
    unknown.sync()
    kamino = KaminoConnection.objects.get()
    assert kamino.list_answers["receivable"]["receivable.list"] == str(status)
    with pytest.raises(Refused):
        title_lists.say_absent(
            kamino=kamino, direction=RECEIVABLE, seen=title_lists.unseen(kamino, RECEIVABLE, WHOLE), reason="não há",
            user=user, now=timezone.now(),
        )  # fmt: skip
    world.faults.clear()
    world.receivable_list = "first"
    KaminoConnection.objects.update(receivable_list_waits_until=timezone.now() - timedelta(hours=1))
    unknown.work()
    assert KaminoConnection.objects.get().receivable_list == "first", "it is tried again within the hour"
    assert in_kamino(unknown) == 1


def test_a_list_that_comes_later_is_found_by_the_daily_comparison(company: Company, world: World) -> None:
    begin(company)
    assert KaminoConnection.objects.get().receivable_list == "absent"
    world.receivable_list = "second"
    compare(company)
    assert KaminoConnection.objects.get().receivable_list == "second"


@pytest.mark.some(2)
@pytest.mark.parametrize("status", [404, 403, 503, 405])
def test_a_proved_list_that_fails_holds_its_direction_and_no_other(unknown: Company, world: World, status: int) -> None:
    world.receivable_list = "second"
    begin(unknown)
    refuse(world, status, PATHS["second"], times=4)
    titles = [unknown.add_title("receivable") for _ in range(3)]
    payable = unknown.add_title("payable")
    unknown.sync()
    assert unknown.in_kamino("payable", payable) is not None
    assert in_kamino(unknown) == 0
    assert {unknown.posting(title).state for title in titles} == {DeliveryState.READY}
    assert Reason.LIST_FAILED in {unknown.posting(title).reason for title in titles}
    kamino = KaminoConnection.objects.get()
    assert (kamino.receivable_list, kamino.failure) == ("second", {})
    review_alerts(now=timezone.now())
    assert Alert.objects.filter(cause=AlertCause.LIST_FAILED, closed_at=None).count() == 1
    asked = unknown.kamino.calls[f"GET {PATHS['second']}/paginada"]
    unknown.forget_waits()
    unknown.work()
    assert unknown.kamino.calls[f"GET {PATHS['second']}/paginada"] == asked, "the list is left alone for a while"

    world.faults.clear()
    later(unknown)
    assert [len(unknown.kamino.find_all("receivable", title)) for title in titles] == [1, 1, 1]
    review_alerts(now=timezone.now())
    assert not Alert.objects.filter(cause=AlertCause.LIST_FAILED, closed_at=None).exists()


def test_many_orders_of_a_person_ask_a_list_that_fails_only_once(unknown: Company, world: World, user: User) -> None:
    """Each order asked for itself, before everything else and again each quarter of an hour: with enough of them, the
    other direction was never sent."""
    world.receivable_list = "first"
    begin(unknown)
    titles = [unknown.add_title("receivable") for _ in range(5)]
    unknown.to_shadow()
    unknown.sync()
    payable = unknown.add_title("payable")
    unknown.sync()
    refuse(world, 403, PATHS["first"])
    Posting.objects.filter(direction="receivable").update(priority=Priority.PERSON)
    asked = unknown.kamino.calls[f"GET {PATHS['first']}/paginada"]
    unknown.go_live()
    unknown.work()
    assert unknown.in_kamino("payable", payable) is not None
    assert unknown.kamino.calls[f"GET {PATHS['first']}/paginada"] == asked + 1
    # One that is ordered later is tried at once, as somebody may have ended the cause.
    world.faults.clear()
    unknown.resync(titles[0], user)
    assert len(unknown.kamino.find_all("receivable", titles[0])) == 1


@pytest.mark.some(3)
@pytest.mark.parametrize("operation", ["settle", "update", "cancel"])
def test_what_is_there_already_waits_for_its_list_too(unknown: Company, world: World, operation: str) -> None:
    """Somebody may have paid it there meanwhile."""
    world.receivable_list = "first"
    title = unknown.add_title("receivable")
    unknown.sync()
    unknown.forget_snapshots()
    refuse(world, 403, PATHS["first"])
    if operation == "update":
        unknown.bling.edit_title(title, value=250)
    elif operation == "settle":
        unknown.bling.pay(title, account=unknown.bank)
    else:
        unknown.bling.cancel(title)
    writes = unknown.kamino.write_count
    unknown.sync()
    assert (unknown.kamino.write_count, unknown.posting(title).state) == (writes, DeliveryState.READY)
    world.faults.clear()
    later(unknown)
    assert (unknown.kamino.write_count, unknown.posting(title).state) == (writes + 1, DeliveryState.DELIVERED)


def test_a_failing_list_of_payables_lets_receivables_go_on(unknown: Company, world: World) -> None:
    world.receivable_list = "first"
    begin(unknown)
    refuse(world, 403, "/financeiro/pagamento/lista")
    payable, receivable = unknown.add_title("payable"), unknown.add_title("receivable")
    compare(unknown)
    unknown.sync()
    assert unknown.in_kamino("receivable", receivable) is not None
    assert unknown.posting(payable).state == DeliveryState.READY
    assert len(unknown.kamino.titles("payable")) == 1


def test_a_list_that_ignores_due_dates_stops_what_needs_it(unknown: Company, world: World) -> None:
    world.receivable_list = "first"
    person = unknown.kamino.add_person("Outra pessoa")
    for days in range(1, 5):
        unknown.kamino.add_title("receivable", person, "1.00", world.today + timedelta(days=days), "À mão")
    begin(unknown)
    unknown.kamino.ignores_filters = True
    title = unknown.add_title("receivable")
    unknown.sync()
    assert unknown.in_kamino("receivable", title) is None
    assert KaminoConnection.objects.get().receivable_list_failure["code"] == "filter_ignored"
    unknown.kamino.ignores_filters = False
    later(unknown)
    assert unknown.in_kamino("receivable", title) is not None


def test_a_lost_answer_waits_for_a_list_that_fails(unknown: Company, world: World, settings: Any) -> None:
    """A 404 of the list was "no list to look it up in", and a person was asked at once."""
    settings.UNCERTAIN_WAIT_SECONDS = 0
    world.receivable_list = "first"
    begin(unknown)
    title = unknown.add_title("receivable")
    world.faults.add(Fault("kamino", "cut_after", "POST", "/financeiro/recebimento"))
    refuse(world, 404, PATHS["first"], times=50)
    world.faults.armed[-1].after = 1
    unknown.sync()
    assert unknown.posting(title).state == DeliveryState.UNCERTAIN
    world.faults.clear()
    later(unknown)
    assert unknown.posting(title).state == DeliveryState.DELIVERED
    assert in_kamino(unknown) == 1


def test_another_address_or_company_forgets_what_was_known(unknown: Company, world: World, settings: Any) -> None:
    settings.TEST_HOSTS = [*settings.TEST_HOSTS, "localhost"]
    world.receivable_list = "first"
    begin(unknown)
    kamino = KaminoConnection.objects.get()
    kamino.base_url = kamino.base_url.replace("127.0.0.1", "localhost")
    save_kamino(kamino, ["base_url"], user=None, now=timezone.now())
    kamino.refresh_from_db()
    assert set(kamino.title_lists.values()) == {"unknown"}
    assert not KaminoSnapshot.objects.exists()
    assert not ListedSpan.objects.exists()
    list(probe_kamino(kamino, clock=timezone.now))
    title = unknown.add_title("receivable")
    unknown.sync()
    assert unknown.in_kamino("receivable", title) is not None, "they were proved again by the comparison"


def test_nothing_is_sent_to_another_address_before_it_was_compared(
    unknown: Company, world: World, settings: Any, contact: int
) -> None:
    """What was seen where it was before would be taken for what is there."""
    settings.TEST_HOSTS = [*settings.TEST_HOSTS, "localhost"]
    world.receivable_list = "first"
    enter_by_hand(unknown, contact)
    kamino = KaminoConnection.objects.get()
    address = kamino.base_url.replace("127.0.0.1", "localhost")
    kamino.base_url = address
    save_kamino(kamino, ["base_url"], user=None, now=timezone.now())
    list(probe_kamino(kamino, clock=timezone.now))
    assert not live_kaminos(timezone.now()).exists()
    title = unknown.add_title("receivable", contact=contact, value="250.00")
    unknown.sync()
    assert unknown.posting(title).reason == Reason.POSSIBLE_DUPLICATE


def test_a_comparison_under_way_says_nothing_of_where_the_company_is_now(
    unknown: Company, world: World, settings: Any
) -> None:
    settings.TEST_HOSTS = [*settings.TEST_HOSTS, "localhost"]
    world.receivable_list = "first"
    begin(unknown)
    before, kamino = KaminoConnection.objects.get(), KaminoConnection.objects.get()
    client = open_kamino(before, clock=timezone.now)
    kamino.base_url = kamino.base_url.replace("127.0.0.1", "localhost")
    save_kamino(kamino, ["base_url"], user=None, now=timezone.now())
    with pytest.raises(TakenOverError):
        reconcile_slice(
            client, before, clock=timezone.now, deadline=timezone.now() + timedelta(minutes=1),
            people_wait=lambda _now: False,
        )  # fmt: skip
    now = KaminoConnection.objects.get()
    assert (set(now.title_lists.values()), now.reconciled_at) == ({"unknown"}, None)


def test_a_company_that_was_sent_to_stays_the_same_one(company: Company) -> None:
    """The numbers of its titles and persons are those of others elsewhere."""
    kamino = KaminoConnection.objects.get()
    keys = KaminoConnection.SECRETS
    assert place_of(kamino, kamino.base_url, "outra1000", given=keys) == kamino.base_url
    begin(company)
    with pytest.raises(RefusedPlaceError) as refused:
        place_of(kamino, kamino.base_url, "outra1000", given=keys)
    assert refused.value.field == "cn"
    assert place_of(kamino, kamino.base_url, kamino.cn, given=()) == kamino.base_url


@pytest.mark.parametrize(("has_rows", "state"), [(True, "second"), (False, "unknown")])
def test_the_version_before_knew_one_address(company: Company, has_rows: bool, state: str) -> None:
    KaminoConnection.objects.update(
        payable_list="unknown", receivable_list="unknown", reconciled_at=timezone.now(), reconcile_asked_at=None
    )
    if has_rows:
        KaminoSnapshot.objects.create(
            kamino_connection=KaminoConnection.objects.get(), direction="receivable", kamino_id=1,
            read_at=timezone.now(), value=1,
        )  # fmt: skip
    import_module("integrations.migrations.0031_known_title_lists").keep_what_is_known(apps, None)
    kamino = KaminoConnection.objects.get()
    assert (kamino.payable_list, kamino.receivable_list) == ("first", state)
    assert kamino.reconcile_asked_at is not None


def test_a_test_in_a_bad_moment_lets_no_company_be_compared_without_end(unknown: Company, world: World) -> None:
    """What was kept of a failed look for a list that is known was forgotten by nothing, and was due for ever."""
    world.receivable_list = "first"
    begin(unknown)
    refuse(world, 403, PATHS["first"], times=1)
    list(probe_kamino(KaminoConnection.objects.get(), clock=timezone.now))
    world.faults.clear()
    later(unknown)
    kamino = KaminoConnection.objects.get()
    assert kamino.receivable_list == "first"
    two_hours = timezone.now() + timedelta(hours=2)
    assert not KaminoConnection.objects.filter(is_due(two_hours)).exists()
