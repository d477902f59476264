"""Histories of customers that two systems send for Bling, beside all that happens to both systems anyway."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Any

from integrations.domain.contact_merge import is_equal
from integrations.domain.delivery import DeliveryState
from integrations.domain.documents import compact
from integrations.domain.payables import DesiredContact, contact_kind
from integrations.domain.reasons import Reason
from integrations.models import ApiKey, BlingWriting, CustomerWrite, WriteMode
from integrations.pipeline.access.failpoints import CUSTOMER_FAILPOINTS
from integrations.pipeline.customers import orders
from integrations.pipeline.customers.accept import Given, accept
from integrations.pipeline.customers.sides import differences_of
from integrations.pipeline.customers.standing import ASKS, Standing, standing_of
from integrations.pipeline.desk.refusal import Refused
from tests.flows.customer_ledger import ADDRESS, PLAIN, WATCHED, Ledger, shown
from tests.flows.entering import FAULTS
from tests.flows.helpers import Company
from tests.flows.history import History, Step
from tests.flows.systems import CPF, api_key
from tests.flows.systems import OTHER_CNPJ as ANOTHER

SYSTEMS = {"auvo": "", "tecpet": "system"}
"""Each system, and whose side its key prefers."""
CUSTOMERS = (
    DesiredContact("Padaria Mel Ltda", "98765432000198", email="mel@mel.example", phone="1133334444", city="São Paulo"),
    DesiredContact("Maria Souza", CPF, kind="F", email="maria@casa.example", street="Rua A", number="10"),
    DesiredContact("Joana Lima", email="joana@casa.example", mobile="11988887777"),
)
CHANGES = ("name", "trade_name", "email", "email", "phone", "mobile", "street", "city")
TWISTS = ("", "", "", "", "as_bling", "as_other", "blank", "no_document", "another", "same")
DEATHS = (*CUSTOMER_FAILPOINTS, *(f"contact.{at}" for at in ("claimed", "before_write", "after_write", "recorded")))
REACHED = (Standing.EQUAL, Standing.LEFT_OUT, *ASKS)


def make_customers(seed: int, longest: int = 14) -> list[Step]:
    """Return up to `longest` steps of a seed; the first sends somebody, and one at least kills a worker."""
    rng = Random(f"customers {seed}")

    def send() -> tuple[Any, ...]:
        return rng.choice(tuple(SYSTEMS)), rng.randrange(3), rng.choice(TWISTS), rng.choice(CHANGES)

    makers: list[tuple[int, Callable[[], Step]]] = [
        (10, lambda: ("send", *send())),
        (4, lambda: ("break", rng.choice(FAULTS), rng.choice(("POST", "PUT", "GET")), rng.randrange(3), *send())),
        (3, lambda: ("kill_send", rng.choice(DEATHS), rng.randrange(1, 3), *send())),
        (5, lambda: ("type", rng.randrange(20), rng.choice(CHANGES))),
        (1, lambda: ("delete", rng.randrange(20))),
        (2, lambda: ("add_by_hand", rng.randrange(3), rng.choice(("", "document")))),
        (4, lambda: ("decide", rng.randrange(1000))),
        (2, lambda: ("switch",)),
        (1, lambda: ("expire",)),
        (2, lambda: ("wait", rng.choice((60, 3600, 25 * 3600)))),
        (2, lambda: ("sync",)),
    ]  # fmt: skip
    weights = [weight for weight, _make in makers]
    steps = [rng.choices(makers, weights)[0][1]() for _ in range(rng.randrange(6, longest))]
    steps.insert(rng.randrange(len(steps)), makers[2][1]())
    return [("send", *send()), *steps]


class CustomerHistory(History):
    """One company whose customers two systems send."""

    def __init__(self, company: Company, *arguments: Any, keys: tuple[str, str], **named: Any) -> None:
        super().__init__(company, *arguments, **named)
        BlingWriting.objects.create(connection=company.connection, mode=WriteMode.LIVE, changes_contacts=True)
        self._keys = {
            system: api_key(company, key, system=system, prefers=prefers)
            for key, (system, prefers) in zip(keys, SYSTEMS.items(), strict=True)
        }
        self._said = {(system, number): one for system in SYSTEMS for number, one in enumerate(CUSTOMERS)}
        self._versions: Counter[tuple[str, int]] = Counter()
        self.ledger = Ledger(company.bling, SYSTEMS)

    def tell(self, steps: list[Step]) -> None:
        """Let it all happen; at the end a person decides what waits for one, and contacts may be changed."""
        super().tell(steps)
        self._switch(on=True)
        for turn in range(5):
            self._decide(turn)
            self.clock.advance(3600)
            self.sync()

    def say_again(self) -> None:
        """Let each system say once more what it said last."""
        for (system, number), version in self._versions.items():
            self._accept(self._keys[system], number, version)
        self.clock.advance(3600)
        self.sync()

    def rows(self) -> list[CustomerWrite]:
        """Return the customers as they are now, each with what its standing needs."""
        found = CustomerWrite.objects.filter(connection=self.company.connection).order_by("pk")
        return list(found.select_related("api_key", "contact", "connection__writing"))

    def _apply(self, kind: str, *details: Any) -> None:
        super()._apply(kind, *details)
        assert not self.ledger.wrongs, self.ledger.wrongs

    def _steps(self) -> dict[str, Callable[..., None]]:
        return {
            **super()._steps(),
            "send": self._send,
            "break": self._break_send,
            "kill_send": self._kill_send,
            "type": self._type,
            "delete": self._delete,
            "add_by_hand": self._add_by_hand,
            "decide": self._decide,
            "switch": self._switch,
        }

    # What systems say.

    def _send(self, *what: Any) -> None:
        self._say(*what)
        self.work()

    def _say(self, system: str, number: int, twist: str, field: str) -> None:
        """Send a new version of a customer: one field changed, or what the twist names."""
        before = self._said[system, number]
        wanted = replace(before, stored=None, **self._twisted(before, system, number, twist, field))
        self._said[system, number] = replace(wanted, kind=contact_kind(wanted.document))
        self._versions[system, number] += 1
        self._accept(self._keys[system], number, self._versions[system, number])

    def _twisted(self, before: DesiredContact, system: str, number: int, twist: str, field: str) -> dict[str, str]:
        other = next(name for name in SYSTEMS if name != system)
        contact = self._contact_of(system, number)
        values = {
            "as_bling": (shown(contact, field) if contact else "") or getattr(before, field),
            "as_other": getattr(self._said[other, number], field),
            "blank": getattr(CUSTOMERS[number], field) if field == "name" else "",
            "same": getattr(before, field),
        }
        if twist in ("no_document", "another"):
            return {"document": ANOTHER if twist == "another" else ""}
        document = CUSTOMERS[number].document  # whatever was said of it by mistake is taken back
        return {"document": document, field: values.get(twist) if twist in values else self._fresh(system, field)}  # type: ignore[dict-item]

    def _fresh(self, who: str, field: str) -> str:
        number = next(self.fresh)
        if field in ("phone", "mobile"):
            return f"11{'9' if field == 'mobile' else ''}8888{number:04}"
        return f"{who}{number}@casa.example" if field == "email" else f"{field} {who} {number}"

    def _accept(self, key: ApiKey, number: int, version: int) -> None:
        said = self._said[key.system, number]
        self.ledger.say(key.system, said)
        accept(ApiKey.objects.get(pk=key.pk), Given(str(number), version, said), self.clock())

    # What goes wrong.

    def _break_send(self, kind: str, method: str, after: int, *what: Any) -> None:
        after = after if method == "GET" else 0
        self._arm("bling", kind, method, "/contatos", after=after, answer='{"data": {}}')
        self._send(*what)

    def _kill_send(self, failpoint: str, passing: int, *what: Any) -> None:
        self._say(*what)
        mine = BlingWriting.objects.filter(connection=self.company.connection)
        self._dies(failpoint, passing, mine, seconds=600)

    # What people do in Bling.

    def _living(self) -> list[Any]:
        rows = self.company.bling.contacts.values()
        return [one for one in rows if one.status != "E" and one.id != self.company.bling.consumer_id]

    def _contact_of(self, system: str, number: int) -> Any | None:
        rows = CustomerWrite.objects.filter(connection=self.company.connection, system=system, ref=str(number))
        return self.company.bling.contacts.get(rows.values_list("bling_id", flat=True).first())

    def _type(self, index: int, field: str) -> None:
        """Somebody changes a field in Bling."""
        contact = self._living()[-1 - index % len(self._living())]
        value = self._fresh("pessoa", field)
        changes: dict[str, Any] = (
            {"address": {**contact.address, ADDRESS[field]: value}} if field in ADDRESS else {PLAIN[field]: value}
        )
        with self.ledger.by_hand():
            self.company.bling.edit_contact(contact.id, **changes)
        self.work()

    def _delete(self, index: int) -> None:
        """Somebody deletes a contact that a customer was."""
        linked = sorted({row.bling_id for row in self.rows() if row.bling_id})
        if linked:
            with self.ledger.by_hand():
                self.company.bling.edit_contact(linked[index % len(linked)], status="E")
        self.work()

    def _add_by_hand(self, number: int, with_document: str) -> None:
        """Somebody types a customer into Bling, which refuses a second one of a CPF/CNPJ."""
        one = CUSTOMERS[number]
        document = one.document if with_document else ""
        if not any(document and compact(row.document) == document for row in self._living()):
            with self.ledger.by_hand():
                email = self._fresh("pessoa", "email")
                self.company.bling.add_contact(one.name, document=document, kind=one.kind, email=email)
        self.work()

    # What people decide here.

    def _switch(self, on: bool | None = None) -> None:
        """Let contacts be changed, or no more."""
        mine = BlingWriting.objects.filter(connection=self.company.connection)
        lets = not mine.get().changes_contacts if on is None else on
        mine.update(changes_contacts=lets)
        if lets:
            orders.changes_are_let(self.company.connection, self.clock())
        self.work()

    def _decide(self, dice: int) -> None:
        """A person looks into Bling, and says of each customer that waits what is true."""
        rng = Random(dice)
        for row in self.rows():
            if standing_of(row, self.clock()).standing in ASKS:
                with suppress(Refused):
                    self._decide_one(row, rng)
        self.work()

    def _decide_one(self, row: CustomerWrite, rng: Random) -> None:
        said: dict[str, Any] = {"customer": row, "user": self.user, "now": self.clock()}
        standing = standing_of(row, self.clock())
        if standing.standing == Standing.DIFFERS:
            self._choose(row, rng, said)
        elif row.reason == Reason.DOCUMENT_DIFFERS and rng.randrange(2):
            orders.is_other(reason="é outro", **said)
        elif row.reason == Reason.CONTACT_GONE:
            orders.look_anew(reason="por engano", **said)
        elif standing.why is not None and standing.why.code in (Reason.AMBIGUOUS, Reason.CONTACT_TAKEN):
            self._say_whose(row, said)
        else:
            orders.send_again(**said)

    def _choose(self, row: CustomerWrite, rng: Random, said: dict[str, Any]) -> None:
        agreed = row.get_delivered()
        assert agreed is not None
        sides = {one.field: rng.choice(("system", "bling")) for one in agreed.open}
        for one in agreed.open:
            self.ledger.choose(row.bling_id or row.contact.bling_id or 0, row.system, one.field, one.system, one.bling)
        orders.choose(asked=orders.asked_of(row), sides=sides, reason="visto", **said)

    def _say_whose(self, row: CustomerWrite, said: dict[str, Any]) -> None:
        """Say which contact of Bling a customer is: the one of its CPF/CNPJ, else of its name, else none."""
        wanted = row.get_desired()
        of_document = [one for one in self._living() if wanted.document and compact(one.document) == wanted.document]
        of_name = [one for one in self._living() if not one.document and one.name == wanted.name]
        found = next(iter(of_document or of_name), None)
        if row.reason == Reason.CONTACT_TAKEN:
            found = None
        if found is None:
            self.ledger.lets_another(wanted.name)
        orders.contact_of(contact_id=found.id if found else 0, reason="visto", **said)


def check_customers(history: CustomerHistory) -> None:
    """Each customer is one contact at most, came to rest, and is as its system said last, or it is known why not."""
    history.ledger.check()
    contacts = history.company.bling.contacts
    documents = Counter(compact(one.document) for one in contacts.values() if one.document and one.status != "E")
    twice = {one: documents[one] for one in (*(one.document for one in CUSTOMERS), ANOTHER) if documents[one] > 1}
    assert not twice, f"a customer stands twice: {twice}"
    for row in history.rows():
        standing = standing_of(row, history.clock())
        name = f"{row.system} {row.ref} ({row.state}, {standing})"
        assert standing.standing in REACHED, f"{name} never came to rest"
        contact = contacts.get(row.bling_id or 0)
        if standing.standing != Standing.EQUAL or contact is None or contact.status == "E":
            continue
        told, named = row.get_desired(), {one.field for one in differences_of(row)}
        for field in WATCHED:
            ours, theirs = getattr(told, field), shown(contact, field)
            if ours and not is_equal(field, ours, theirs) and field not in named:
                # Who changed it after the last comparison is somebody else; an older version of its own is a loss.
                is_older = not theirs or history.ledger.is_said(row.system, field, theirs)
                assert not is_older, f"{name}: {field} is {theirs}"
    left = BlingWriting.objects.filter(connection=history.company.connection).exclude(lease_until=None)
    assert not left.exists(), "an account is still leased"
    assert not CustomerWrite.objects.filter(state=DeliveryState.SENDING).exists()


def check_quiet(history: CustomerHistory) -> None:
    """Nothing is written into Bling when the systems say again what they said, and another round is made."""
    before = written(history)
    history.say_again()
    assert written(history) == before, "a quiet round wrote into Bling"


def written(history: CustomerHistory) -> dict[str, int]:
    calls = history.company.bling.calls
    return {name: count for name, count in calls.items() if name.split()[0] in ("POST", "PUT") and "contatos" in name}
