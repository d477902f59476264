"""Answers that are neither a success nor a refusal are looked up, never believed; another id than was sent is asked
about."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.domain.alerts import AlertCause
from integrations.domain.delivery import DeliveryState, Operation
from integrations.domain.reasons import Reason
from integrations.models import Alert, Attempt, PersonPosting, Posting
from integrations.pipeline.deliver import sweep
from integrations.pipeline.deliver.kamino import KAMINO
from integrations.pipeline.desk import commands, decisions
from integrations.pipeline.outbox import record
from integrations.pipeline.outbox.claim import claim
from integrations.pipeline.report.alerts import review_alerts
from integrations.words.alerts import URGENT_CAUSES
from sandbox.faults import Fault
from sandbox.kamino.fields import FIELDS, PAID, PENDING
from sandbox.world import World
from tests.flows.checks import check
from tests.flows.helpers import Company
from tests.flows.mortal import at_failpoint

ODD = (
    False, [], "erro", None, {"Sucesso": "false", "Mensagem": "Periodo bloqueado"}, {"Sucesso": 0}, {"sucesso": False},
    {"Message": "An error has occurred."}, {"Erro": "Lançamento bloqueado"}, {}, 1, {"Sucesso": None, "ID": None},
)  # fmt: skip
PATHS = {"payable": "/financeiro/pagamento", "receivable": "/financeiro/recebimento"}


@pytest.fixture
def patient(settings: Any) -> Any:
    """Let look-ups wait until a test says so, and breakers stay closed: here every write of a round is struck."""
    settings.LIMITS = replace(settings.LIMITS, kamino_breaker_errors=1000)
    settings.UNCERTAIN_WAIT_SECONDS = 3600
    return settings


def break_writes(world: World, kind: Any, method: str, path: str, **options: Any) -> None:
    world.faults.add(Fault(side="kamino", kind=kind, method=method, path=path, **options))


def look_up_now(company: Company, patient: Any) -> None:
    patient.UNCERTAIN_WAIT_SECONDS = 0
    company.forget_waits()
    company.work()


def row_of(company: Company, direction: str, title: int) -> tuple[Any, Any] | None:
    row, fields = company.in_kamino(direction, title), FIELDS[direction]  # type: ignore[index]
    return (row[fields.value], row[fields.status]) if row else None


@pytest.mark.some(6, drawn=3)
@pytest.mark.parametrize("is_done", [False, True], ids=["not_done", "done"])
@pytest.mark.parametrize("answer", ODD, ids=repr)
def test_an_odd_answer_is_looked_up_and_not_believed(
    company: Company, world: World, patient: Any, contact: int, answer: Any, is_done: bool
) -> None:
    type(company.tenant.kamino_connection).objects.update(lists_are_complete=True)
    titles = [company.add_title("payable", contact=contact) for _ in range(3)]
    company.sync()
    updated, settled, cancelled = titles
    company.bling.edit_title(updated, value=250)
    company.bling.pay(settled, account=company.bank)
    company.bling.cancel(cancelled)
    company.bling.edit_contact(contact, email="outro@example.com")
    for method, path, times in (("POST", PATHS["payable"], 2), ("DELETE", "/", 1), ("POST", "/pessoa", 1)):
        kind = "odd_after" if is_done else "odd_before"
        break_writes(world, kind, method, path, times=times, answer=json.dumps(answer))
    company.sync()
    assert world.faults.armed == [], "a fault never struck"
    uncertain = Posting.objects.filter(state=DeliveryState.UNCERTAIN, title__bling_id__in=titles)
    assert uncertain.count() == 3
    assert PersonPosting.objects.get().state == DeliveryState.UNCERTAIN
    before, after = (100, PENDING), ((250, PENDING), (100, PAID), None)
    assert [row_of(company, "payable", title) for title in titles] == (list(after) if is_done else [before] * 3)
    look_up_now(company, patient)
    assert [row_of(company, "payable", title) for title in titles] == list(after)
    assert {company.posting(title).state for title in titles} == {DeliveryState.DELIVERED}
    assert company.kamino.persons_with("11222333000181")[0]["Email"] == "outro@example.com"
    check(company)


@pytest.mark.parametrize("answer", [{"Sucesso": 0}, []], ids=repr)
@pytest.mark.parametrize("operation", ["settle", "cancel"])
@pytest.mark.some(2)
def test_where_kamino_has_no_list_a_person_is_asked(
    company: Company, world: World, operation: str, answer: Any
) -> None:
    title = company.add_title("receivable")
    company.sync()
    if operation == "settle":
        company.bling.pay(title, account=company.bank)
    else:
        company.bling.cancel(title)
    method = "POST" if operation == "settle" else "DELETE"
    break_writes(world, "odd_before", method, PATHS["receivable"], answer=json.dumps(answer))
    company.sync()
    posting = company.posting(title)
    assert (posting.state, posting.reason) == (DeliveryState.NEEDS_HUMAN, Reason.NO_LIST)
    assert row_of(company, "receivable", title) == (100, PENDING)


def surplus_alerts() -> list[Alert]:
    review_alerts(now=timezone.now())
    return list(Alert.objects.filter(cause=AlertCause.SURPLUS, closed_at=None))


def ids_of(company: Company, direction: str, title: int) -> list[int]:
    return [row["ID"] for row in company.kamino.find_all(direction, title)]


def decide(company: Company, title: int, code: str, user: User, number: int = 0) -> None:
    posting = company.posting(title)
    decisions.decide(posting=posting, code=code, number=number, reason="visto", user=user, now=timezone.now())
    company.work()


@pytest.mark.parametrize("direction", list(PATHS))
@pytest.mark.parametrize("operation", ["update", "settle"])
@pytest.mark.some(4)
def test_another_id_than_was_sent_is_a_person_s_question_at_once(
    company: Company, world: World, user: User, operation: str, direction: str
) -> None:
    title = company.add_title(direction)
    company.sync()
    [ours] = ids_of(company, direction, title)
    if operation == "update":
        company.bling.edit_title(title, value=250)
    else:
        company.bling.pay(title, account=company.bank)
    break_writes(world, "another_id", "POST", PATHS[direction])
    company.sync()
    [_ours, surplus] = ids_of(company, direction, title)
    posting = company.posting(title)
    assert (posting.state, posting.reason) == (DeliveryState.NEEDS_HUMAN, Reason.ANOTHER_ID)
    assert (posting.kamino_id, posting.reason_params) == (ours, {"id": str(surplus)})
    assert Attempt.objects.filter(surplus_id=surplus, posting=posting).count() == 1
    assert [alert.params["ids"] for alert in surplus_alerts()] == [str(surplus)]
    # Whatever happens, nothing is sent beside it before a person has looked.
    commands.retry_delivery(postings=Posting.objects.filter(pk=posting.pk), user=user, now=timezone.now())
    company.sync()
    company.forget_waits()
    company.work()
    assert company.posting(title).reason == Reason.ANOTHER_ID
    assert ids_of(company, direction, title) == [ours, surplus]
    company.kamino.delete_title(direction, surplus)
    codes = [option.code for option in decisions.options(company.posting(title))]
    assert codes == [decisions.SURPLUS_GONE]
    decide(company, title, decisions.SURPLUS_GONE, user, surplus)
    assert surplus_alerts() == []
    if direction == "receivable":  # where there is a list, it was looked up in it and sent again
        decide(company, title, decisions.DID_NOT_HAPPEN, user)
    assert company.posting(title).state == DeliveryState.DELIVERED
    assert ids_of(company, direction, title) == [ours]
    assert row_of(company, direction, title) == ((250, PENDING) if operation == "update" else (100, PAID))
    assert Attempt.objects.filter(surplus_id=surplus).count() == 1, "the number is kept"


def test_a_person_answered_with_another_id_is_asked_about(
    company: Company, world: World, user: User, contact: int
) -> None:
    title = company.add_title("payable", contact=contact)
    company.sync()
    ours = PersonPosting.objects.get().kamino_id
    company.bling.edit_contact(contact, email="outro@example.com")
    break_writes(world, "another_id", "POST", "/pessoa/grava")
    company.sync()
    [surplus] = [row["ID"] for row in company.kamino.persons.values() if row["ID"] != ours]
    person = PersonPosting.objects.get()
    assert (person.state, person.reason, person.kamino_id) == (DeliveryState.NEEDS_HUMAN, Reason.ANOTHER_ID, ours)
    assert Attempt.objects.get(surplus_id=surplus).person_posting == person
    assert len(surplus_alerts()) == 1
    PersonPosting.objects.update(state=DeliveryState.READY, ready_at=timezone.now())  # as "send again" does
    company.work()
    assert PersonPosting.objects.get().reason == Reason.ANOTHER_ID
    assert len(company.kamino.persons) == 2, "saved a third time"
    del company.kamino.persons[surplus]
    company.kamino.touch()
    client = Client()
    client.force_login(user)
    asked = client.get(reverse("admin:integrations_person_decide_this", args=[person.person_id]), follow=True)
    [option] = asked.context["form"].options.values()
    assert (option.code, option.number) == (decisions.SURPLUS_GONE, surplus), "its page leads to the decision"
    decide(company, title, decisions.SURPLUS_GONE, user, surplus)
    assert PersonPosting.objects.get().state == DeliveryState.DELIVERED
    assert company.kamino.persons[ours]["Email"] == "outro@example.com"


@pytest.mark.parametrize("text", ["Aluguel da loja, conferido [Bling {}]", "Sem marca"])
@pytest.mark.parametrize("kind", ["cut_after", "odd_after"])
@pytest.mark.some(2)
def test_a_settlement_is_found_whatever_people_did_to_the_text(
    company: Company, world: World, kind: str, text: str
) -> None:
    title = company.add_title("payable")
    company.sync()
    row = company.in_kamino("payable", title)["ID"]
    company.kamino.edit_title("payable", row, Descricao=text.format(title), CodigoExterno=str(title))
    company.bling.pay(title, account=company.bank)
    company.forget_snapshots()
    break_writes(world, kind, "POST", PATHS["payable"])
    company.sync()
    posting = company.posting(title)
    assert (posting.state, posting.reason) == (DeliveryState.DELIVERED, "")
    assert Attempt.objects.filter(posting=posting, settles=True, outcome="adopted").count() == 1
    assert company.in_kamino("payable", title)["Descricao"] == text.format(title)
    writes = company.kamino.write_count
    company.sync()
    assert company.kamino.write_count == writes
    assert company.posting(title).problems == []


def test_a_change_that_kept_people_s_edits_is_found_and_not_sent_again(company: Company, world: World) -> None:
    title = company.add_title("payable")
    company.sync()
    row = company.in_kamino("payable", title)["ID"]
    text = f"Conferido [Bling {title}]"
    company.kamino.edit_title("payable", row, Descricao=text)
    company.bling.edit_title(title, value=250)
    company.forget_snapshots()
    break_writes(world, "cut_after", "POST", PATHS["payable"])
    company.sync()
    posting = company.posting(title)
    last = posting.attempts.get(operation=Operation.UPDATE)
    assert (posting.state, last.outcome) == (DeliveryState.DELIVERED, "adopted")
    assert (last.was_sent["description"], last.body["description"] == text) == (text, False)


def sleep_past_everything(company: Company, *, then: Any = None) -> Any:
    """Return what happens while a worker sleeps with Kamino's answer in its hand: its title is sent again."""

    def meanwhile() -> None:
        Posting.objects.filter(state="sending").update(lease_until=timezone.now() - timedelta(seconds=1))
        sweep(now=timezone.now())
        if then is not None:
            then()
        for _ in range(3):
            company.forget_waits()
            company.work()

    return meanwhile


def test_the_number_of_a_second_settlement_is_kept_and_said(company: Company, contact: int, user: User) -> None:
    """Its constraint ended in an IntegrityError, and the number of the surplus paid title was nowhere."""
    type(company.tenant.kamino_connection).objects.update(lists_are_complete=True)
    company.add_title("payable", contact=contact)
    company.sync()
    title = company.add_title("payable", contact=contact, value="77.00")
    company.bling.pay(title, account=company.bank)
    late: list[int] = []

    def hide() -> None:  # Kamino's lists do not show it yet
        [row] = ids_of(company, "payable", title)
        late.append(row)
        company.kamino.deleted.add(("payable", row))

    with at_failpoint("title.after_write", 1, sleep_past_everything(company, then=hide)):
        company.sync()
    company.kamino.deleted.discard(("payable", late[0]))
    posting = company.posting(title)
    assert posting.kamino_id not in (None, late[0])
    assert posting.state == DeliveryState.DELIVERED
    first, second = posting.attempts.order_by("pk")
    assert (first.outcome, first.kamino_id, first.surplus_id, first.settles) == ("delivered", late[0], late[0], False)
    assert (second.outcome, second.kamino_id, second.settles) == ("delivered", posting.kamino_id, True)
    assert len(surplus_alerts()) == 1
    assert AlertCause.SURPLUS in URGENT_CAUSES
    company.kamino.delete_title("payable", late[0])
    decide(company, title, decisions.SURPLUS_GONE, user, late[0])
    assert surplus_alerts() == []


def test_who_slept_before_sending_and_finds_the_settlement_of_another_alarms_nobody(company: Company) -> None:
    title = company.add_title("payable")
    company.sync()
    company.bling.pay(title, account=company.bank)
    with at_failpoint("title.claimed", 1, sleep_past_everything(company)):
        company.sync()
    first, second = company.posting(title).attempts.filter(operation=Operation.SETTLE).order_by("pk")
    assert (first.outcome, first.settles, first.surplus_id) == ("adopted", False, None)
    assert (second.outcome, second.settles) == ("delivered", True)
    assert surplus_alerts() == []
    assert row_of(company, "payable", title) == (100, PAID)


def test_an_answer_that_names_another_title_s_number_is_kept_and_asked_about(company: Company, contact: int) -> None:
    """Its constraint says that one Kamino title is one title of Bling."""
    first = company.add_title("payable", contact=contact)
    company.sync()
    company.to_shadow()
    second = company.add_title("payable", contact=contact, value="77.00")
    company.sync()
    taken, posting = company.posting(first).kamino_id, company.posting(second)
    claimed = claim(posting, Operation.CREATE, settles=False, now=timezone.now(), to=KAMINO)
    assert claimed is not None
    assert taken is not None
    with record.outcome_of(claimed, timezone.now):
        record.may_send(claimed, timezone.now, posting.get_desired())
        record.delivered(claimed, remote_id=taken, held=posting.get_desired(), now=timezone.now())
    posting.refresh_from_db()
    assert (posting.state, posting.reason, posting.kamino_id) == (DeliveryState.NEEDS_HUMAN, Reason.ANOTHER_ID, None)
    assert Attempt.objects.get(posting=posting).surplus_id == taken
    assert company.posting(first).kamino_id == taken


@pytest.mark.parametrize("then", ["absent", "asked"])
def test_another_id_that_comes_after_all_look_ups_is_still_asked_about(
    company: Company, world: World, then: str
) -> None:
    """The worker slept; the look-ups said that nothing happened, or had ended without an answer."""
    direction = "payable" if then == "absent" else "receivable"
    title = company.add_title(direction)
    company.sync()
    company.to_shadow()
    company.bling.edit_title(title, value=250)
    company.sync()
    posting = company.posting(title)
    claimed = claim(posting, Operation.UPDATE, settles=False, now=timezone.now(), to=KAMINO)
    assert claimed is not None
    Posting.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    sweep(now=timezone.now())
    if then == "absent":
        Posting.objects.resolve_absent(posting.pk, claimed.fence)
        record.close_attempt(claimed.attempt, "transient", now=timezone.now(), failure={})  # type: ignore[arg-type]
    else:
        why = record.Problem(Reason.NO_LIST, {"code": str(title)})
        Posting.objects.record_needs_human(posting.pk, claimed.fence, why=why, now=timezone.now())
    claimed.is_sent = True
    error = record.OtherObjectError("another", remote_id=999, service="Kamino")
    record.failed(claimed, error, now=timezone.now())
    posting.refresh_from_db()
    assert (posting.state, posting.reason) == (DeliveryState.NEEDS_HUMAN, Reason.ANOTHER_ID)
    assert posting.attempts.get(pk=claimed.attempt.pk).outcome == "uncertain"
    company.go_live()
    company.sync()
    assert row_of(company, direction, title) == (100, PENDING), "sent beside the one too many"
