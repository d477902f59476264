"""The walk: make a situation, read what the title's page says of it, do what it advises, and see that it ends.

A scenario is a generator. It makes the situation and yields the title's Bling id; the walker reads the page; then the
scenario does what the page advises, as the person would, and returns. Whatever `End` it names has to stand then.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import translation

from integrations.domain.reasons import Problem, Reason
from integrations.models import KaminoConnection, Posting
from integrations.words.reasons import advice, sentence
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
        pk = self.company.title(title).pk
        address = reverse(f"admin:integrations_title_{button}", args=[pk])
        assert address in self.page(title), f"the page offers no {button}"
        answer = self.client.post(address, {"reason": "Conferido", **fields}, follow=True)
        self.company.work()
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
        labels = [option.label for option in asked.context["form"].options]
        [choice] = [place for place, text in enumerate(labels) if text.startswith(label)]
        more = {} if number is None else {"number": str(number)}
        there = asked.redirect_chain[-1][0] if asked.redirect_chain else address
        answer = self.client.post(there, {"reason": "Conferido", "choice": str(choice), **more}, follow=True)
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


def _causes(posting: Posting) -> list[Problem]:
    """Return what is in a title's way, with what is behind that: what its customer or supplier met."""
    found = posting.get_causes()
    person = posting.title.person.posting.get_reason() if posting.title.person and posting.kamino_id is None else None
    found += [person] if person else []
    behind = [(problem.params["why"], problem.params) for problem in found if "why" in problem.params]
    inner = [(why, {key: text for key, text in params.items() if key != "why"}) for why, params in behind]
    return [*found, *(Problem(Reason(why), params) for why, params in inner)]


def walk(company: Company, user: User, one: Scenario) -> None:
    """Play a scenario to its end."""
    desk = Desk(company, user)
    steps = one.play(company, desk)
    title = next(steps)
    posting = company.posting(title)
    found = next((problem for problem in _causes(posting) if problem.code is one.reason), Problem(one.reason))
    page = desk.page(title)
    with translation.override("pt-br"):
        said, advised = sentence(found), advice(found)
    print(
        "ANSWER",
        posting.state,
        posting.reason,
        [p.code for p in posting.get_problems()],
        page[page.find('id="answer"') - 10 :][:600],
    )
    assert " ".join(said.split()).rstrip(".") in page, f"the page does not say: {said}"
    assert " ".join(advised.split()) in page, f"the page does not advise: {advised}"
    assert next(steps, None) is None
    posting = company.posting(title)
    if one.ends == EQUAL:
        check_equal(company)
        assert one.reason not in {problem.code for problem in _causes(posting)}
    else:
        assert f"{posting.state} {posting.reason}".strip() == one.ends
