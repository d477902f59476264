"""What a delivery met, and writes whose answers were lost."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.test import override_settings
from django.utils import timezone

from integrations.domain.reasons import Reason
from integrations.models import Attempt, KaminoConnection, Posting, Tenant
from integrations.pipeline.desk import commands
from integrations.pipeline.run import tick
from sandbox.faults import Fault
from tests.flows.helpers import Company
from tests.flows.reasons.walk import Desk, scenario

SAVE = {"payable": "/financeiro/pagamento", "receivable": "/financeiro/recebimento"}


def _break(company: Company, kind: Any, method: str = "POST", path: str = SAVE["payable"], **options: Any) -> None:
    company.bling.world.faults.add(Fault(side="kamino", kind=kind, method=method, path=path, **options))


def _later(company: Company, times: int = 1) -> None:
    """Do what is due once all pauses are over."""
    for _ in range(times):
        company.forget_waits()
        company.work()


def _lost(company: Company, kind: str, direction: str = "payable") -> int:
    """Return a title of whose creation the answer was lost."""
    title = company.add_title(direction)
    _break(company, kind, path=SAVE[direction])
    company.sync()
    _later(company)
    return title


def _lost_just_now(company: Company, path: str = SAVE["payable"]) -> None:
    """Send, lose the answer of what was saved, and leave its look-up for later."""
    _break(company, "cut_after", path=path)
    with override_settings(UNCERTAIN_WAIT_SECONDS=3600):
        company.sync()


def _delivered(company: Company, direction: str = "payable") -> int:
    title = company.add_title(direction)
    company.sync()
    company.forget_snapshots()
    return title


def _number(company: Company, title: int, direction: str = "payable") -> int:
    return int(company.in_kamino(direction, title)["ID"])


@scenario(Reason.UNCONFIRMED)
def unconfirmed(company: Company, _desk: Desk) -> Iterator[int]:
    title = company.add_title("payable")
    _lost_just_now(company)
    yield title
    _later(company)


@scenario(Reason.NO_LIST)
def no_list_and_there(company: Company, desk: Desk) -> Iterator[int]:
    title = _lost(company, "cut_after", "receivable")
    yield title
    desk.decide(title, "Está na Kamino, com este número", _number(company, title, "receivable"))


@scenario(Reason.NO_LIST)
def no_list_and_not_there(company: Company, desk: Desk) -> Iterator[int]:
    title = _lost(company, "cut_before", "receivable")
    yield title
    desk.decide(title, "Não está na Kamino")


def _lost_settlement(company: Company, fault: Any) -> int:
    """Return a receivable that was paid, and whose settlement was not answered."""
    title = _delivered(company, "receivable")
    company.bling.pay(title, account=company.bank)
    _break(company, fault, path=SAVE["receivable"])
    company.sync()
    return title


@scenario(Reason.NO_LIST)
def no_list_and_settled(company: Company, desk: Desk) -> Iterator[int]:
    title = _lost_settlement(company, "cut_after")
    yield title
    desk.decide(title, "A Kamino fez")


@scenario(Reason.NO_LIST)
def no_list_and_not_settled(company: Company, desk: Desk) -> Iterator[int]:
    title = _lost_settlement(company, "cut_before")
    yield title
    desk.decide(title, "A Kamino não fez")


@scenario(Reason.NO_LIST)
def no_list_and_cancelled_in_bling_since(company: Company, desk: Desk) -> Iterator[int]:
    title = _lost(company, "cut_after", "receivable")
    company.bling.cancel(title)
    company.sync()
    yield title
    desk.decide(title, "Está na Kamino, com este número", _number(company, title, "receivable"))
    assert company.in_kamino("receivable", title) is None


@scenario(Reason.FOUND_TWICE)
def found_twice(company: Company, desk: Desk) -> Iterator[int]:
    title = company.add_title("payable", value="100.00")
    _lost_just_now(company)
    row = company.in_kamino("payable", title)
    due = company.title(title).due_date
    surplus = company.kamino.add_title("payable", row["IDPessoa"], "100.00", due, row["Descricao"])
    _later(company)
    yield title
    company.kamino.delete_title("payable", surplus)
    company.forget_snapshots()
    desk.press(title, "retry_this")


@scenario(Reason.NOT_PROVED_ABSENT)
def not_proved_absent_and_there(company: Company, desk: Desk) -> Iterator[int]:
    title = company.add_title("payable", value="100.00")
    _lost_just_now(company)
    number = _number(company, title)
    company.kamino.deleted.add(("payable", number))  # hidden by its list
    company.kamino.touch()
    _later(company, 2)
    yield title
    company.kamino.deleted.discard(("payable", number))
    company.kamino.touch()
    desk.decide(title, "Está na Kamino, com este número", number)


@scenario(Reason.NOT_PROVED_ABSENT)
def not_proved_absent_and_not_there(company: Company, desk: Desk) -> Iterator[int]:
    title = _lost(company, "cut_before")
    _later(company)
    yield title
    desk.decide(title, "Não está na Kamino")


@scenario(Reason.NOT_PROVED_ABSENT)
def cancellation_not_proved(company: Company, desk: Desk) -> Iterator[int]:
    title = _delivered(company)
    company.bling.cancel(title)
    _break(company, "cut_after", "DELETE")
    company.sync()
    _later(company)
    yield title
    desk.decide(title, "A Kamino fez")


@scenario(Reason.OUTCOME_UNKNOWN, ends="held")
def outcome_unknown(company: Company, desk: Desk) -> Iterator[int]:
    title = _lost(company, "cut_after", "receivable")
    KaminoConnection.objects.update(is_paused=True)
    desk.press(title, "retry_this")
    Tenant.objects.update(sync_receivables=False)
    commands.tenant_changed(tenant_id=company.tenant.pk, now=timezone.now())
    company.work()
    yield title
    KaminoConnection.objects.update(is_paused=False)
    desk.decide(title, "Está na Kamino, com este número", _number(company, title, "receivable"))


@scenario(Reason.LOOK_UP_FAILED)
def look_up_failed(company: Company, desk: Desk) -> Iterator[int]:
    title = company.add_title("payable")
    _lost_just_now(company)
    company.kamino.odd_envelope = {"Dados": "nada"}
    _later(company)
    Posting.objects.update(look_began_at=timezone.now() - timedelta(hours=7))
    company.forget_snapshots()
    _later(company)
    yield title
    company.kamino.odd_envelope = {}
    KaminoConnection.objects.update(payable_list_waits_until=None)
    desk.decide(title, "Está na Kamino, com este número", _number(company, title))


def _another_id(company: Company, direction: str) -> tuple[int, int]:
    """Return a title, and the number that Kamino saved to instead of its own."""
    title = _delivered(company, direction)
    company.bling.edit_title(title, value=250)
    _break(company, "another_id", path=SAVE[direction])
    company.sync()
    [_ours, surplus] = [row["ID"] for row in company.kamino.find_all(direction, title)]
    return title, surplus


@scenario(Reason.ANOTHER_ID)
def another_id(company: Company, desk: Desk) -> Iterator[int]:
    title, surplus = _another_id(company, "payable")
    yield title
    company.kamino.delete_title("payable", surplus)
    desk.decide(title, f"O número {surplus} foi removido")


@scenario(Reason.ANOTHER_ID)
def another_id_where_no_list_shows_it(company: Company, desk: Desk) -> Iterator[int]:
    title, surplus = _another_id(company, "receivable")
    yield title
    company.kamino.delete_title("receivable", surplus)
    desk.decide(title, f"O número {surplus} foi removido")
    desk.decide(title, "A Kamino não fez")


@scenario(Reason.NO_RECORD)
def no_record(company: Company, desk: Desk) -> Iterator[int]:
    title = company.add_title("payable")
    _lost_just_now(company)
    Attempt.objects.filter(posting__title__bling_id=title).delete()
    _later(company)
    yield title
    desk.press(title, "retry_this")
    assert company.posting(title).reason == Reason.NO_RECORD, "nobody looked yet"
    desk.decide(title, "Está na Kamino, com este número", _number(company, title))


@scenario(Reason.REFUSED)
def refused(company: Company, desk: Desk) -> Iterator[int]:
    company.kamino.numbers_only = True
    title = company.add_title("payable", document_number="NF-1")
    company.sync()
    yield title
    company.kamino.numbers_only = False
    desk.press(title, "retry_this")


@scenario(Reason.REFUSED)
def refused_and_corrected_in_bling(company: Company, _desk: Desk) -> Iterator[int]:
    company.kamino.numbers_only = True
    title = company.add_title("payable", document_number="NF-1")
    company.sync()
    yield title
    company.bling.edit_title(title, document_number="1")
    company.sync()


def _without_its_person(company: Company, kind: str, **options: Any) -> int:
    """Return a title whose supplier Kamino does not let be looked for."""
    contact = company.bling.add_contact(name="Fornecedor", document="11444777000161", kind="J")
    title = company.add_title("payable", contact=contact)
    _break(company, kind, "GET", "/pessoa", times=1000, **options)
    company.sync_once_without_lookup()  # short retries would be waited for
    return title


@scenario(Reason.INTERNAL)
def internal(company: Company, desk: Desk) -> Iterator[int]:
    title = _without_its_person(company, "odd_before", answer="[]")
    yield title
    company.bling.world.faults.clear()
    desk.press(title, "retry_this")


@scenario(Reason.EXHAUSTED)
def exhausted(company: Company, desk: Desk) -> Iterator[int]:
    title = _without_its_person(company, "503")
    for _ in range(10):
        company.forget_waits()
        tick.work_once(clock=timezone.now, deadline=timezone.now() + timedelta(seconds=1))
    yield title
    company.bling.world.faults.clear()
    company.forget_waits()
    desk.press(title, "retry_this")


@scenario(Reason.NO_ANSWER)
def no_answer(company: Company, _desk: Desk) -> Iterator[int]:
    title = _without_its_person(company, "503")
    yield title
    company.bling.world.faults.clear()
    _later(company)


@scenario(Reason.ACCESS_REFUSED)
def access_refused(company: Company, desk: Desk) -> Iterator[int]:
    title = _delivered(company)
    company.bling.edit_title(title, value=250)
    right, company.kamino.hash = company.kamino.hash, "revogada"
    company.sync()
    yield title
    company.kamino.hash = right
    desk.test_kamino()


@scenario(Reason.ACCESS_REFUSED)
def writing_refused(company: Company, desk: Desk) -> Iterator[int]:
    title = company.add_title("payable")
    _break(company, "answer", times=50, status=403, answer="{}")
    company.sync()
    for _ in range(4):
        KaminoConnection.objects.update(lease_until=None)
        _later(company)
    yield title
    company.bling.world.faults.clear()
    desk.press(title, "retry_this")


@scenario(Reason.NOT_CONFIRMED)
def not_confirmed(company: Company, desk: Desk) -> Iterator[int]:
    title = company.add_title("payable")
    KaminoConnection.objects.update(allow_unconfirmed=False)
    company.sync()
    yield title
    KaminoConnection.objects.update(allow_unconfirmed=True)
    desk.press(title, "retry_this")


@scenario(Reason.LIST_INCOMPLETE)
def list_incomplete(company: Company, desk: Desk) -> Iterator[int]:
    _delivered(company)
    due = company.bling.world.today + timedelta(days=12)
    theirs = company.kamino.add_title("payable", company.kamino.add_person("Outra"), "5.00", due, "À mão")
    company.kamino.odd_rows["payable", theirs] = {"ID": None}
    company.forget_snapshots()
    title = company.add_title("payable", due=due)
    company.sync()
    _later(company, 5)
    yield title
    del company.kamino.odd_rows["payable", theirs]
    company.kamino.delete_title("payable", theirs)
    desk.press(title, "retry_this")


def _with_two_persons(company: Company) -> tuple[int, list[int]]:
    """Return a title whose supplier is twice in Kamino, and the numbers there."""
    document = "11444777000161"
    numbers = [company.kamino.add_person(name, document=document) for name in ("Uma", "Outra")]
    contact = company.bling.add_contact(name="Fornecedor", document=document, kind="J")
    return company.add_title("payable", contact=contact), numbers


@scenario(Reason.AMBIGUOUS, ends="delivered")
def ambiguous(company: Company, desk: Desk) -> Iterator[int]:
    title, numbers = _with_two_persons(company)
    company.sync()
    yield title
    desk.decide(title, f"É a pessoa {numbers[0]}")


@scenario(Reason.AMBIGUOUS, ends="delivered")
def ambiguous_until_one_is_active(company: Company, desk: Desk) -> Iterator[int]:
    title, numbers = _with_two_persons(company)
    company.sync()
    yield title
    company.kamino.edit_person(numbers[1], Ativo=False)
    desk.press(title, "resync_this")


def _lost_person(company: Company, kind: str, document: str = "11444777000161") -> int:
    """Return a title of whose supplier the answer was lost."""
    contact = company.bling.add_contact(name="Fornecedor", document=document, kind="J")
    title = company.add_title("payable", contact=contact)
    _break(company, kind, path="/pessoa")
    company.sync()
    return title


@scenario(Reason.NO_DOCUMENT)
def no_document_and_there(company: Company, desk: Desk) -> Iterator[int]:
    title = _lost_person(company, "cut_after", document="")
    _later(company)
    yield title
    [number] = company.kamino.persons
    desk.decide(title, "Está na Kamino, com este número", number)


@scenario(Reason.NO_DOCUMENT)
def no_document_and_not_there(company: Company, desk: Desk) -> Iterator[int]:
    title = _lost_person(company, "cut_before", document="")
    _later(company)
    yield title
    desk.decide(title, "Não está na Kamino")


@scenario(Reason.PERSON_FOUND_TWICE, ends="delivered")
def person_found_twice(company: Company, desk: Desk) -> Iterator[int]:
    contact = company.bling.add_contact(name="Fornecedor", document="11444777000161", kind="J")
    title = company.add_title("payable", contact=contact)
    _lost_just_now(company, "/pessoa")
    surplus = company.kamino.add_person("Fornecedor", document="11444777000161")
    _later(company)
    yield title
    [ours] = [number for number in company.kamino.persons if number != surplus]
    desk.decide(title, f"É a pessoa {ours}")
