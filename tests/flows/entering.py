"""Histories of payables that people enter for Bling, beside all that happens to both systems anyway."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

from integrations.domain.delivery import DeliveryState
from integrations.domain.occurrences import Recurrence
from integrations.domain.payables import marker_of
from integrations.domain.titles import Direction
from integrations.models import WRITE_UNITS, BlingWriting, ContactWrite, PayableWrite, WriteBatch, WriteMode
from integrations.pipeline.access.clients import open_bling
from integrations.pipeline.access.failpoints import WRITE_FAILPOINTS
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.payables import orders
from integrations.pipeline.payables.accept import Accepted, accept
from integrations.pipeline.payables.entry import Entry, Supplier
from integrations.pipeline.payables.standing import ASKS, standing_of
from tests.flows.helpers import Company, in_days
from tests.flows.history import BLING_EDITS, History, Step

SUPPLIERS = (
    Supplier("Gráfica Sol", "98765432000198"), Supplier("Papelaria Mar", "52998224725"), Supplier("Padaria Lua"),
)  # fmt: skip
FAULTS = ("cut_before", "cut_after", "500", "503", "html", "429", "truncated", "odd_before", "odd_after", "slow")
PATHS = ("/contas/pagar", "/contatos")  # a lost answer to a token's renewal disconnects for good
LOOKS = ("429", "500", "cut_before", "html")


def make_entering(seed: int, longest: int = 12) -> list[Step]:
    """Return up to `longest` steps of a seed; the first enters something, and one at least kills a worker."""
    rng = Random(f"entering {seed}")
    makers: list[tuple[int, Callable[[], Step]]] = [
        (8, lambda: ("enter", rng.randrange(3), rng.randrange(1, 4))),
        (6, lambda: ("write_fault", rng.choice(FAULTS), rng.choice(PATHS), rng.randrange(3))),
        (2, lambda: ("look_fault", rng.choice(LOOKS), rng.choice(PATHS), rng.randrange(4))),
        (4, lambda: ("kill_write", rng.choice(WRITE_FAILPOINTS), rng.randrange(1, 3), rng.randrange(3))),
        (2, lambda: ("same_by_hand", rng.randrange(3))),
        (2, lambda: ("lose_supplier", rng.randrange(3))),
        (3, lambda: ("decide",)),
        (2, lambda: ("bling", rng.choice(BLING_EDITS), rng.randrange(20), rng.randrange(1, 99))),
        (1, lambda: ("expire",)),
        (2, lambda: ("wait", rng.choice((60, 3600, 25 * 3600)))),
        (2, lambda: ("sync",)),
    ]  # fmt: skip
    weights = [weight for weight, _make in makers]
    steps = [rng.choices(makers, weights)[0][1]() for _ in range(rng.randrange(5, longest))]
    steps.insert(rng.randrange(len(steps)), makers[3][1]())
    return [("enter", 0, 1), *steps]


class EnteringHistory(History):
    """One company whose payables are entered here, too."""

    def __init__(self, company: Company, *arguments: Any, **named: Any) -> None:
        super().__init__(company, *arguments, **named)
        BlingWriting.objects.create(connection=company.connection, mode=WriteMode.LIVE)

    def tell(self, steps: list[Step]) -> None:
        """Let it all happen; at the end a person decides what waits for one, after a look into Bling."""
        super().tell(steps)
        for _ in range(3):
            self._decide()
            self.clock.advance(3600)
            self.sync()

    def _steps(self) -> dict[str, Callable[..., None]]:
        return {
            **super()._steps(),
            "enter": self._enter,
            "write_fault": self._break_write,
            "look_fault": self._break_look,
            "kill_write": self._kill_write,
            "same_by_hand": self._type_the_same,
            "lose_supplier": self._lose_supplier,
            "decide": self._decide,
        }

    def _enter(self, supplier: int, installments: int) -> None:
        self._accept(supplier, installments)
        self.work()

    def _accept(self, supplier: int, installments: int) -> None:
        number, today = next(self.fresh), self.world.today
        is_once = installments == 1
        entry = Entry(
            supplier=SUPPLIERS[supplier], value=Decimal(number), due_date=in_days(self.world, 10 + number % 30),
            issue_date=today, competence_date=today, document_number=f"NF {number}", category_id=self.company.category,
            recurrence=Recurrence.ONCE if is_once else Recurrence.INSTALLMENTS, installments=installments,
            is_total=False,
        )  # fmt: skip
        accept(
            connection=self.company.connection, accepted=[Accepted(entry)], source=WriteBatch.Source.FORM,
            user=self.user, now=self.clock(),
        )  # fmt: skip

    def _break_write(self, kind: str, path: str, supplier: int) -> None:
        self._arm("bling", kind, "POST", path, answer='{"data": {}}')
        self._enter(supplier, 2)

    def _break_look(self, kind: str, path: str, after: int) -> None:
        """Let a write be lost, and what is asked for it afterwards fail."""
        self._arm("bling", "cut_after", "POST", "/contas/pagar")
        self._arm("bling", kind, "GET", path, after=after)
        self._enter(after % 3, 1)

    def _kill_write(self, failpoint: str, passing: int, supplier: int) -> None:
        self._accept(supplier, 2)
        mine = BlingWriting.objects.filter(connection=self.company.connection)
        self._dies(failpoint, passing, mine, seconds=600)

    def _type_the_same(self, index: int) -> None:
        """Somebody types into Bling what waits here."""
        waiting = PayableWrite.objects.filter(connection=self.company.connection, bling_id=None).order_by("pk")
        payable = list(waiting)[index % len(waiting)] if waiting else None
        if payable is None:
            return
        contact = payable.known_contact or self.company.bling.add_contact(
            payable.supplier_name, document=payable.supplier_document
        )
        self.company.bling.add_title(
            "payable", str(payable.value), payable.due_date, contact, category=self.company.category
        )

    def _lose_supplier(self, supplier: int) -> None:
        """Somebody deletes in Bling the contact that a supplier was."""
        written = ContactWrite.objects.filter(connection=self.company.connection, name=SUPPLIERS[supplier].name)
        for contact in written.exclude(bling_id=None):
            self.company.bling.contacts[contact.bling_id].status = "E"

    def _decide(self) -> None:
        """A person looks into Bling, and says of each payable that waits what is true."""
        for payable in PayableWrite.objects.filter(connection=self.company.connection).select_related(
            "supplier", "batch", "connection__writing"
        ):
            standing = standing_of(payable, self.clock()).standing
            if standing not in ASKS:
                continue
            try:
                self._decide_one(payable)
            except Refused:
                self._leave_out(payable)
        for batch in WriteBatch.objects.filter(connection=self.company.connection, state=WriteBatch.State.STOPPED):
            orders.discard(batch=batch, reason="recusado", user=self.user, now=self.clock())
        self.work()

    def _decide_one(self, payable: PayableWrite) -> None:
        said: dict[str, Any] = {"payable": payable, "user": self.user, "now": self.clock()}
        there = self._with_marker(payable)
        if payable.supplier and payable.supplier.state == DeliveryState.NEEDS_HUMAN:
            contact = next(
                (row.id for row in self.company.bling.contacts.values()
                 if row.status != "E" and row.name == payable.supplier_name), None,
            )  # fmt: skip
            client = open_bling(self.company.connection, clock=self.clock)
            orders.supplier_is(contact=client.usable_contact(contact) if contact else None, reason="visto", **said)
        elif orders.is_unknown(payable) and there:
            facts = open_bling(self.company.connection, clock=self.clock).title(Direction.PAYABLE, there[0])
            orders.is_there(facts=facts, reason="visto", **said)
        elif orders.is_unknown(payable):
            orders.is_not_there(reason="visto", **said)
        else:
            orders.send_again(**said)

    def _leave_out(self, payable: PayableWrite) -> None:
        if not orders.is_unknown(payable):
            orders.leave_out(payable=payable, reason="duplicada", user=self.user, now=self.clock())

    def _with_marker(self, payable: PayableWrite) -> list[int]:
        titles = self.company.bling.titles_of("payable")
        return [title.id for title in titles if marker_of(title.history) == payable.marker]


def check_entered(history: EnteringHistory) -> None:
    """Each payable stands in Bling once, or nowhere and a person sees why."""
    company = history.company
    markers = Counter(marker_of(title.history) for title in company.bling.titles_of("payable"))
    del markers[""]
    assert not {marker: count for marker, count in markers.items() if count > 1}, "a payable stands twice in Bling"
    contacts = company.bling.contacts.values()
    documents = Counter(row.document for row in contacts if row.document and row.status != "E")
    assert not {document: count for document, count in documents.items() if count > 1}, "a supplier stands twice"
    for payable in PayableWrite.objects.filter(connection=company.connection).select_related(
        "supplier", "batch", "connection__writing"
    ):
        standing = standing_of(payable, history.clock())
        name = f"{payable} ({payable.state}, {standing})"
        if payable.state == DeliveryState.DELIVERED:
            title = company.bling.titles.get(payable.bling_id)
            assert title is None or marker_of(title.history) == payable.marker, f"{name} is another one"
        elif payable.state == DeliveryState.IGNORED:
            assert markers[payable.marker] == 0, f"{name} was left out, and stands in Bling"
        else:
            assert standing.standing in ASKS, f"{name} never came to rest"
    left = BlingWriting.objects.filter(connection=company.connection).exclude(lease_until=None)
    assert not left.exists(), "an account is still leased"
    for model in WRITE_UNITS:
        assert not model.objects.filter(connection=company.connection, state=DeliveryState.SENDING).exists()
