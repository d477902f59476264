"""Histories: what people do to both systems, what goes wrong, and workers that die or sleep in between.

A history is made from a seed, so that every failure can be told again: `make_history(seed)`.
"""

import itertools
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet

from integrations.models import BlingConnection, CatalogItem, KaminoConnection, Posting, Tenant, Title
from integrations.models.registers import CatalogKind
from integrations.pipeline.access.failpoints import FAILPOINTS
from integrations.pipeline.access.leases import LEASE
from integrations.pipeline.deliver.current import SNAPSHOT_AGE
from integrations.pipeline.desk import commands
from integrations.pipeline.run import tick
from sandbox.faults import Fault
from sandbox.kamino.fields import FIELDS, PENDING
from sandbox.world import World
from tests.flows.checks import check_mirror
from tests.flows.clock import Clock
from tests.flows.helpers import Company, in_days
from tests.flows.mortal import PAUSES, at_failpoint, died_at
from tests.flows.wake_ups import check_awake, settle_all
from tests.pipeline.mapping.edits import desk_row, map_name

Step = tuple[Any, ...]

BLING_EDITS = (
    "add", "add_paid", "value", "due", "pay", "partly", "reverse", "cancel", "delete", "relaunch", "person", "bordero",
)  # fmt: skip
KAMINO_EDITS = ("settle_there", "delete_there", "value_there", "class_there", "status_there", "text_there")
RULES = ("mapping", "closed_until", "settled_from", "receivables", "cancel_deleted")
ORDERS = ("resync", "retry", "insist")
METHODS = ("POST", "DELETE", "*")
WRITES = ("/financeiro/pagamento", "/financeiro/recebimento", "/pessoa/grava")
KAMINO_FAULTS = (
    "429", "500", "503", "cut_before", "cut_after", "truncated", "html", "slow", "odd_before", "odd_after",
    "another_id",
)  # fmt: skip
ODD_ANSWERS = (
    "false", "[]", '"erro"', "null", "{}", "", '{"Sucesso": "false"}', '{"Sucesso": 0}', '{"sucesso": false}',
    '{"Message": "An error has occurred."}', '{"Erro": "bloqueado"}', '{"Sucesso": true, "Erro": "bloqueado"}',
)  # fmt: skip
UNKNOWN_STATUSES = (0, 4, 9)
BLING_FAULTS = ("429", "500", "html", "cut_before", "truncated", "slow")
LISTS = (
    ("bling", "/contas/pagar"), ("bling", "/contas/receber"), ("bling", "/contatos"),
    ("kamino", "/financeiro/pagamento"), ("kamino", "/financeiro/recebimento"), ("kamino", "/pessoa"),
)  # fmt: skip
FLIPS = ("value", "due", "pay")
BETWEEN = ("pull.page_read", "pull.page_saved", "pull.step", "pull.chunk_read")
WAITS = (60, 600, 3600, 12 * 3600, 25 * 3600)
MOST_TURNS = 150
TURN = timedelta(seconds=60)


def make_history(seed: int, longest: int = 15) -> list[Step]:
    """Return up to `longest` steps; at least one of them kills a worker."""
    rng = Random(seed)
    makers: list[tuple[int, Callable[[], Step]]] = [
        (10, lambda: ("bling", rng.choice(BLING_EDITS), rng.randrange(20), rng.randrange(1, 99))),
        (2, lambda: ("kamino", rng.choice(KAMINO_EDITS), rng.randrange(20), rng.randrange(1, 99))),
        (2, lambda: ("rule", rng.choice(RULES), rng.randrange(2))),
        (2, lambda: ("order", rng.choice(ORDERS), rng.randrange(20))),
        (4, lambda: (
            "kamino_fault", rng.choice(KAMINO_FAULTS), rng.choice(WRITES), rng.choice(METHODS), rng.choice(ODD_ANSWERS),
        )),
        (2, lambda: ("bling_fault", rng.choice(BLING_FAULTS), rng.randrange(15))),
        (2, lambda: ("shift", *rng.choice(LISTS), rng.randrange(1, 4))),
        (2, lambda: ("flip", rng.choice(FLIPS), rng.choice(BETWEEN), rng.randrange(1, 4), rng.randrange(20))),
        (1, lambda: ("expire",)),
        (1, lambda: ("wait", rng.choice(WAITS))),
        (3, lambda: ("sync",)),
        (2, lambda: ("kill", rng.choice(FAILPOINTS), rng.randrange(1, 4), rng.randrange(20))),
        (1, lambda: ("pause", rng.choice(PAUSES), rng.randrange(1, 3), rng.choice(BLING_EDITS), rng.randrange(20))),
    ]  # fmt: skip
    weights = [weight for weight, _make in makers]
    steps = [rng.choices(makers, weights)[0][1]() for _ in range(rng.randrange(6, longest))]
    steps.insert(rng.randrange(len(steps)), makers[-2][1]())
    return steps


class History:
    """One company and everything that happens to it; a step that makes no sense at its moment does nothing."""

    def __init__(self, company: Company, world: World, clock: Clock, *, user: User) -> None:
        self.company, self.world, self.clock, self.user = company, world, clock, user
        self.deaths: list[str] = []
        self.contacts = [
            company.bling.add_contact(name="Sol", document="11.222.333/0001-81", kind="J"),
            company.bling.add_contact(name="Lua", document="11.444.777/0001-61", kind="J"),
        ]
        self.charts = ["Categoria de Teste", "Outra Conta"]
        self.other_chart = company.kamino.add_chart_account(self.charts[1])
        self.fresh = itertools.count(100)
        self.hidden: dict[tuple[str, int], int] = {}
        self.titles: list[int] = []
        for number in range(4):
            self._edit_bling("add_paid" if number == 3 else "add", number, 10 + number)
        # The first sweep of all the years is left out: there is nothing yet to be found.
        BlingConnection.objects.filter(tenant=company.tenant).update(swept_at=clock())
        self.sync()

    def tell(self, steps: list[Step]) -> None:
        """Let it all happen, then let the faults end and everything come to rest."""
        for step in steps:
            settle_all(self.clock())
            self._apply(*step)
            check_awake(self.clock())
        self.world.faults.clear()
        self.clock.advance(2 * 3600)
        self.sync()
        # A week later every title is listed once more, and Kamino's lists are compared.
        self.clock.advance(8 * 24 * 3600)
        self.sync()

    def _apply(self, kind: str, *details: Any) -> None:
        self._steps()[kind](*details)

    def _steps(self) -> dict[str, Callable[..., None]]:
        return {
            "bling": self._edit_bling,
            "kamino": self._edit_kamino,
            "rule": self._change_rule,
            "order": self._order,
            "kamino_fault": self._break_kamino,
            "bling_fault": self._break_bling,
            "shift": self._shift,
            "flip": self._flip,
            "expire": self.company.bling.expire_access_tokens,
            "wait": self._wait,
            "sync": self.sync,
            "kill": self._kill,
            "pause": self._pause,
        }

    # The engine.

    def sync(self) -> None:
        """Order a run and work until nothing is due."""
        self._order_run()
        self.work()

    def _order_run(self) -> None:
        connections = BlingConnection.objects.filter(tenant=self.company.tenant)
        commands.request_sync(connections=connections, user=None, now=self.clock())

    def work(self) -> None:
        """Work as the workers do; what waits for a moment waits until that moment has come."""
        tenants = [self.company.tenant.pk]
        for _ in range(MOST_TURNS):
            if tick.work_once(clock=self.clock, deadline=self.clock() + TURN, tenant_ids=tenants):
                continue
            due = tick.next_due(tenants, now=self.clock())
            if due is None:
                return
            settle_all(self.clock())
            self.clock.advance(max(0.0, (due - self.clock()).total_seconds()))
            check_awake(self.clock())
        raise AssertionError("the work does not come to an end")

    def _wait(self, seconds: int) -> None:
        self.clock.advance(seconds)
        self.work()

    def _stir(self, index: int) -> None:
        """Give every failpoint a reason to be passed: something of every kind happens, a comparison is due."""
        self._edit_bling("add", index, 20 + index)
        self._edit_bling("value", index, 30 + index)
        self._edit_bling("pay", index + 1, 0)
        self._edit_bling("person", index, index)
        self._order_resync(index)
        yesterday = self.clock() - timedelta(hours=25)
        KaminoConnection.objects.filter(tenant=self.company.tenant).update(reconciled_at=yesterday)

    def _kill(self, failpoint: str, passing: int, index: int) -> None:
        """Let a worker die at a failpoint, leave its leases behind, and be replaced once they have run out."""
        # A failpoint that is not passed so often, or not at all just now, leaves the worker alive: another one then.
        for name, times in ((failpoint, passing), (failpoint, 1), ("pull.step", 1)):
            self._stir(index)
            if name.startswith("lookup"):
                self._arm("kamino", "cut_after", "POST", "/financeiro", times=5)
            self._order_run()
            if self._dies(name, times, KaminoConnection.objects.filter(tenant=self.company.tenant), seconds=300):
                return

    def _dies(self, failpoint: str, passing: int, leased: QuerySet[Any], *, seconds: int) -> bool:
        """Say whether the worker dies at a failpoint; it leaves `leased` behind, and another comes `seconds` later."""
        if not died_at(failpoint, passing, self.work):
            return False
        # Dying in this process freed them on its way out; a dead process frees nothing.
        leased.update(lease_until=self.clock() + LEASE)
        self.deaths.append(failpoint)
        self.clock.advance(seconds)
        self.work()
        return True

    def _pause(self, failpoint: str, passing: int, edit: str, index: int) -> None:
        """Let a worker sleep at a failpoint while Bling changes and others do the work; then it goes on."""
        self._stir(index)
        self._order_run()

        slept = []

        def meanwhile() -> None:
            self._edit_bling(edit, index, 77)
            self.clock.advance(300)
            self.sync()  # to the end of the sleeper's run, which had listed some titles already
            self.sync()
            slept.append(failpoint)

        with at_failpoint(failpoint, passing, meanwhile):
            self.work()
        if slept and not self.world.faults.armed:
            check_mirror(self.company)

    # What goes wrong.

    def _break_kamino(self, kind: str, path: str, method: str, answer: str) -> None:
        """Let one write fail; there is something to be written."""
        self._stir(len(path))
        if method == "*" and kind.startswith("odd"):
            method = "POST"
        if method == "DELETE":
            self._edit_bling("cancel", len(kind), 0)
            path = "/financeiro"
        self._arm("kamino", kind, method, path, answer=answer)
        self.sync()

    def _break_bling(self, kind: str, after: int) -> None:
        self._arm("bling", kind, "GET", "/", after=after)
        self.sync()

    def _shift(self, side: str, path: str, times: int) -> None:
        """Let rows slip past while a list is read; a comparison and creations are due."""
        self._stir(times)
        self._arm(side, "page_shift", "GET", path, times=times)
        self.sync()

    def _flip(self, kind: str, failpoint: str, passing: int, index: int) -> None:
        """Change a title while a run reads, and take it back before the next one."""
        title = self._title_for(kind, index)
        if title is None:
            return
        bling, live = self.company.bling, self.company.bling.titles[title]
        before = {"value": live.value, "due": live.due}
        self._edit_bling("person", index, 0)
        bling.edit_title(title, history=f"{next(self.fresh)}")
        changed = []

        def change() -> None:
            if live.id not in bling.titles or live.status == 5 or (kind == "value" and live.borderos):
                return
            changed.append(bling.pay(title, account=self.company.bank) if kind == "pay" else 0)
            if kind != "pay":
                bling.edit_title(title, **{kind: in_days(self.world, 40) if kind == "due" else next(self.fresh)})

        self._order_run()
        self._order_resync(index)
        with at_failpoint(failpoint, passing, change):
            self.work()
        if changed and title in bling.titles:
            if kind == "pay":
                bling.reverse_payment(title, changed[0])
            else:
                bling.edit_title(title, **{kind: before[kind]})
        self.sync()

    def _arm(self, side: Any, kind: Any, method: str, path: str, **options: Any) -> None:
        slug = self.company.tenant.slug
        fault = Fault(side=side, kind=kind, method=method, path=path, seconds=0, account=slug, **options)
        self.world.faults.add(fault)

    # What people do.

    def _edit_bling(self, kind: str, index: int, amount: int) -> None:
        bling, contact = self.company.bling, self.contacts[index % 2]
        if kind in ("add", "add_paid"):
            title = self.company.add_title(("payable", "receivable")[index % 2], value=10 + amount, contact=contact)
            self.titles.append(title)
            if kind == "add_paid":
                bling.pay(title, account=self.company.bank)
            return
        if kind == "person":
            bling.edit_contact(contact, email=f"{next(self.fresh)}@example.com")
            return
        title = self._title_for(kind, index)
        if title is None:
            return
        actions: dict[str, Callable[[], Any]] = {
            "value": lambda: bling.edit_title(title, value=next(self.fresh)),
            "due": lambda: bling.edit_title(title, due=in_days(self.world, amount)),
            "pay": lambda: bling.pay(title, account=self.company.bank),
            "partly": lambda: bling.pay(title, amount="0.50", account=self.company.bank),
            "reverse": lambda: bling.reverse_payment(title, bling.titles[title].borderos[-1]),
            "cancel": lambda: bling.cancel(title),
            "delete": lambda: bling.delete(title),
            "relaunch": lambda: self.titles.append(bling.relaunch(title)),
            "bordero": lambda: self._correct(bling.borderos[bling.titles[title].borderos[-1]], amount),
        }
        actions[kind]()

    def _title_for(self, kind: str, index: int) -> int | None:
        """Choose a title that can be edited so: paid ones are not rewritten or deleted, settled ones not paid again."""
        living = [title for id in self.titles if (title := self.company.bling.titles.get(id)) and title.status != 5]
        if kind in ("value", "delete", "relaunch"):
            living = [title for title in living if not title.borderos]
        elif kind in ("pay", "partly"):
            living = [title for title in living if title.balance > 1]
        elif kind in ("reverse", "bordero"):
            living = [title for title in living if title.borderos]
        return int(living[index % len(living)].id) if living else None

    def _correct(self, bordero: Any, amount: int) -> None:
        """Correct a payment in Bling after it was booked."""
        if amount % 2:
            bordero.day = in_days(self.world, -(amount % 5))
        else:
            bordero.lines[0].interest = Decimal(amount)
        self.company.bling.touch()

    def _edit_kamino(self, kind: str, index: int, amount: int) -> None:
        """A person edits a title over there; strict Kamino shows nobody its receivables, so they are left alone."""
        kamino = self.company.kamino
        directions = ("payable", "receivable") if self.world.generous else ("payable",)
        rows = [(direction, row) for direction in directions for row in kamino.titles(direction)]
        if not rows:
            return
        direction, row = rows[index % len(rows)]
        fields, is_paid = FIELDS[direction], row[FIELDS[direction].status] != PENDING
        if kind == "text_there":
            kamino.edit_title(
                direction, row["ID"], **{fields.description: f"Visto {amount} [Bling {row['CodigoExterno']}]"}
            )
        elif kind == "status_there":
            status = UNKNOWN_STATUSES[amount % len(UNKNOWN_STATUSES)]
            kamino.edit_title(direction, row["ID"], **{fields.status: status})
            self.hidden[direction, row["ID"]] = status
            self.clock.advance(SNAPSHOT_AGE.total_seconds() + 1)  # what was read before may be written over
        elif kind == "settle_there" and not is_paid:
            kamino.pay_title(direction, row["ID"])
        elif kind == "delete_there":
            kamino.delete_title(direction, row["ID"])
            self.hidden.pop((direction, row["ID"]), None)
        elif kind == "value_there" and not is_paid:
            kamino.edit_title(direction, row["ID"], **{fields.value: amount})
        elif kind == "class_there":
            kamino.edit_title(direction, row["ID"], **{fields.chart: self.other_chart})

    def _change_rule(self, kind: str, choice: int) -> None:
        if kind == "mapping":
            self._map(self.charts[choice])
            return
        changes = {
            "closed_until": in_days(self.world, -1) if choice else None,
            "settled_from": in_days(self.world, -30 * choice),
            "sync_receivables": bool(choice),
            "cancel_deleted": bool(choice),
        }
        name = "sync_receivables" if kind == "receivables" else kind
        Tenant.objects.filter(pk=self.company.tenant.pk).update(**{name: changes[name]})
        commands.tenant_changed(tenant_id=self.company.tenant.pk, now=self.clock())

    def _map(self, chart: str) -> None:
        connection = self.company.connection
        source = CatalogItem.objects.filter(
            connection=connection, kind=CatalogKind.CATEGORY, bling_id=self.company.category
        ).first()
        target = self.company.tenant.kamino_connection.items.filter(name=chart).first()
        if source is None or target is None:
            return
        if desk_row(self.company, "category", self.company.category).values()["chart_account"] != target.pk:
            map_name(self.company, "category", self.company.category, clock=self.clock, chart_account=target.kamino_id)

    def _order(self, kind: str, index: int) -> None:
        """A person asks for one title, or for all that wait for a person; or insists, and changes them in Bling too."""
        if kind == "resync":
            self._order_resync(index)
        else:
            postings = Posting.objects.filter(kamino_connection__tenant=self.company.tenant, state="needs_human")
            if kind == "insist":
                for id in postings.values_list("title__bling_id", flat=True):
                    title = self.company.bling.titles.get(id)
                    if title is not None and not title.borderos:
                        self.company.bling.edit_title(id, value=next(self.fresh))
                self._order_run()
            commands.retry_delivery(postings=postings, user=self.user, now=self.clock())
        self.work()

    def _order_resync(self, index: int) -> None:
        title = self.titles[index % len(self.titles)]
        titles = Title.objects.filter(connection=self.company.connection, bling_id=title)
        commands.request_resync(titles=titles, user=self.user, now=self.clock())
