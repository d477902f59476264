"""Titles that stand in Kamino already are found in simulation, and linked many at a time, each one safely."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from integrations.domain.delivery import DeliveryState
from integrations.models import Attempt, Discrepancy, KaminoConnection, PersonAction, Posting
from integrations.pipeline.compare.exact_matches import with_exact_match
from integrations.pipeline.desk import links
from integrations.pipeline.desk.links import Linked, link_exact_matches, look_at_matches
from integrations.pipeline.desk.refusal import Refused
from tests.flows.helpers import Company

CNPJ = "11.222.333/0001-81"


@pytest.fixture
def shadow(company: Company) -> Company:
    company.to_shadow()
    return company


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_user("staff")


def reconcile(company: Company) -> None:
    KaminoConnection.objects.update(reconciled_at=None, reconcile_cursor={})
    company.work()


def contact(company: Company, document: str = CNPJ) -> int:
    return int(company.bling.add_contact(name="Fornecedor Exemplo", document=document, kind="J"))


def in_both(company: Company, number: str = "NF-1", *, value: str = "250.00", **there: Any) -> tuple[int, int]:
    """Enter one bill on both sides; return its Bling id and its Kamino id. `there` differs in Kamino."""
    persons = company.kamino.persons
    document = there.pop("document", CNPJ)
    person = next((id for id, row in persons.items() if row["CPFCNPJ"] == document), None)
    person = person or company.kamino.add_person(name="FORNECEDOR", document=document)
    title = company.add_title("payable", contact=there.pop("contact", None) or contact(company), value=value,
                              document_number=number)  # fmt: skip
    due = there.pop("due", company.bling.world.today + timedelta(days=10))
    row = company.kamino.add_title("payable", person, there.pop("their_value", value), due, "Digitado à mão",
                                   NroNotaFiscal=there.pop("their_number", number))  # fmt: skip
    assert not there
    return title, int(row)


def exact_matches(company: Company) -> dict[int, int]:
    rows = with_exact_match(Posting.objects.filter(kamino_connection__tenant=company.tenant))
    return dict(rows.filter(exact_match__isnull=False).values_list("title__bling_id", "exact_match"))


def link(company: Company, user: User, *, reason: str = "conferido") -> Linked:
    rows = with_exact_match(Posting.objects.filter(kamino_connection__tenant=company.tenant))
    mark = look_at_matches(rows).mark
    return link_exact_matches(exact_matches=rows, mark=mark, reason=reason, user=user, now=timezone.now())


def test_an_equal_title_is_found_before_its_person_is_known_in_kamino(shadow: Company) -> None:
    title, theirs = in_both(shadow, number="NF 1")
    shadow.kamino.edit_title("payable", theirs, NroNotaFiscal="nf-1")
    shadow.sync()
    reconcile(shadow)
    assert exact_matches(shadow) == {title: theirs}


@pytest.mark.some(3)
@pytest.mark.parametrize(
    "there",
    [
        {"their_value": "250.01"},
        {"their_number": "NF-2"},
        {"their_number": ""},
        {"document": "11.444.777/0001-61"},
        {"due": 1},
    ],
    ids=["value", "number", "no number", "person", "due date"],
)
def test_what_differs_in_anything_is_no_exact_match(shadow: Company, there: dict[str, Any]) -> None:
    if "due" in there:
        there = {"due": shadow.bling.world.today + timedelta(days=11)}
    in_both(shadow, **there)
    shadow.sync()
    reconcile(shadow)
    assert exact_matches(shadow) == {}


@pytest.mark.parametrize("side", ["Bling", "Kamino"])
def test_what_is_there_twice_is_left_to_a_person(shadow: Company, side: str) -> None:
    person = contact(shadow)
    _title, theirs = in_both(shadow, contact=person)
    if side == "Bling":
        shadow.add_title("payable", contact=person, value="250.00", document_number="NF-1")
    else:
        row = shadow.kamino.payables[theirs]
        shadow.kamino.add_title("payable", row["IDPessoa"], "250.00", row["DataVencimento"], NroNotaFiscal="NF-1")
    shadow.sync()
    reconcile(shadow)
    assert exact_matches(shadow) == {}


def test_a_title_that_another_one_holds_is_no_exact_match(company: Company) -> None:
    person = contact(company)
    first = company.add_title("payable", contact=person, value="250.00", document_number="NF-1")
    company.sync()
    company.to_shadow()
    company.kamino.edit_title(
        "payable", company.in_kamino("payable", first)["ID"], Descricao="Sem marcador", CodigoExterno="",
        NroNotaFiscal="NF-1",
    )  # fmt: skip
    company.add_title("payable", contact=person, value="250.00", document_number="NF-1")
    company.sync()
    reconcile(company)
    assert exact_matches(company) == {}


def test_linking_many_sends_nothing_in_simulation_and_then_only_what_differs(
    shadow: Company, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "MOST_LINKS", 2)
    linked = dict(in_both(shadow, f"NF-{number}", value=f"{number}.00") for number in (1, 2, 3))
    shadow.sync()
    reconcile(shadow)
    assert link(shadow, staff) == Linked(2, {}, 1)
    assert link(shadow, staff) == Linked(1, {}, 0)
    rows = PersonAction.objects.order_by("pk").values_list("posting__title__bling_id", "kind", "reason", "user")
    assert list(rows) == [(title, "link", f"{theirs}: conferido", staff.pk) for title, theirs in linked.items()]
    shadow.sync()
    assert Attempt.objects.count() == 0
    first = next(iter(linked))
    shadow.bling.pay(first, account=shadow.bank)
    shadow.go_live()
    shadow.sync()
    assert len(shadow.kamino.titles("payable")) == 3
    for title, theirs in linked.items():
        row = shadow.in_kamino("payable", title)
        assert (row["ID"], row["Situacao"]) == (theirs, 2 if title == first else 1)
        assert shadow.posting(title).state == DeliveryState.DELIVERED
    assert set(Attempt.objects.filter(posting__isnull=False).values_list("operation", flat=True)) <= {
        "update", "settle",
    }  # fmt: skip


def test_linking_needs_a_reason(shadow: Company, staff: User) -> None:
    in_both(shadow)
    shadow.sync()
    reconcile(shadow)
    with pytest.raises(Refused):
        link(shadow, staff, reason=" ")
    assert len(exact_matches(shadow)) == 1


def test_a_delivery_in_flight_is_not_overruled(shadow: Company, staff: User, monkeypatch: pytest.MonkeyPatch) -> None:
    title, _theirs = in_both(shadow)
    shadow.sync()
    reconcile(shadow)

    def begin_to_send(*_args: Any, **_kwargs: Any) -> int:
        return Posting.objects.update(state=DeliveryState.SENDING)

    monkeypatch.setattr(links, "request_plans", begin_to_send)
    linked = link(shadow, staff)
    assert (linked.done, sum(linked.refused.values())) == (0, 1)
    assert shadow.posting(title).kamino_id is None
    assert not PersonAction.objects.exists()


def test_two_people_at_once_link_each_title_once(shadow: Company, staff: User) -> None:
    linked = dict(in_both(shadow, f"NF-{number}", value=f"{number}.00") for number in (1, 2, 3, 4))
    shadow.sync()
    reconcile(shadow)
    together, results = Barrier(2), list[Linked]()

    def click() -> None:
        together.wait()
        with suppress(Refused):  # who looked before the other one linked is told that the list changed
            results.append(link(shadow, staff))
        connection.close()

    threads = [Thread(target=click) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(result.done for result in results) == 4
    assert PersonAction.objects.count() == 4
    assert {title: shadow.posting(title).kamino_id for title in linked} == linked


def test_another_company_s_titles_are_no_exact_matches(new_company: Callable[..., Company]) -> None:
    ours, theirs = new_company("azul"), new_company("verde")
    for company in (ours, theirs):
        company.to_shadow()
    in_both(ours)
    theirs.add_title("payable", contact=contact(theirs), value="250.00", document_number="NF-1")
    for company in (ours, theirs):
        company.sync()
        reconcile(company)
    assert len(exact_matches(ours)) == 1
    assert exact_matches(theirs) == {}


def test_what_people_change_in_a_linked_title_is_a_discrepancy_before_anything_was_sent(
    shadow: Company, staff: User
) -> None:
    _title, theirs = in_both(shadow)
    shadow.sync()
    reconcile(shadow)
    assert link(shadow, staff).done == 1
    shadow.kamino.edit_title("payable", theirs, ValorVencimento="999.00")
    reconcile(shadow)
    assert Discrepancy.objects.get(closed_at=None, kind="value").posting.kamino_id == theirs


@pytest.mark.parametrize("status", [3, 4], ids=["awaits approval", "unknown"])
def test_what_is_neither_open_nor_paid_in_kamino_is_no_exact_match(shadow: Company, status: int) -> None:
    _title, theirs = in_both(shadow)
    shadow.kamino.edit_title("payable", theirs, Situacao=status)
    shadow.sync()
    reconcile(shadow)
    assert exact_matches(shadow) == {}


def test_what_was_looked_at_is_what_is_linked(shadow: Company, staff: User) -> None:
    """One match goes and another comes, of the same value: the count and the sum stay, the titles do not."""
    _title, theirs = in_both(shadow, "NF-1")
    shadow.sync()
    reconcile(shadow)
    rows = with_exact_match(Posting.objects.filter(kamino_connection__tenant=shadow.tenant))
    mark = look_at_matches(rows).mark
    shadow.kamino.edit_title("payable", theirs, NroNotaFiscal="other")
    in_both(shadow, "NF-2")
    shadow.sync()
    reconcile(shadow)
    assert look_at_matches(rows).count == 1
    with pytest.raises(Refused) as refused:
        link_exact_matches(exact_matches=rows, mark=mark, reason="conferido", user=staff, now=timezone.now())
    assert refused.value.code == "changed"
    assert not PersonAction.objects.exists()
