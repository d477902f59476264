"""Random histories: edits on Bling's side, faults on both, dead workers. When the faults stop, Kamino holds exactly
what Bling and the rules say, except what a person can see with a reason; nothing exists or is settled twice."""

import itertools
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from integrations.models import Attempt, PersonPosting, Posting
from integrations.models.deliveries import DeliveryState
from integrations.pipeline import run
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company, in_days

NUMBERS = itertools.count(1)
EDITS = ("add", "add_paid", "value", "due", "pay", "partly", "reverse", "cancel", "delete", "person", "sync")
KAMINO_FAULTS = ("429", "500", "cut_before", "cut_after", "truncated", "html")
BLING_FAULTS = ("429", "500", "html", "cut_before", "truncated")

steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(EDITS), st.integers(0, 20), st.integers(1, 99)),
        st.tuples(st.just("kamino"), st.sampled_from(KAMINO_FAULTS), st.integers(0, 3)),
        st.tuples(st.just("bling"), st.sampled_from(BLING_FAULTS), st.integers(0, 8)),
        st.tuples(st.just("die"), st.integers(0, 5), st.just(0)),
        st.tuples(st.just("expire"), st.just(0), st.just(0)),
    ),
    min_size=6,
    max_size=15,
)


class History:
    """Applies steps to one company; steps that make no sense at that moment do nothing."""

    def __init__(self, company: Company, world: World) -> None:
        self.company, self.world = company, world
        self.contact = company.bling.add_contact(name="Fornecedor", document="11.222.333/0001-81", kind="J")
        self.titles: list[tuple[str, int]] = []
        self.borderos: dict[int, int] = {}
        for number in range(3):
            self._edit("add", number, Decimal(10 + number))

    def apply(self, step: tuple[Any, Any, Any]) -> None:
        kind, first, second = step
        if kind == "kamino":
            # A fault needs something to strike: a new title, and a change of an old one.
            self._edit("add_paid" if second % 2 else "add", second, Decimal(20))
            self._edit("value", second, Decimal(30 + len(self.titles)))
            slug = self.company.tenant.slug
            method, path = ("*", "/financeiro") if second == 3 else ("POST", ("/", "/financeiro", "/pessoa")[second])
            self.world.faults.add(Fault(side="kamino", kind=first, method=method, path=path, seconds=0, account=slug))
        elif kind == "bling":
            slug = self.company.tenant.slug
            self.world.faults.add(Fault(side="bling", kind=first, method="GET", path="/", after=second, account=slug))
        elif kind == "die":
            self._die()
        elif kind == "expire":
            self.company.bling.expire_access_tokens()
        elif kind == "sync":
            self.company.sync()
        else:
            self._edit(kind, first, Decimal(second))

    def _edit(self, kind: str, index: int, amount: Decimal) -> None:
        bling = self.company.bling
        if kind in ("add", "add_paid"):
            direction = ("payable", "receivable")[index % 2]
            title = self.company.add_title(direction, value=amount, contact=self.contact)
            self.titles.append((direction, title))
            if kind == "add_paid":
                self.borderos[title] = bling.pay(title, account=self.company.bank)
            return
        if kind == "person":
            bling.edit_contact(self.contact, email=f"{amount}@example.com")
        if not self.titles:
            return
        title = self.titles[index % len(self.titles)][1]
        if title not in bling.titles:
            return
        actions: dict[str, Callable[[], Any]] = {
            "value": lambda: bling.edit_title(title, value=amount + 1),
            "due": lambda: bling.edit_title(title, due=in_days(self.world, int(amount))),
            "pay": lambda: self.borderos.update({title: bling.pay(title, account=self.company.bank)}),
            "partly": lambda: self.borderos.update({title: bling.pay(title, amount="0.50", account=self.company.bank)}),
            "reverse": lambda: bling.reverse_payment(title, self.borderos.pop(title)),
            "cancel": lambda: bling.cancel(title),
            "delete": lambda: bling.delete(title),
        }
        try:
            actions.get(kind, lambda: None)()
        except (ValueError, KeyError):
            return  # nothing left to pay, nothing to reverse, already gone

    def _die(self) -> None:
        """Let a worker claim the next posting and never come back."""
        from integrations.pipeline.deliver import claim

        now = timezone.now()
        run.open_due_runs(now=now)
        posting = claim.next_posting(self.company.tenant.kamino_connection, now)
        if posting is not None:
            claimed = claim.claim(posting, "create", settles=False, now=now)  # type: ignore[arg-type]
            if claimed is not None:
                Posting.objects.filter(pk=posting.pk).update(lease_until=now)


def settle_down(company: Company, world: World) -> None:
    """Let the faults end, and everything that waits for time be due."""
    world.faults.clear()
    for _ in range(3):
        company.forget_waits()
        company.sync()
        company.work()


def check(company: Company) -> None:
    """Compare both sides, title by title."""
    assert company.kamino.charges == 0
    assert not Posting.objects.filter(company__tenant=company.tenant, state=DeliveryState.SENDING).exists()
    assert PersonPosting.objects.filter(company__tenant=company.tenant, kamino_id__isnull=False).count() <= 1
    known = set()
    for posting in Posting.objects.filter(company__tenant=company.tenant).select_related("title"):
        title = posting.title
        row = company.in_kamino(posting.direction, title.bling_id)  # fails when it stands there twice
        known.add((posting.direction, row["ID"] if row else None))
        assert Attempt.objects.filter(posting=posting, settles=True, outcome__in=("delivered", "adopted")).count() <= 1
        if posting.state != DeliveryState.DELIVERED:
            assert posting.problems or posting.message, f"{title.bling_id} is {posting.state} without a reason"
            continue
        if posting.problems:
            continue
        live = company.bling.titles.get(title.bling_id)
        if live is None or live.status == 5:
            assert row is None or live is not None
            continue
        names = ("ValorVencimento", "DataVencimento", "Situacao") if posting.direction == "payable" else (
            "VlrVenc", "DtaVenc", "SitConta",
        )  # fmt: skip
        shown = (row[names[0]], row[names[1]][:10], row[names[2]])
        assert shown == (live.value, str(live.due), 2 if live.status == 2 else 1)
    for direction in ("payable", "receivable"):
        for row in company.kamino.titles(direction):
            assert (direction, row["ID"]) in known, "Kamino holds a title that nobody knows"


def run_history(company: Company, world: World, history: list[tuple[Any, Any, Any]]) -> None:
    story = History(company, world)
    for step in history:
        story.apply(step)
        if step[0] in ("kamino", "bling", "die", "expire"):
            company.forget_waits()
            company.sync()  # the fault strikes here
    settle_down(company, world)
    check(company)


@pytest.mark.parametrize("generous", [False, True])
def test_when_faults_stop_both_sides_agree_or_a_person_sees_why(
    new_company: Callable[..., Company], world: World, generous: bool
) -> None:
    world.generous = generous

    @settings(
        max_examples=6, phases=[Phase.explicit, Phase.generate], deadline=None, database=None, derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )  # fmt: skip
    @given(steps)
    def property_holds(history: list[tuple[Any, Any, Any]]) -> None:
        world.faults.clear()
        run_history(new_company(f"h{next(NUMBERS)}"), world, history)

    property_holds()
