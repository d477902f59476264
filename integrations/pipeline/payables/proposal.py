"""Proposals: what would become of an entry, shown to who entered it before anything is stored."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from integrations.bling.client import BlingClient
from integrations.domain.audit import AuditAction
from integrations.domain.bodies import fingerprint_of
from integrations.domain.documents import DocumentKind, compact, kind_of
from integrations.domain.occurrences import Parcel
from integrations.domain.titles import TitleRow
from integrations.models import BlingConnection
from integrations.models.confidential import Sight
from integrations.pipeline.audit.record import keyed, record
from integrations.pipeline.payables.duplicates import Duplicate, Duplicates, is_to_be_asked, listed_in_bling
from integrations.pipeline.payables.entry import Entry, Fault, Registers, Supplier, faults_of
from integrations.pipeline.payables.live import asking
from integrations.pipeline.payables.suppliers import nearest_persons
from integrations.rest.errors import InternalError

MOST_FOUND = 10
"""Contacts that a person chooses among."""
Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Found:
    """The contacts in Bling that a supplier may be; `is_cut`: there are more than were shown; `unreadable`: how many
    could not be read, of which nobody knows who they are; `is_guess`: Bling found nobody, and these are only alike."""

    suppliers: Sequence[Supplier]
    is_cut: bool
    unreadable: int
    is_guess: bool = False

    @property
    def only_one(self) -> Supplier | None:
        """The one that is meant without doubt, if any."""
        is_sure = len(self.suppliers) == 1 and not self.unreadable and not self.is_guess
        return self.suppliers[0] if is_sure else None


@dataclass(frozen=True)
class Proposal:
    """What would become of an entry: its titles, each with what may be the same already, and what is wrong with it."""

    entry: Entry
    parcels: Sequence[Parcel]
    duplicates: Sequence[Sequence[Duplicate]]
    faults: Sequence[Fault]
    shown: Sequence[TitleRow]

    @property
    def has_duplicates(self) -> bool:
        return any(self.duplicates)

    @property
    def signature(self) -> str:
        """A name for what a person was shown: it differs as soon as anything of it does."""
        found = [[duplicate.to_json() for duplicate in rows] for rows in self.duplicates]
        return fingerprint_of([asdict(self.entry), found])


def find_suppliers(connection: BlingConnection, term: str, *, sight: Sight, clock: Clock) -> Found:
    """Return the contacts that Bling has by a name, CPF or CNPJ, read now; where it finds nobody by a name, those that
    titles name, that somebody may see (`sight`) and that are most like it: Bling need not find a name without its
    accents, or mistyped. Raises `Refused` where the account is not connected, or Bling does not answer."""
    record(
        AuditAction.LIVE_READ, company=connection.tenant, of=connection,
        details={"at": "bling", "person": keyed(term)},
    )  # fmt: skip
    is_document = kind_of(term) in (DocumentKind.CPF, DocumentKind.CNPJ)
    with asking(connection, clock) as client:
        shown = client.contacts_like(term)
        rows = [row for row in shown if row.situacao != "E"]
        if not rows and not shown.odd and not is_document:
            return _guessed(client, nearest_persons(connection, term, sight))
    if is_document:
        rows = [row for row in rows if compact(row.numero_documento) == compact(term)]
    found = [Supplier(row.nome[:120], _document(row.numero_documento), row.id) for row in rows]
    return Found(found[:MOST_FOUND], is_cut=len(found) > MOST_FOUND, unreadable=len(shown.odd))


def _guessed(client: BlingClient, contact_ids: Sequence[int]) -> Found:
    found, unreadable = [], 0
    for contact_id in contact_ids:
        try:
            one = client.usable_contact(contact_id)
        except InternalError:
            unreadable += 1
            continue
        found += [Supplier(one.name[:120], _document(one.document), one.bling_id)] if one else []
    return Found(found, is_cut=False, unreadable=unreadable, is_guess=True)


def propose(connection: BlingConnection, entry: Entry, registers: Registers, *, clock: Clock) -> Proposal:
    """Say what would become of an entry. What is known of its supplier's titles is asked of Bling where it is old.
    Raises `Refused` where Bling does not answer."""
    faults = faults_of(entry, connection, registers)
    if faults:
        return Proposal(entry, (), (), faults, ())
    shown: Sequence[TitleRow] = ()
    if is_to_be_asked(connection, clock()):
        with asking(connection, clock) as client:
            shown = listed_in_bling(client, entry)
    parcels = entry.parcels()
    known = Duplicates(connection, [entry], shown)
    found = [known.of(entry, parcel) for parcel in parcels]
    return Proposal(entry, parcels, found, (), shown)


def _document(written: str) -> str:
    plain = compact(written)
    return plain if len(plain) <= 14 else ""
