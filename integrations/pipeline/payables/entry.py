"""Entries: one payable as a person enters it, what is wrong with it, and the titles that it becomes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from integrations.domain.documents import DocumentKind, compact, kind_of
from integrations.domain.names import fold
from integrations.domain.occurrences import FENCED, MONTHS, MOST_INSTALLMENTS, Parcel, Recurrence, number_of, parcels
from integrations.domain.payables import (
    LARGEST_VALUE,
    MOST_HISTORY,
    MOST_NAME,
    MOST_NUMBER,
    DesiredContact,
    DesiredPayable,
    contact_kind,
    with_marker,
)
from integrations.models import BlingConnection, CatalogItem
from integrations.models.registers import CatalogKind

EARLIEST, LATEST = date(2000, 1, 1), date(2099, 12, 31)


@dataclass(frozen=True)
class Supplier:
    """Whom a payable is owed to: a contact that Bling has (`contact_id`), or one to be found or created. `document` is
    compact; `email` and `known` (all that is known of one, where that is more) serve only a new one."""

    name: str
    document: str = ""
    contact_id: int | None = None
    email: str = ""
    known: DesiredContact | None = None

    def to_contact(self) -> DesiredContact:
        if self.known is not None:
            return self.known
        return DesiredContact(
            name=" ".join(self.name.split()), document=self.document, kind=contact_kind(self.document), email=self.email
        )


@dataclass(frozen=True)
class Entry:
    """One payable as it was entered. Ids are Bling's, 0 for none. `is_total`: the value is that of all `installments`
    together; `day` is the day of the month of later ones, 0 for that of the first."""

    supplier: Supplier
    value: Decimal
    due_date: date
    issue_date: date
    competence_date: date
    document_number: str = ""
    history: str = ""
    category_id: int = 0
    account_id: int = 0
    payment_form_id: int = 0
    recurrence: Recurrence = Recurrence.ONCE
    installments: int = 1
    day: int = 0
    is_total: bool = True

    @property
    def due_day(self) -> int:
        """The day of the month on which it is due again, 0 where it is not repeated by months."""
        return (self.day or self.due_date.day) if self.recurrence in MONTHS else 0

    def parcels(self) -> tuple[Parcel, ...]:
        """Return the titles that are sent: one, or each installment. Raises `ValueError` where there can be none."""
        if self.recurrence is not Recurrence.INSTALLMENTS:
            return (Parcel(1, self.due_date, self.value),)
        return parcels(self.value, self.due_date, self.due_day, self.installments, is_total=self.is_total)

    def desired(self, parcel: Parcel, marker: str) -> DesiredPayable:
        """Return what Bling should hold of one of its titles."""
        is_once = self.recurrence in (Recurrence.ONCE, Recurrence.INSTALLMENTS)
        return DesiredPayable(
            value=parcel.value,
            due_date=parcel.due_date,
            issue_date=self.issue_date,
            competence_date=self.competence_date,
            document_number=number_of(self.document_number, parcel.position, self.installments),
            history=with_marker(self.history, marker),
            category_id=self.category_id,
            account_id=self.account_id,
            payment_form_id=self.payment_form_id,
            recurrence=Recurrence.ONCE if is_once else self.recurrence,
            day=0 if is_once else self.due_day or self.due_date.day,
        )


@dataclass(frozen=True)
class Fault:
    """What is wrong with one field of an entry, as a sentence for who entered it."""

    field: str
    text: str


@dataclass
class Registers:
    """A connection's registers that a payable may name, by Bling's id; read once for all entries of a batch."""

    categories: dict[int, CatalogItem] = field(default_factory=dict)
    accounts: dict[int, CatalogItem] = field(default_factory=dict)
    payment_forms: dict[int, CatalogItem] = field(default_factory=dict)


def registers_of(connection: BlingConnection, hidden: frozenset[int] = frozenset()) -> Registers:
    """Return the registers that payables of a connection may name; `hidden` are categories that the person may not
    see."""
    found = Registers()
    rows = CatalogItem.objects.filter(connection=connection, is_gone=False, is_active=True).exclude(bling_id=0)
    for item in rows.order_by("path", "name", "pk"):
        if item.kind == CatalogKind.CATEGORY and item.nature not in ("income", "transfer"):
            if item.bling_id not in hidden:
                found.categories[item.bling_id] = item
        elif item.kind == CatalogKind.BANK_ACCOUNT:
            found.accounts[item.bling_id] = item
        elif item.kind == CatalogKind.PAYMENT_FORM and item.nature != "income":
            found.payment_forms[item.bling_id] = item
    return found


def faults_of(entry: Entry, connection: BlingConnection, registers: Registers) -> list[Fault]:
    """Return everything that is wrong with an entry, before anything is asked of Bling."""
    return [*_amount_faults(entry), *_supplier_faults(entry.supplier), *_day_faults(entry, connection),
            *_text_faults(entry), *_register_faults(entry, registers)]  # fmt: skip


def _amount_faults(entry: Entry) -> Iterator[Fault]:
    if not 0 < entry.value <= LARGEST_VALUE:
        yield Fault("value", _("The value must be more than zero and at most 999,999,999.99."))
        return
    if entry.recurrence in FENCED:
        yield Fault("recurrence", _("Weekly payables cannot be sent yet: how Bling counts the days is not known."))
    if entry.recurrence is not Recurrence.INSTALLMENTS:
        return
    if not 2 <= entry.installments <= MOST_INSTALLMENTS:
        yield Fault("installments", _("There are 2 to %(most)s installments.") % {"most": MOST_INSTALLMENTS})
        return
    try:
        entry.parcels()
    except ValueError:
        yield Fault("installments", _("So many installments leave less than a cent for each, or end after 2099."))


def _supplier_faults(supplier: Supplier) -> Iterator[Fault]:
    if not supplier.name.strip() or len(supplier.name) > MOST_NAME:
        yield Fault("supplier", _("Give the supplier's name, at most %(most)s characters.") % {"most": MOST_NAME})
    # What Bling has of a contact is not corrected here.
    if supplier.contact_id is None and kind_of(supplier.document) is DocumentKind.INVALID:
        yield Fault("document", _("This is no CPF or CNPJ: its check digits do not fit."))


def _day_faults(entry: Entry, connection: BlingConnection) -> Iterator[Fault]:
    for name in ("due_date", "issue_date", "competence_date"):
        if not EARLIEST <= getattr(entry, name) <= LATEST:
            yield Fault(name, _("The day must be between 2000 and 2099."))
    if not 0 <= entry.day <= 31:
        yield Fault("day", _("The day of the month is one of 1 to 31."))
    if closed := closed_text(connection, entry.competence_date):
        yield Fault("competence_date", closed)


def closed_text(connection: BlingConnection, competence_date: date) -> str:
    """Say that a day lies in a closed month of a connection's company, "" where it does not."""
    closed = connection.tenant.closed_until
    if closed is None or competence_date > closed:
        return ""
    return _("This month is closed: the company is closed until %(day)s.") % {"day": f"{closed:%d/%m/%Y}"}


def _text_faults(entry: Entry) -> Iterator[Fault]:
    if len(entry.document_number) > MOST_NUMBER - (4 if entry.installments > 1 else 0):
        yield Fault("document_number", _("The document number has at most %(most)s characters.")
                    % {"most": MOST_NUMBER - 4 if entry.installments > 1 else MOST_NUMBER})  # fmt: skip
    if len(entry.history) > MOST_HISTORY:
        yield Fault("history", _("The text has at most %(most)s characters.") % {"most": MOST_HISTORY})


def _register_faults(entry: Entry, registers: Registers) -> Iterator[Fault]:
    if entry.category_id not in registers.categories:
        yield Fault("category", _("Choose a category for expenses that Bling has."))
    if entry.account_id and entry.account_id not in registers.accounts:
        yield Fault("account", _("Choose a bank account that Bling has."))
    if entry.payment_form_id and entry.payment_form_id not in registers.payment_forms:
        yield Fault("payment_form", _("Choose a payment form that is active and for payments."))


def is_same_supplier(supplier: Supplier, *, contact_id: int | None, document: str, name: str) -> bool:
    """Say whether a supplier may be the one of another payable: Bling may have several contacts of one CPF/CNPJ."""
    if supplier.contact_id and supplier.contact_id == contact_id:
        return True
    if supplier.document and document:
        return supplier.document == compact(document)
    return not (supplier.contact_id and contact_id) and fold(supplier.name) == fold(name)
