"""What a willing account shows of Bling's writes that no page says. Everything is one centavo and deleted again."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

from integrations.bling import bodies
from integrations.bling.client import BlingClient, Listing
from integrations.bling.writer import BlingWriter
from integrations.domain.money import CENT
from integrations.domain.payables import DesiredContact, DesiredPayable, DesiredSettlement
from integrations.domain.titles import Direction, TitleFacts
from integrations.rest.errors import ApiError, NotFoundError, RejectedError, UncertainError

CONTACT = DesiredContact(name="Teste de integração Bling", kind="J")
FAR = timedelta(days=400)
"""How far ahead the payables are due: no list of what is to be paid soon shows them."""
REFUSED = "refused"
NOBODY = 1
"""An id that no object has."""


@dataclass(frozen=True)
class Seen:
    """What one probe showed. `ok`: it is known now, whichever way; `what` says which."""

    name: str
    ok: bool
    what: str


class WriteProbe:
    """Tries what `docs/bling-writes.md` calls not known. `category_id` is a category for expenses, `account_id` the
    bank account from which a payable is settled, 0 where none is known.

    What it makes is deleted by `remove_all`, whatever happened before; the contact stays (Bling deletes none by its id)
    and is found again the next time.
    """

    def __init__(
        self, client: BlingClient, writer: BlingWriter, *, category_id: int, account_id: int, today: date
    ) -> None:
        self._client, self._writer = client, writer
        self._contact_id, self._account_id, self._today = 0, account_id, today
        self._plain = DesiredPayable(
            value=CENT, due_date=today + FAR, issue_date=today, competence_date=today, document_number="PROBE",
            history=CONTACT.name, category_id=category_id,
        )  # fmt: skip
        self._made: list[int] = []
        self._before: set[int] = set()

    def run(self) -> Iterator[Seen]:
        """Yield what was seen, one probe after the other; ends at the first that says that nothing can be written."""
        try:
            yield Seen("contact", True, self._find_or_make_contact())
            self._before = set(self._far_payables())
            yield Seen("payable", True, f"made as {self._make({})}")
        except ApiError as error:
            yield Seen("writing", False, _unproved(error))
            return
        same = {"numeroDocumento": "PROBE"}
        yield self._tried("the same payable again", same, lambda facts: "taken: Bling refuses no repeat")
        for length in (255, 1_000, 5_000):
            text = f"{CONTACT.name} ".ljust(length, "x")
            yield self._tried(f"historico of {length}", {"historico": text},
                              lambda facts: f"taken, {len(facts.history)} kept")  # fmt: skip
        for length in (25, 29, 60):
            number = "P".ljust(length, "9")
            yield self._tried(f"numeroDocumento of {length}", {"numeroDocumento": number},
                              lambda facts: f"taken, {len(facts.document_number)} kept")  # fmt: skip
        yield self._tried(
            "weekly, day 1, due on a Sunday", self._weekly(), lambda facts: f"taken, due {facts.due_date}"
        )
        for name, wrong in self._wrong().items():
            yield self._tried(name, wrong, lambda facts: "taken, though it is wrong")
        yield self._tried(
            "two installments of 0.02", self._installments(), lambda facts: f"taken, the named one is {facts.value}"
        )
        yield from self._changed()
        yield from self._settled()

    def remove_all(self) -> list[Seen]:
        """Undo the settlements, delete the payables that were made, and return what became of each; those that stay are
        named. Payables of the test contact that appeared meanwhile and have its text, such as further installments, are
        deleted too."""
        if not self._contact_id:
            return []
        also, done = self._also_made()
        for number in [*self._made, *also]:
            done += [*self._undone(number), self._removed(number)]
        left = self._also_made()[0]
        return done + [Seen(f"payable {number}", False, "still shown: delete it in Bling") for number in left]

    def _also_made(self) -> tuple[list[int], list[Seen]]:
        """Return the payables of the test contact that no answer named, and those of which nobody knows whose they
        are."""
        ours, unknown = [], []
        try:
            for number in self._far_payables():
                if number in self._before or number in self._made:
                    continue
                if self._client.title(Direction.PAYABLE, number).history.startswith(CONTACT.name):
                    ours.append(number)
                else:
                    unknown.append(Seen(f"payable {number}", False, "of the test contact, with another text: look"))
        except ApiError as error:
            unknown.append(Seen("payables of the test contact", False, f"look for them in Bling: {error}"))
        return ours, unknown

    def _far_payables(self) -> list[int]:
        """Return the payables of the test contact of at most two centavos that are due where a probe's are."""
        start, end = self._plain.due_date - timedelta(days=31), self._plain.due_date + 2 * FAR
        found = []
        while start < end:  # Bling lists at most a year
            until = min(start + timedelta(days=360), end)
            listing = Listing(Direction.PAYABLE, "due", start, until, contact_id=self._contact_id)
            rows = [row for page in self._client.title_pages(listing) for row in page.whole("GET /contas/pagar")]
            found += [row.bling_id for row in rows if row.contact_id == self._contact_id and row.value <= 2 * CENT]
            start = until + timedelta(days=1)
        return list(dict.fromkeys(found))

    def _undone(self, number: int) -> list[Seen]:
        """Undo the payments that one of our payables shows, each where it holds nothing else."""
        facts = None
        with suppress(ApiError):
            facts = self._shows(number)
        return [self._undone_one(bordero) for bordero in (facts.bordero_ids if facts else ())]

    def _undone_one(self, number: int) -> Seen:
        name = f"undo settlement {number}"
        try:
            shown = self._client.bordero(number)
            if [(line.contact_id, line.amount) for line in shown.lines] != [(self._contact_id, CENT)]:
                return Seen(name, False, "it holds other payments too: undo the one of the test in Bling")
            self._writer.remove_bordero(number, may_send=_always)
        except ApiError as error:
            return Seen(name, False, f"undo it in Bling: {error}")
        return Seen(name, True, "gone")

    def _removed(self, number: int) -> Seen:
        name = f"delete payable {number}"
        try:
            if self._shows(number) is None:
                return Seen(name, True, "gone")
            self._writer.remove_payable(number, may_send=_always)
            gone = not self._shows(number)
        except ApiError as error:
            return Seen(name, False, f"delete it in Bling: {error}")
        return Seen(name, gone, "gone" if gone else "still shown: delete it in Bling")

    def _find_or_make_contact(self) -> str:
        rows = self._client.contacts_named(CONTACT.name).whole("GET /contatos")
        found = next((row.id for row in rows if row.nome == CONTACT.name and row.is_usable), None)
        self._contact_id = found or self._writer.create_contact(CONTACT, type_ids=(), may_send=_always)
        return f"{'found' if found else 'made'} as {self._contact_id}; it stays"

    def _make(self, changes: Mapping[str, Any]) -> int:
        body = {**bodies.payable(self._plain, contact_id=self._contact_id), **changes}
        number = self._writer.create_payable_as(body, may_send=_always)
        self._made.append(number)
        return number

    def _tried(self, name: str, changes: Mapping[str, Any], told: Callable[[TitleFacts], str]) -> Seen:
        """Make one payable with `changes` of its body; what Bling shows of it is `told`."""
        return _seen(name, lambda: told(self._client.title(Direction.PAYABLE, self._make(changes))))

    def _changed(self) -> Iterator[Seen]:
        """Try what a change does to fields that it does not name: of a payable, and of the test contact."""
        body = bodies.payable(self._plain, contact_id=self._contact_id)
        body = {name: value for name, value in body.items() if name != "historico"}
        payable, contact = ("/contas/pagar", self._made[0]), ("/contatos", self._contact_id)
        known = {"nome": CONTACT.name, "tipo": CONTACT.kind, "situacao": bodies.ACTIVE}
        yield self._after("payable changed without historico", *payable, body)
        yield self._after("contact changed by one field", *contact, {"fantasia": "Teste"})
        yield self._after("contact changed, ie without indicadorIe", *contact, {**known, "ie": "110042490114"})

    def _after(self, name: str, path: str, number: int, body: Mapping[str, Any]) -> Seen:
        """Change something by `body`; what else is different afterwards is told."""
        title = partial(self._client.title, Direction.PAYABLE, number)
        read: Callable[[], Any] = partial(self._client.contact, number) if path == "/contatos" else title

        def change() -> str:
            before = asdict(read())
            self._writer.change_as(path, number, body, may_send=_always)
            after = asdict(read())
            changed = ", ".join(field for field in before if before[field] != after[field])
            return f"taken; different now: {changed or 'nothing'}"

        return _seen(name, change)

    def _settled(self) -> Iterator[Seen]:
        """Settle one payable twice, then try to delete it."""
        if not self._account_id:
            yield Seen("settlement", False, "no bank account is known: sync this company first")
            return
        try:
            number = self._make({"numeroDocumento": "PROBE BAIXA"})
        except ApiError as error:
            yield Seen("settlement", False, _unproved(error))
            return
        # Far ahead, so that Bling has nothing to group it with; where it takes no such day, today.
        first = self._paid("settlement, far ahead", number, self._plain.due_date)
        yield first
        if first.ok and first.what.startswith(REFUSED):
            first = self._paid("settlement, today", number, self._today)
            yield first
        if first.ok and not first.what.startswith(REFUSED):
            yield self._paid("the same settlement again", number, self._plain.due_date)
            yield self._deleted_while_settled(number)

    def _paid(self, name: str, number: int, day: date) -> Seen:
        settlement = DesiredSettlement(
            number, day, account_id=self._account_id, category_id=self._plain.category_id, history=CONTACT.name
        )

        def settle() -> str:
            bordero = self._writer.settle_payable(settlement, may_send=_always)
            facts = self._client.title(Direction.PAYABLE, number)
            return f"taken as {bordero}; payments {list(facts.bordero_ids)}, open {facts.balance}"

        return _seen(name, settle)

    def _deleted_while_settled(self, number: int) -> Seen:
        def delete() -> str:
            self._writer.remove_payable(number, may_send=_always)
            return "still shown" if self._shows(number) else "taken: it is gone, with its payment"

        return _seen("delete a settled payable", delete)

    def _installments(self) -> dict[str, Any]:
        return {"valor": float(2 * CENT), "ocorrencia": bodies.installments(day=self._plain.due_date.day, count=2)}

    def _shows(self, number: int) -> TitleFacts | None:
        with suppress(NotFoundError):
            return self._client.title(Direction.PAYABLE, number)
        return None

    def _weekly(self) -> dict[str, Any]:
        due = self._plain.due_date
        sunday = due + timedelta(days=6 - due.weekday())
        return {"vencimento": str(sunday), "ocorrencia": bodies.weekly(day=1)}

    def _wrong(self) -> dict[str, dict[str, Any]]:
        return {
            "without valor": {"valor": None},
            "unknown contato": {"contato": {"id": NOBODY}},
            "unknown categoria": {"categoria": {"id": NOBODY}},
            "unknown portador": {"portador": {"id": NOBODY}},
            "unknown formaPagamento": {"formaPagamento": {"id": NOBODY}},
        }


def _seen(name: str, call: Callable[[], str]) -> Seen:
    """Return what a call showed: what it says of a success, or that Bling refused it."""
    try:
        return Seen(name, True, call())
    except RejectedError as error:
        return Seen(name, True, f"{REFUSED}: {error.message}")
    except ApiError as error:
        return Seen(name, False, _unproved(error))


def _unproved(error: ApiError) -> str:
    """Tell of an answer that proves nothing; what may have been made all the same is a person's to look for."""
    look = f"; look in Bling for a payable of {CENT} of {CONTACT.name}" if isinstance(error, UncertainError) else ""
    return f"{error.kind}: {error}{look}"


def _always() -> None:
    """Let a write be sent: no claim stands behind a probe."""
