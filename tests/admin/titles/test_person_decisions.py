"""Deciding about a customer or supplier on its page, and from the page of a title that waits for it."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from integrations.models import Discrepancy, Person, PersonDecision, PersonPosting, Posting
from tests.admin.world import make_user
from tests.flows.helpers import Company

CPF, OTHER, CNPJ = "52998224725", "11144477735", "11222333000181"


def person_of_group(company: Company, *groups: str) -> User:
    found = make_user("pessoa", *groups)
    company.tenant.members.add(found)
    return found


def browser(user: User) -> Client:
    client = Client(headers={"accept-language": "pt-BR,pt;q=0.9"})
    client.force_login(user)
    return client


def person_url(action: str) -> str:
    return reverse(f"admin:integrations_person_{action}", args=[Person.objects.get().pk])


def choice(label: str, user: User) -> str:
    """Return the answer on a person's page that begins like this."""
    asked: Any = browser(user).get(person_url("decide_this"))
    [found] = [key for key, text in asked.context["form"].fields["choice"].choices if str(text).startswith(label)]
    return str(found)


@pytest.fixture
def changed(company: Company) -> int:
    """A title of somebody whose CPF is another one in Bling by now."""
    contact = company.bling.add_contact(name="Ana Souza", document=CPF, kind="F")
    company.add_title("payable", contact=contact)
    company.sync()
    company.bling.edit_contact(contact, document=OTHER)
    title = company.add_title("payable", contact=contact, value="250.00")
    company.sync()
    return title


def test_both_numbers_are_shown_and_masked_for_whom_they_must_be(company: Company, changed: int) -> None:
    row = Discrepancy.objects.get(closed_at=None)
    pages = [
        person_url("change"),
        person_url("decide_this"),
        reverse("admin:integrations_title_change", args=[company.title(changed).pk]),
        reverse("admin:integrations_discrepancy_changelist"),
        reverse("admin:integrations_discrepancy_change", args=[row.pk]),
    ]
    reader = person_of_group(company, "Operação")
    for page in pages:
        html = browser(reader).get(page).content.decode()
        assert "***.***.247-**" in html
        assert "***.***.777-**" in html
        assert not {CPF, OTHER, "529.982.247-25", "111.444.777-35"} & set(
            html.replace("<", " ").replace(">", " ").split()
        )
    reader.groups.add(Group.objects.get(name="Financeiro"))
    for page in pages:
        html = browser(User.objects.get(pk=reader.pk)).get(page).content.decode()
        assert "529.982.247-25" in html
        assert "111.444.777-35" in html


def test_the_title_leads_to_the_decision_which_is_kept_with_who_and_why(
    company: Company, changed: int, user: User
) -> None:
    title = company.title(changed)
    page = browser(user).get(reverse("admin:integrations_title_decide_this", args=[title.pk]), follow=True)
    assert page.redirect_chain == [(person_url("decide_this"), 302)]
    answer = {"choice": choice("O número da Kamino", user), "reason": "Digitado errado"}
    done = browser(user).post(person_url("decide_this"), answer, follow=True)
    assert [str(message) for message in done.context["messages"]] == [
        "Decidido. Os títulos desta pessoa serão planejados de novo."
    ]
    company.work()
    assert company.in_kamino("payable", changed) is not None
    assert PersonDecision.objects.get().kind == "keep_document"
    for url in (person_url("change"), reverse("admin:integrations_title_change", args=[title.pk])):
        html = browser(user).get(url).content.decode()
        assert "O número da Kamino está certo" in html
        assert "Digitado errado" in html
    assert "decide_this" not in browser(user).get(person_url("change")).content.decode()


@pytest.mark.parametrize("group", ["Suporte", "Financeiro"])
def test_who_may_not_decide_sees_no_button_and_is_refused(company: Company, changed: int, group: str) -> None:
    client = browser(person_of_group(company, group))
    assert person_url("decide_this") not in client.get(person_url("change")).content.decode()
    before = list(PersonPosting.objects.values())
    answer: Any = client.post(person_url("decide_this"), {"choice": "0:keep_document:0", "reason": "x"})
    assert answer.status_code == 403
    assert list(PersonPosting.objects.values()) == before


def test_candidates_are_shown_with_name_number_and_titles(company: Company, user: User) -> None:
    persons = [company.kamino.add_person(name, document=CNPJ) for name in ("Sol A", "Sol B")]
    company.kamino.add_title("payable", persons[1], "7.00", company.bling.world.today)
    contact = company.bling.add_contact(name="Padaria Sol", document=CNPJ, kind="J")
    title = company.add_title("payable", contact=contact, due=company.bling.world.today)
    company.sync()
    html = browser(user).get(person_url("decide_this")).content.decode()
    assert f"É a pessoa {persons[0]} da Kamino: Sol A · 11.222.333/0001-81" in html
    assert f"É a pessoa {persons[1]} da Kamino: Sol B · 11.222.333/0001-81" in html
    browser(user).post(
        person_url("decide_this"), {"choice": choice(f"É a pessoa {persons[1]}", user), "reason": "A ativa é a B"}
    )
    company.work()
    assert company.in_kamino("payable", title)["IDPessoa"] == persons[1]
    assert not Posting.objects.exclude(problems=[]).exists()


def test_a_person_whose_creation_was_lost_is_decided_by_its_number(company: Company, user: User) -> None:
    contact = company.bling.add_contact(name="Sem documento", document="", kind="J")
    title = company.add_title("payable", contact=contact)
    company.to_shadow()
    company.sync()
    row = PersonPosting.objects.get()
    row.new_attempt(operation="save_person", fence=row.fence, started_at=company.now(), outcome="uncertain")
    PersonPosting.objects.update(state="needs_human", reason="no_document")
    company.go_live()
    there = company.kamino.add_person("Sem documento", document="")
    answer = {"choice": choice("Está na Kamino", user), "number": str(there), "reason": "Vista lá"}
    browser(user).post(person_url("decide_this"), answer)
    company.work()
    assert company.in_kamino("payable", title)["IDPessoa"] == there
    assert len(company.kamino.persons) == 1


def test_who_was_not_on_the_page_is_not_linked(company: Company, user: User) -> None:
    """Kamino is read again when the form is sent: its persons may be others by then."""
    persons = [company.kamino.add_person(name, document=CNPJ) for name in ("Sol A", "Sol B", "Sol C")]
    contact = company.bling.add_contact(name="Padaria Sol", document=CNPJ, kind="J")
    title = company.add_title("payable", contact=contact)
    company.sync()
    chosen = choice(f"É a pessoa {persons[0]}", user)
    del company.kamino.persons[persons[0]]
    company.kamino.touch()
    answer: Any = browser(user).post(person_url("decide_this"), {"choice": chosen, "reason": "É a A"})
    assert answer.context["form"].errors["choice"] == ["Isto já foi decidido, ou não está mais em aberto."]
    company.work()
    assert company.in_kamino("payable", title) is None
    assert not PersonDecision.objects.exists()


def test_an_answer_to_one_question_is_none_to_the_next(company: Company, changed: int, user: User) -> None:
    """Somebody else was faster, and what the contact waits for now has answers of its own."""
    late = choice("É a mesma empresa", user)
    for name in ("Ana A", "Ana B"):
        company.kamino.add_person(name, document=OTHER)
    first = {"choice": choice("É outra empresa", user), "reason": "Outra"}
    browser(user).post(person_url("decide_this"), first)
    company.work()
    browser(user).post(person_url("decide_this"), {"choice": late, "reason": "A mesma"})
    company.work()
    assert company.in_kamino("payable", changed) is None
    assert [row.kind for row in PersonDecision.objects.all()] == ["other_company"]
