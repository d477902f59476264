"""What a willing account shows of Bling's writes that no page says. Everything is one centavo and deleted again."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from integrations.bling import bodies
from integrations.bling.client import BlingClient
from integrations.bling.writer import BlingWriter
from integrations.domain.money import CENT
from integrations.domain.payables import DesiredContact, DesiredPayable
from integrations.domain.titles import Direction, TitleFacts
from integrations.rest.errors import ApiError, NotFoundError, RejectedError, UncertainError

CONTACT = DesiredContact(name="Teste de integração Bling", kind="J")
FAR = timedelta(days=400)
"""How far ahead the payables are due: no list of what is to be paid soon shows them."""
NOBODY = 1
"""An id that no object has."""


@dataclass(frozen=True)
class Seen:
    """What one probe showed. `ok`: it is known now, whichever way; `what` says which."""

    name: str
    ok: bool
    what: str


class WriteProbe:
    """Tries what `docs/bling-writes.md` calls not known. `category_id` is a category for expenses.

    What it makes is deleted by `remove_all`, whatever happened before; the contact stays (Bling deletes none by its id)
    and is found again the next time.
    """

    def __init__(self, client: BlingClient, writer: BlingWriter, *, category_id: int, today: date) -> None:
        self._client, self._writer = client, writer
        self._contact_id = 0
        self._plain = DesiredPayable(
            value=CENT, due_date=today + FAR, issue_date=today, competence_date=today, document_number="PROBE",
            history=CONTACT.name, category_id=category_id,
        )  # fmt: skip
        self._made: list[int] = []

    def run(self) -> Iterator[Seen]:
        """Yield what was seen, one probe after the other; ends at the first that says that nothing can be written."""
        try:
            yield Seen("contact", True, self._find_or_make_contact())
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

    def remove_all(self) -> list[Seen]:
        """Delete the payables that were made, and return what became of each; those that stay are named."""
        return [self._removed(number) for number in self._made]

    def _removed(self, number: int) -> Seen:
        name = f"delete payable {number}"
        try:
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
        try:
            number = self._make(changes)
            return Seen(name, True, told(self._client.title(Direction.PAYABLE, number)))
        except RejectedError as error:
            return Seen(name, True, f"refused: {error.message}")
        except ApiError as error:
            return Seen(name, False, _unproved(error))

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


def _unproved(error: ApiError) -> str:
    """Tell of an answer that proves nothing; what may have been made all the same is a person's to look for."""
    look = f"; look in Bling for a payable of {CENT} of {CONTACT.name}" if isinstance(error, UncertainError) else ""
    return f"{error.kind}: {error}{look}"


def _always() -> None:
    """Let a write be sent: no claim stands behind a probe."""
