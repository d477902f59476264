"""A contact whose CPF/CNPJ is another one in Bling than in Kamino, and persons that Kamino has several times."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.domain.discrepancies import DiscrepancyKind
from integrations.models import Discrepancy, ListedSpan, PersonDecision, PersonPosting, Title
from integrations.pipeline.desk import person_decisions
from integrations.pipeline.desk.refusal import Refused
from tests.flows.helpers import Company

Kind = PersonDecision.Kind
OLD, NEW, LETTERS = "11222333000181", "04252011000110", "12ABC34501DE35"


def decide(company: Company, code: str, user: User, *, number: int = 0, contact: int | None = None) -> None:
    rows = PersonPosting.objects.select_related("person__connection")
    row = rows.get(person__bling_id=contact) if contact else rows.get()
    person_decisions.decide(
        row=row, code=code, number=number, reason="visto no contrato", user=user, now=timezone.now(), clock=timezone.now
    )
    company.work()


def person_of(company: Company, title: int) -> str:
    """Return the document of the Kamino person that a title belongs to, "" while it is not in Kamino."""
    row = company.in_kamino("payable", title)
    return str(company.kamino.persons[row["IDPessoa"]]["CPFCNPJ"]) if row else ""


def documents(company: Company) -> list[str]:
    return sorted(row["CPFCNPJ"] for row in company.kamino.persons.values())


@pytest.fixture
def changed(company: Company, contact: int) -> tuple[int, int]:
    """A title in Kamino, and one that is new since the number of its contact changed in Bling."""
    before = company.add_title("payable", contact=contact)
    company.sync()
    company.bling.edit_contact(contact, document=NEW, name="Outro Nome SA")
    after = company.add_title("payable", contact=contact, value="250.00")
    company.sync()
    return before, after


def test_new_titles_wait_and_nothing_of_the_person_is_written(company: Company, changed: tuple[int, int]) -> None:
    before, after = changed
    assert (person_of(company, before), person_of(company, after)) == (OLD, "")
    assert company.problems(after) == ["document_differs"]
    assert [row["Nome"] for row in company.kamino.persons.values()] == ["Fornecedor Exemplo"]
    [row] = Discrepancy.objects.filter(closed_at=None)
    assert (row.kind, row.bling_value, row.kamino_value) == (DiscrepancyKind.DOCUMENT, NEW, OLD)


def test_what_is_in_kamino_goes_on_being_kept_right(company: Company, changed: tuple[int, int]) -> None:
    before, _after = changed
    company.bling.edit_title(before, value=333)
    company.sync()
    assert company.in_kamino("payable", before)["ValorVencimento"] == 333
    company.bling.pay(before, account=company.bank)
    company.sync()
    assert company.in_kamino("payable", before)["Situacao"] == 2
    assert person_of(company, before) == OLD


def test_the_same_company_waits_until_kamino_has_the_number(
    company: Company, changed: tuple[int, int], user: User
) -> None:
    _before, after = changed
    with pytest.raises(Refused, match=r"11\.222\.333/0001-81"):
        decide(company, Kind.SAME_COMPANY, user)
    assert person_of(company, after) == ""
    company.kamino.edit_person(PersonPosting.objects.get().kamino_id, CPFCNPJ=NEW)
    decide(company, Kind.SAME_COMPANY, user)
    assert person_of(company, after) == NEW
    [row] = company.kamino.persons.values()
    assert row["Nome"] == "Outro Nome SA"
    assert [row.kind for row in PersonDecision.objects.all()] == [Kind.SAME_COMPANY]
    assert not Discrepancy.objects.filter(closed_at=None).exists()


@pytest.mark.long
def test_it_heals_by_a_resync_once_kamino_was_corrected(company: Company, changed: tuple[int, int], user: User) -> None:
    _before, after = changed
    company.resync(after, user)
    assert person_of(company, after) == ""
    company.kamino.edit_person(PersonPosting.objects.get().kamino_id, CPFCNPJ=NEW)
    company.resync(after, user)
    assert person_of(company, after) == NEW


@pytest.mark.parametrize("is_there", [False, True], ids=["created", "found"])
@pytest.mark.some(2)
def test_another_company_gets_a_person_of_its_own(
    company: Company, changed: tuple[int, int], user: User, is_there: bool
) -> None:
    before, after = changed
    if is_there:
        company.kamino.add_person("Ja estava", document=NEW)
    decide(company, Kind.OTHER_COMPANY, user)
    assert (person_of(company, before), person_of(company, after)) == (OLD, NEW)
    company.bling.edit_title(before, value=333)
    company.sync()
    assert company.in_kamino("payable", before)["ValorVencimento"] == 333
    company.bling.pay(before, account=company.bank)
    company.sync()
    assert company.in_kamino("payable", before)["Situacao"] == 2
    assert (person_of(company, before), person_of(company, after)) == (OLD, NEW)
    assert documents(company) == [NEW, OLD]
    names = {row["CPFCNPJ"]: row["Nome"] for row in company.kamino.persons.values()}
    assert names[OLD] == "Fornecedor Exemplo"
    assert len(company.kamino.titles("payable")) == 2


@pytest.mark.long
def test_what_is_in_kamino_is_kept_right_although_the_other_company_is_there_twice(
    company: Company, changed: tuple[int, int], user: User
) -> None:
    before, after = changed
    persons = [company.kamino.add_person(name, document=NEW) for name in ("Nova A", "Nova B")]
    decide(company, Kind.OTHER_COMPANY, user)
    assert company.problems(after) == ["person_undecided"]
    company.bling.edit_title(before, value=333)
    company.sync()
    company.bling.pay(before, account=company.bank)
    company.sync()
    row = company.in_kamino("payable", before)
    assert (row["ValorVencimento"], row["Situacao"], person_of(company, before)) == (333, 2, OLD)
    decide(company, Kind.LINK, user, number=persons[0])
    assert company.in_kamino("payable", after)["IDPessoa"] == persons[0]
    assert person_of(company, before) == OLD


@pytest.mark.long
def test_a_title_goes_with_another_contact_wherever_its_own_was(
    company: Company, changed: tuple[int, int], user: User
) -> None:
    before, _after = changed
    decide(company, Kind.OTHER_COMPANY, user)
    other = company.bling.add_contact(name="Terceiro", document=LETTERS, kind="J")
    company.bling.edit_title(before, contact=other)
    company.sync()
    assert person_of(company, before) == LETTERS
    company.bling.edit_title(before, value=333)
    company.sync()
    assert (person_of(company, before), len(company.kamino.titles("payable"))) == (LETTERS, 2)


def test_a_title_that_was_entered_for_the_former_person_is_not_created_beside_it(
    company: Company, changed: tuple[int, int], user: User
) -> None:
    _before, after = changed
    old = PersonPosting.objects.get().kamino_id
    due = Title.objects.get(bling_id=after).due_date
    company.kamino.add_title("payable", old, "250.00", due, description="boleto de novembro")
    ListedSpan.objects.all().delete()  # as after ten minutes
    decide(company, Kind.OTHER_COMPANY, user)
    assert person_of(company, after) == ""
    assert company.posting(after).reason == "possible_duplicate"


@pytest.mark.long
def test_the_old_number_stays_until_bling_changes_again(
    company: Company, contact: int, changed: tuple[int, int], user: User
) -> None:
    _before, after = changed
    decide(company, Kind.KEEP_DOCUMENT, user)
    assert person_of(company, after) == OLD
    assert documents(company) == [OLD]
    company.bling.edit_contact(contact, email="novo@example.com")
    later = company.add_title("payable", contact=contact, value="300.00")
    company.sync()
    assert person_of(company, later) == OLD
    for document, where in ((OLD, OLD), (NEW, "")):
        company.bling.edit_contact(contact, document=document)
        title = company.add_title("payable", contact=contact, value="400.00")
        company.sync()
        assert person_of(company, title) == where


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (LETTERS, "document_differs"),
        ("529.982.247-25", "document_differs"),
        ("11.222.333/0001-80", "invalid_document"),
        ("", ""),
        ("11.222.333/0001-81", ""),
    ],
)
@pytest.mark.some(6)
def test_what_a_number_may_become(company: Company, contact: int, document: str, problem: str) -> None:
    before = company.add_title("payable", contact=contact)
    company.sync()
    company.bling.edit_contact(contact, document=document)
    after = company.add_title("payable", contact=contact, value="250.00")
    company.sync()
    assert company.problems(after) == ([problem] if problem else [])
    assert person_of(company, after) == ("" if problem else OLD)
    company.bling.edit_title(before, value=333)
    company.bling.edit_contact(contact, document=OLD)
    company.sync()
    assert company.in_kamino("payable", before)["ValorVencimento"] == 333
    assert (person_of(company, after), documents(company)) == (OLD, [OLD])


@pytest.mark.parametrize("is_owner", [True, False], ids=["owner", "other"])
@pytest.mark.some(2)
def test_contacts_that_share_a_person(company: Company, contact: int, user: User, is_owner: bool) -> None:
    twin = company.bling.add_contact(name="Fornecedor Exemplo Filial", document=OLD, kind="J")
    first = [company.add_title("payable", contact=each) for each in (contact, twin)]
    company.sync()
    changed, other = (contact, twin) if is_owner else (twin, contact)
    company.bling.edit_contact(changed, document=NEW)
    new = {each: company.add_title("payable", contact=each, value="250.00") for each in (contact, twin)}
    third = company.bling.add_contact(name="Com o numero novo", document=NEW, kind="J")
    new[third] = company.add_title("payable", contact=third, value="99.00")
    company.sync()
    assert {each: person_of(company, title) for each, title in new.items()} == {changed: "", other: OLD, third: NEW}
    decide(company, Kind.OTHER_COMPANY, user, contact=changed)
    assert person_of(company, new[changed]) == NEW
    assert [person_of(company, title) for title in first] == [OLD, OLD]
    company.bling.edit_contact(other, email="dono@example.com")
    company.sync()
    mails = {row["CPFCNPJ"]: row["Email"] for row in company.kamino.persons.values()}
    assert mails[OLD] == "dono@example.com"
    assert documents(company) == [NEW, OLD]


def test_a_correction_in_kamino_is_learnt_for_all_contacts_of_the_person(
    company: Company, contact: int, user: User
) -> None:
    twin = company.bling.add_contact(name="Fornecedor Exemplo Filial", document=OLD, kind="J")
    for each in (contact, twin):
        company.add_title("payable", contact=each)
    company.sync()
    for each in (contact, twin):
        company.bling.edit_contact(each, document=NEW)
    new = [company.add_title("payable", contact=each, value="250.00") for each in (contact, twin)]
    company.sync()
    assert [person_of(company, title) for title in new] == ["", ""]
    [kamino_id] = set(PersonPosting.objects.values_list("kamino_id", flat=True))
    company.kamino.edit_person(kamino_id, CPFCNPJ=NEW)
    decide(company, Kind.SAME_COMPANY, user, contact=contact)
    assert [person_of(company, title) for title in new] == [NEW, NEW]


def test_another_company_is_refused_while_a_new_title_is_unconfirmed(
    company: Company, changed: tuple[int, int], user: User
) -> None:
    _before, after = changed
    posting = company.posting(after)
    type(posting).objects.filter(pk=posting.pk).update(state="uncertain")
    with pytest.raises(Refused) as refused:
        decide(company, Kind.OTHER_COMPANY, user)
    assert refused.value.code == "in_flight"


@pytest.mark.parametrize(("code", "document"), [(Kind.OTHER_COMPANY, NEW), (Kind.KEEP_DOCUMENT, OLD)])
@pytest.mark.some(2)
def test_a_decision_is_carried_out_at_once_whatever_the_person_waited_for_before(
    company: Company, changed: tuple[int, int], user: User, code: Kind, document: str
) -> None:
    _before, after = changed
    PersonPosting.objects.update(ready_at=timezone.now() + timedelta(hours=1))
    decide(company, code, user)
    assert person_of(company, after) == document


@pytest.fixture
def twice(company: Company) -> tuple[list[int], list[int]]:
    """Two persons of one document in Kamino, and two titles that wait for them."""
    persons = [company.kamino.add_person(name, document=OLD) for name in ("Sol A", "Sol B")]
    contact = company.bling.add_contact(name="Padaria Sol", document=OLD, kind="J")
    titles = [company.add_title("payable", contact=contact, value=value) for value in ("10.00", "20.00")]
    company.sync()
    assert [company.problems(title) for title in titles] == [["person_undecided"]] * 2
    return persons, titles


def test_a_person_chooses_among_the_candidates(
    company: Company, twice: tuple[list[int], list[int]], user: User
) -> None:
    persons, titles = twice
    row = PersonPosting.objects.get()
    found = person_decisions.options(row, whole=False, clock=timezone.now)
    assert [option.number for option in found] == persons
    assert "Sol B" in found[1].label
    with pytest.raises(Refused):
        decide(company, Kind.LINK, user, number=999)
    decide(company, Kind.LINK, user, number=persons[1])
    assert [company.in_kamino("payable", title)["IDPessoa"] for title in titles] == [persons[1]] * 2
    assert documents(company) == [OLD, OLD]


def test_the_answer_counts_for_all_contacts_of_the_document(
    company: Company, twice: tuple[list[int], list[int]], user: User
) -> None:
    persons, titles = twice
    branch = company.bling.add_contact(name="Padaria Sol Filial", document=OLD, kind="J")
    titles.append(company.add_title("payable", contact=branch, value="30.00"))
    company.sync()
    decide(company, Kind.LINK, user, number=persons[0], contact=branch)
    assert [company.in_kamino("payable", title)["IDPessoa"] for title in titles] == [persons[0]] * 3


def test_a_person_may_leave_one_active_in_kamino_and_resync(
    company: Company, twice: tuple[list[int], list[int]], user: User
) -> None:
    persons, titles = twice
    company.kamino.edit_person(persons[0], Ativo=False)
    company.resync(titles[0], user)
    assert [company.in_kamino("payable", title)["IDPessoa"] for title in titles] == [persons[1]] * 2


def test_a_person_that_is_gone_from_kamino_is_linked_or_created_again(
    company: Company, contact: int, user: User
) -> None:
    company.add_title("payable", contact=contact)
    company.sync()
    gone = PersonPosting.objects.get().kamino_id
    row: dict[str, Any] = company.kamino.persons.pop(gone)
    company.kamino.touch()
    company.bling.edit_contact(contact, email="novo@example.com")
    company.sync()
    after = company.add_title("payable", contact=contact, value="250.00")
    company.sync()
    assert company.problems(after) == ["person_undecided"]
    company.kamino.persons[gone] = row
    company.kamino.touch()
    with pytest.raises(Refused):
        decide(company, Kind.CREATE, user)
    del company.kamino.persons[gone]
    company.kamino.touch()
    decide(company, Kind.CREATE, user)
    assert person_of(company, after) == OLD
