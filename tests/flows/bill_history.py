"""Histories of bills that a system sends for Bling, beside all that happens to both systems anyway."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

from integrations.domain.orders import DesiredOrder, OrderItem, OrderParcel
from integrations.domain.payables import DesiredContact
from integrations.domain.reasons import Reason
from integrations.models import ApiKey, BlingWriting, OrderWrite, WriteMode
from integrations.pipeline.access.failpoints import BILL_FAILPOINTS
from integrations.pipeline.bills import orders
from integrations.pipeline.bills.accept import GivenBill, accept
from integrations.pipeline.bills.standing import standing_of_bill
from integrations.pipeline.customers.standing import ASKS, Standing
from integrations.pipeline.desk.refusal import Refused
from sandbox.bling.records import Sale
from tests.flows.entering import FAULTS
from tests.flows.helpers import Company
from tests.flows.history import History, Step
from tests.flows.systems import api_key

CUSTOMER = DesiredContact("Padaria Mel Ltda", "98765432000198", email="mel@mel.example")
DEATHS = (*BILL_FAILPOINTS, "contact.before_write", "contact.after_write", "lookup.read")
OPEN, DONE = 6, 9
"""Ids of an order's status: Em aberto, Atendido."""
REACHED = (Standing.EQUAL, Standing.LEFT_OUT, *ASKS)
BILLS = 3


def make_bills(seed: int, longest: int = 16) -> list[Step]:
    """Return up to `longest` steps of a seed; the first sends a bill, and one at least kills a worker."""
    rng = Random(f"bills {seed}")

    def which() -> int:
        return rng.randrange(BILLS)

    makers: list[tuple[int, Callable[[], Step]]] = [
        (9, lambda: ("bill", which())),
        (5, lambda: ("break", rng.choice(FAULTS), rng.choice(("POST", "PUT", "GET")), rng.randrange(3), which())),
        (4, lambda: ("kill_bill", rng.choice(DEATHS), rng.randrange(1, 3), which())),
        (4, lambda: ("type", which())),
        (3, lambda: ("go_on", which(), rng.choice(("invoice", "title", "status")))),
        (2, lambda: ("take_back", which())),
        (1, lambda: ("delete", which())),
        (1, lambda: ("clone", which())),
        (5, lambda: ("decide", rng.randrange(1000))),
        (1, lambda: ("expire",)),
        (2, lambda: ("wait", rng.choice((60, 3600, 25 * 3600)))),
        (2, lambda: ("sync",)),
    ]  # fmt: skip
    weights = [weight for weight, _make in makers]
    steps = [rng.choices(makers, weights)[0][1]() for _ in range(rng.randrange(6, longest))]
    steps.insert(rng.randrange(len(steps)), makers[2][1]())
    return [("bill", 0), *steps]


class BillHistory(History):
    """One company whose bills one system sends. `typed` is what somebody wrote into an order in Bling, until a person
    says that the system's counts; `frozen` what an order was when something followed from it."""

    def __init__(self, company: Company, *arguments: Any, key: str, **named: Any) -> None:
        super().__init__(company, *arguments, **named)
        BlingWriting.objects.create(connection=company.connection, mode=WriteMode.LIVE, writes_orders=True)
        self._key = api_key(company, key, customers="", bills=True)
        company.bling.add_product("VISITA")
        self.said: dict[int, tuple[int, Decimal]] = {}
        self.typed: dict[int, str] = {}
        self.frozen: dict[int, Decimal] = {}
        self._titles: dict[int, int] = {}
        self._clones: set[int] = set()

    def tell(self, steps: list[Step]) -> None:
        """Let it all happen; at the end people decide what waits for them."""
        super().tell(steps)
        for turn in range(5):
            self._decide(turn)
            self.clock.advance(3600)
            self.sync()

    def rows(self) -> list[OrderWrite]:
        found = OrderWrite.objects.filter(connection=self.company.connection).order_by("pk")
        return list(found.select_related("api_key", "contact", "customer", "connection__writing"))

    def orders_of(self, row: OrderWrite) -> list[Sale]:
        """Return the orders that we made for a bill: clones, and what people typed, apart."""
        every = self.company.bling.sales.values()
        return [sale for sale in every if sale.shop_number == row.reference and sale.id not in self._clones]

    def say_again(self) -> None:
        for number in self.said:
            self._accept(number)
        self.clock.advance(3600)
        self.sync()

    def _apply(self, kind: str, *details: Any) -> None:
        super()._apply(kind, *details)
        check_orders(self)

    def _steps(self) -> dict[str, Callable[..., None]]:
        return {
            **super()._steps(),
            "bill": self._bill,
            "break": self._break_bill,
            "kill_bill": self._kill_bill,
            "type": self._type,
            "go_on": self._go_on,
            "take_back": self._take_back,
            "delete": self._delete,
            "clone": self._clone,
            "decide": self._decide,
        }

    # What the system says.

    def _bill(self, number: int) -> None:
        self._say(number)
        self.work()

    def _say(self, number: int) -> None:
        version, _freight = self.said.get(number, (0, Decimal(0)))
        self.said[number] = version + 1, Decimal(next(self.fresh))
        self._accept(number)

    def _accept(self, number: int) -> None:
        version, freight = self.said[number]
        day = date(2026, 12, 10)
        item = OrderItem("VISITA", f"Visita {number}", Decimal(1), Decimal(100))
        parcels = (OrderParcel(day, 100 + freight, "PIX"),)
        order = DesiredOrder(day, (item,), parcels, "", freight=freight, notes=f"OS {number}")
        given = GivenBill(f"F{number}", version, order, customer=CUSTOMER)
        accept(ApiKey.objects.get(pk=self._key.pk), given, self.clock())

    def _break_bill(self, kind: str, method: str, after: int, number: int) -> None:
        after = after if method == "GET" else 0
        self._arm("bling", kind, method, "/pedidos/vendas", after=after, answer='{"data": {}}')
        self._bill(number)

    def _kill_bill(self, failpoint: str, passing: int, number: int) -> None:
        self._say(number)
        mine = BlingWriting.objects.filter(connection=self.company.connection)
        self._dies(failpoint, passing, mine, seconds=600)

    # What people do in Bling.

    def _order(self, number: int) -> Sale | None:
        row = OrderWrite.objects.filter(connection=self.company.connection, ref=f"F{number}").first()
        return self.company.bling.sales.get(row.bling_id or 0) if row else None

    def _type(self, number: int) -> None:
        sale = self._order(number)
        if sale is not None:
            self.typed[sale.id] = f"pessoa {next(self.fresh)}"
            self.company.bling.edit_sale(sale.id, notes=self.typed[sale.id])
        self.work()

    def _go_on(self, number: int, how: str) -> None:
        """An invoice is made, a title launched, or the order closed: it is not ours to change from then on."""
        sale = self._order(number)
        if sale is None:
            return
        self.frozen[sale.id] = sale.freight
        if how == "title" and sale.id not in self._titles:
            origin = {"id": sale.id, "tipoOrigem": "venda"}
            bling, due = self.company.bling, sale.parcels[0][0]
            self._titles[sale.id] = bling.add_title("receivable", str(sale.total), due, sale.contact, origin=origin)
        elif how != "title":
            self.company.bling.edit_sale(sale.id, **({"invoice": 77} if how == "invoice" else {"status": DONE}))
        self.work()

    def _take_back(self, number: int) -> None:
        """What followed from an order is taken back; of titles it is known once a sync has read that."""
        sale = self._order(number)
        if sale is not None and sale.id not in self._titles:
            self.frozen.pop(sale.id, None)
            self.company.bling.edit_sale(sale.id, invoice=0, status=OPEN)
        self.work()

    def _delete(self, number: int) -> None:
        sale = self._order(number)
        if sale is not None:
            for notes in (self.typed, self.frozen):
                notes.pop(sale.id, None)
            del self.company.bling.sales[sale.id]
        self.work()

    def _clone(self, number: int) -> None:
        """Bling clones an order with its reference."""
        sale = self._order(number)
        if sale is not None:
            copy = self.company.bling.add_sale(sale.contact, str(sale.total), str(sale.day))
            self._clones.add(copy)
            self.company.bling.edit_sale(copy, shop_number=sale.shop_number)
        self.work()

    # What people decide here.

    def _decide(self, dice: int) -> None:
        rng = Random(dice)
        for row in self.rows():
            if standing_of_bill(row, self.clock()).standing in ASKS:
                with suppress(Refused):
                    self._decide_one(row, rng)
        self.work()

    def _decide_one(self, row: OrderWrite, rng: Random) -> None:
        said: dict[str, Any] = {"bill": row, "user": self.user, "now": self.clock()}
        there = self.orders_of(row)
        if row.reason == Reason.ORDER_CHANGED:
            if rng.randrange(2):
                self.typed.pop(row.bling_id or 0, None)
                orders.overwrite(reason="vale o sistema", **said)
        elif row.reason in (Reason.LOOK_UP_FAILED, Reason.NO_RECORD, Reason.ANOTHER_ID) and row.bling_id is None:
            if there:
                orders.is_there(bling_id=min(sale.id for sale in there), reason="vi", **said)
            else:
                orders.is_not_there(reason="não está", **said)
        elif row.reason != Reason.ORDER_GONE:
            orders.send_again(**said)


def check_orders(history: BillHistory) -> None:
    """No bill is two orders, nothing that somebody wrote is lost, and nothing is changed that something followed
    from."""
    for row in history.rows():
        made = history.orders_of(row)
        assert len(made) <= 1, f"{row.ref} is {len(made)} orders"
    sales = history.company.bling.sales
    for number, notes in history.typed.items():
        assert sales[number].notes == notes, f"order {number}: what somebody wrote is lost"
    for number, freight in history.frozen.items():
        assert sales[number].freight == freight, f"order {number} was changed after something followed from it"


def check_rest(history: BillHistory) -> None:
    """Each bill came to rest, and is in Bling as its system said it last, or a person is asked."""
    for row in history.rows():
        standing = standing_of_bill(row, history.clock())
        name = f"{row.ref} ({row.state}, {standing})"
        assert standing.standing in REACHED, f"{name} never came to rest"
        number = int(row.ref.removeprefix("F"))
        if standing.standing == Standing.EQUAL and row.bling_id in history.company.bling.sales:
            sale = history.company.bling.sales[row.bling_id]
            assert sale.freight == history.said[number][1], f"{name} is not what the system said"
    left = BlingWriting.objects.filter(connection=history.company.connection).exclude(lease_until=None)
    assert not left.exists(), "an account is still leased"


def check_quiet(history: BillHistory) -> None:
    """Nothing is written into Bling when the system says again what it said, and another round is made."""
    before = written(history)
    history.say_again()
    assert written(history) == before, "a quiet round wrote into Bling"


def written(history: BillHistory) -> dict[str, int]:
    calls = history.company.bling.calls
    return {name: count for name, count in calls.items() if name.split()[0] in ("POST", "PUT") and "vendas" in name}
