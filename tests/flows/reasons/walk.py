"""The walk: make a situation, read what the title's page says of it, do what it advises, and see that it ends.

A scenario is a generator. It makes the situation and yields the title's Bling id; the walker reads the page; then the
scenario does what the page advises, as the person would, and returns. Whatever `End` it names has to stand then.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from integrations.domain.reasons import Problem, Reason
from integrations.models import KaminoConnection, Posting
from integrations.words.reasons import advice, sentence, words_of
from tests.flows.checks import check_equal
from tests.flows.helpers import Company

EQUAL = "equal"
"""Both sides hold the same, whatever else is said."""


class Desk:
    """A person who works with titles in the admin, in Portuguese."""

    def __init__(self, company: Company, user: User) -> None:
        self.company = company
        self.client = Client(headers={"accept-language": "pt-BR,pt;q=0.9"})
        self.client.force_login(user)

    def another(self) -> "Desk":
        """Return the desk of a second person."""
        return Desk(self.company, User.objects.create_superuser("joana"))

    def page(self, title: int) -> str:
        """Return the text of a title's page."""
        address = reverse("admin:integrations_title_change", args=[self.company.title(title).pk])
        return " ".join(unescape(self.client.get(address).content.decode()).split())

    def press(self, title: int, button: str, **fields: Any) -> str:
        """Press a button of a title's page, fill in its form, and do what follows; return what the page says then.
        Fails where the page does not offer the button."""
        said = self.order(title, button, **fields)
        self.company.work()
        return said

    def order(self, title: int, button: str, **fields: Any) -> str:
        """Do the same, and leave what follows to the workers."""
        address = reverse(f"admin:integrations_title_{button}", args=[self.company.title(title).pk])
        assert address in self.page(title), f"the page offers no {button}"
        answer = self.client.post(address, {"reason": "Conferido", "has_looked": "on", **fields}, follow=True)
        return " ".join(str(message) for message in answer.context["messages"])

    def test_kamino(self) -> None:
        """Press "Testar conexão" of the Kamino connection, as support does."""
        kamino = KaminoConnection.objects.get(tenant=self.company.tenant)
        self.client.post(reverse("admin:integrations_kaminoconnection_test", args=[kamino.pk]), follow=True)
        self.company.work()

    def decide(self, title: int, label: str, number: int | None = None) -> str:
        """Choose the answer of "Decidir" whose label begins like this; where its customer or supplier is what has to be
        decided, the button leads there."""
        address = reverse("admin:integrations_title_decide_this", args=[self.company.title(title).pk])
        assert address in self.page(title), "the page offers nothing to decide"
        asked = self.client.get(address, follow=True)
        answers = asked.context["form"].fields["choice"].choices
        [choice] = [key for key, text in answers if text.startswith(label)]
        more = {} if number is None else {"number": str(number)}
        there = asked.redirect_chain[-1][0] if asked.redirect_chain else address
        answer = self.client.post(there, {"reason": "Conferido", "choice": choice, **more}, follow=True)
        self.company.work()
        return " ".join(str(message) for message in answer.context["messages"])


@dataclass(frozen=True)
class Scenario:
    """How a reason comes about and ends: `ends` is `EQUAL`, or the state and reason that stand afterwards."""

    reason: Reason
    name: str
    play: Callable[[Company, Desk], Iterator[int]]
    ends: str
    options: dict[str, Any]


SCENARIOS: list[Scenario] = []


def scenario(reason: Reason, *, ends: str = EQUAL, **options: Any) -> Callable[[Any], Any]:
    """Register a scenario; `options` are those of `new_company`."""

    def register(play: Callable[[Company, Desk], Iterator[int]]) -> Callable[[Company, Desk], Iterator[int]]:
        SCENARIOS.append(Scenario(reason, play.__name__, play, ends, options))
        return play

    return register


def _causes(company: Company, title: int) -> list[Problem]:
    """Return what is in a title's way, with what is behind that: what its customer or supplier met."""
    posting = Posting.objects.filter(title=company.title(title)).first()
    if posting is None:
        return []
    found = posting.get_causes()
    person = posting.title.person.posting.get_reason() if posting.title.person and posting.kamino_id is None else None
    found += [person] if person else []
    behind = [(problem.params["why"], problem.params) for problem in found if "why" in problem.params]
    inner = [(why, {key: text for key, text in params.items() if key != "why"}) for why, params in behind]
    return [*found, *(Problem(Reason(why), params) for why, params in inner)]


def _sentences(company: Company, title: int, reason: Reason) -> list[str]:
    """Return what the page has to say: the sentence, or its constant parts where only the page knows the others."""
    found = next((problem for problem in _causes(company, title) if problem.code is reason), None)
    if found is not None:
        return [sentence(found).rstrip(".")]
    return [part.strip(" .") for part in re.split(r"%\(\w+\)s", gettext(words_of(reason).sentence)) if part.strip(" .")]


def walk(company: Company, user: User, one: Scenario) -> None:
    """Play a scenario to its end."""
    desk = Desk(company, user)
    steps = one.play(company, desk)
    title = next(steps)
    page = desk.page(title)
    with translation.override("pt-br"):
        found = next((problem for problem in _causes(company, title) if problem.code is one.reason), None)
        says, advised = _sentences(company, title, one.reason), advice(found or Problem(one.reason))
    for said in says:
        assert " ".join(said.split()) in page, f"the page does not say: {said}; it says: {_answer(page)}"
    assert " ".join(advised.split()) in page, f"the page does not advise: {advised}; it says: {_answer(page)}"
    assert next(steps, None) is None
    if one.ends == EQUAL:
        check_equal(company)
        assert one.reason not in {problem.code for problem in _causes(company, title)}
    else:
        posting = company.posting(title)
        assert f"{posting.state} {posting.reason}".strip() == one.ends


def has_ended(company: Company, title: int, reason: Reason) -> None:
    """See that nothing of a reason stands any more, where both sides cannot be compared (a person's word counts)."""
    assert reason not in {problem.code for problem in company.posting(title).get_causes()}


def save_page(desk: Desk, row: Model, **fields: str) -> None:
    """Change fields on a row's page in the admin, save it, and do what follows."""
    address = reverse(f"admin:{row._meta.label_lower.replace('.', '_')}_change", args=[row.pk])
    context = desk.client.get(address).context
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    bound = [field for form in forms for field in form]
    shown = {
        field.html_name: field.value()
        for field in bound
        if field.value() not in (None, "") and field.value() is not False
    }
    answer = desk.client.post(address, {**shown, **fields})
    assert answer.status_code == 302, [
        field.errors for form in answer.context["adminform"] for line in form for field in line
    ]
    desk.company.work()


def _answer(page: str) -> str:
    return page.partition('id="answer"')[2][:400]
