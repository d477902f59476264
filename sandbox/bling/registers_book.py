"""The registers of one Bling account, and how people change them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from threading import RLock
from typing import Any

from sandbox.bling.records import Account, Category, Channel, Contact, PaymentForm, Product, Sale
from sandbox.ground import Ground
from sandbox.wire import Day, Money, as_date, atomic, money

#: (name, tipoPagamento, finalidade: 1 payments, 2 receipts, 3 both)
PAYMENT_FORMS = (
    ("Boleto bancário", 15, 3),
    ("PIX", 17, 3),
    ("Dinheiro", 1, 3),
    ("Cartão de crédito", 3, 3),
    ("Transferência", 18, 3),
)
CONSUMER = "Consumidor Final"


class RegisterBook:
    """Contacts, categories, accounts, payment forms, sales, products and channels.

    Every change raises `version`, which is what cached listings are keyed on.
    """

    def __init__(self, world: Ground, number: int) -> None:
        self.world = world
        self.lock: RLock = world.lock
        self.version = 0
        # Ids have 11 digits, as on older accounts: more than 32 bits hold. Accounts never share one.
        self._next_id = 16_000_000_000 + number * 400_000_000
        self.contacts: dict[int, Contact] = {}
        self.categories: dict[int, Category] = {}
        self.accounts: dict[int, Account] = {}
        self.payment_forms: dict[int, PaymentForm] = {}
        self.sales: dict[int, Sale] = {}
        self.channels: dict[int, Channel] = {}
        self.products: dict[int, Product] = {}
        for name, code, purpose in PAYMENT_FORMS:
            self.add_payment_form(name, code=code, purpose=purpose)
        self.consumer_id = self.add_contact(CONSUMER, kind="F")

    def new_id(self) -> int:
        """Return the next id; gaps are normal, as other customers use up ids too."""
        self._next_id += 7
        return self._next_id

    def touch(self) -> None:
        """Note that something changed."""
        self.version += 1

    @atomic
    def add_contact(
        self,
        name: str,
        document: str = "",
        kind: str = "J",
        fantasia: str = "",
        email: str = "",
        address: dict[str, str] | None = None,
        types: Sequence[str] = ("Cliente",),
        **more: Any,
    ) -> int:
        """Create a contact, changed now, and return its id. `more`: phone, mobile, code, status, category."""
        now = self.world.now()
        contact = Contact(
            id=self.new_id(),
            name=name,
            created=now,
            changed=now,
            document=document,
            kind=kind,
            fantasia=fantasia,
            email=email,
            address=dict(address or {}),
            types=tuple(types),
            **more,
        )
        self.contacts[contact.id] = contact
        self.touch()
        return contact.id

    @atomic
    def edit_contact(self, id: int, **changes: Any) -> int:
        """Change a contact by the keywords of `add_contact`; it then shows up in `dataAlteracao…`."""
        contact = self.contacts[id]
        if "types" in changes:
            changes["types"] = tuple(changes["types"])
        set_known(contact, changes)
        if "changed" not in changes:
            contact.changed = self.world.now()
        self.touch()
        return id

    @atomic
    def age_contact(self, id: int, changed: datetime) -> None:
        """Set when a contact was last changed."""
        self.contacts[id].changed = self.contacts[id].created = changed

    @atomic
    def add_category(self, name: str, kind: int = 1, parent: int = 0, active: bool = True) -> int:
        """Create a category (kind 1 expense, 2 revenue, 3 both) and return its id."""
        category = Category(self.new_id(), name, kind, parent, active)
        self.categories[category.id] = category
        self.touch()
        return category.id

    @atomic
    def edit_category(self, id: int, **changes: Any) -> int:
        """Rename, move, or switch a category on and off."""
        set_known(self.categories[id], changes)
        self.touch()
        return id

    @atomic
    def add_account(self, name: str, kind: str = "banco", active: bool = True) -> int:
        """Create a conta contábil (portador) and return its id."""
        account = Account(self.new_id(), name, kind, active=active)
        self.accounts[account.id] = account
        self.touch()
        return account.id

    @atomic
    def edit_account(self, id: int, **changes: Any) -> int:
        """Rename an account, or switch it on and off."""
        set_known(self.accounts[id], changes)
        self.touch()
        return id

    @atomic
    def add_payment_form(self, name: str, code: int = 99, purpose: int = 3) -> int:
        """Create a payment form and return its id."""
        form = PaymentForm(self.new_id(), name, code, purpose, default=0 if self.payment_forms else 1)
        self.payment_forms[form.id] = form
        self.touch()
        return form.id

    @atomic
    def add_channel(self, name: str, units: Sequence[str] = ()) -> int:
        """Create a sales channel with business units by name and return its id."""
        channel = Channel(self.new_id(), name, [(self.new_id(), unit) for unit in units])
        self.channels[channel.id] = channel
        self.touch()
        return channel.id

    @atomic
    def edit_channel(self, id: int, **changes: Any) -> int:
        """Rename a channel, or give it other business units as (id, name)."""
        set_known(self.channels[id], changes)
        self.touch()
        return id

    @atomic
    def add_sale(
        self, contact: int, total: Money, day: Day | None = None, channel: int = 0, unit: int = 0, category: int = 0
    ) -> int:
        """Create a sales order and return its id; a receivable's `origin` may point at it."""
        sale = Sale(
            self.new_id(),
            1000 + len(self.sales),
            contact,
            as_date(day or self.world.today),
            Decimal(money(total)),
            channel,
            unit,
            category,
        )
        self.sales[sale.id] = sale
        self.touch()
        return sale.id

    @atomic
    def edit_sale(self, id: int, **changes: Any) -> int:
        """Change a sales order as somebody does in Bling."""
        set_known(self.sales[id], changes)
        self.touch()
        return id

    @atomic
    def add_product(self, code: str, name: str = "", *, active: bool = True) -> int:
        """Create a product or service and return its id."""
        product = Product(self.new_id(), code, name or code, active)
        self.products[product.id] = product
        self.touch()
        return product.id

    @property
    def default_form(self) -> int:
        """Return the payment form that a title gets by default."""
        return next(iter(self.payment_forms))


def set_known(record: object, changes: dict[str, Any]) -> None:
    """Set existing attributes; raises TypeError on a name that the record does not have."""
    for name, value in changes.items():
        if name == "id" or not hasattr(record, name):
            raise TypeError(f"{type(record).__name__} has no {name!r}")
        setattr(record, name, value)
