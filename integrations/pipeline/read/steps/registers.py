"""Registers: the categories, accounts, payment forms, contact types and sales channels."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import structlog
from django.db import transaction
from django.db.models import Q

from integrations.bling.client import BlingClient
from integrations.bling.errors import ForbiddenError
from integrations.bling.records import CanalVenda, Categoria, FormaPagamento
from integrations.bling.rows import Rows
from integrations.models import BlingConnection, CatalogItem, Title
from integrations.models.registers import CatalogKind
from integrations.pipeline.handover import sales_orders
from integrations.pipeline.handover.pending_mappings import resolve_pending
from integrations.pipeline.read import mirror
from integrations.pipeline.read.batch import Failed, RegisterReading, Registers, What, unreadable
from integrations.pipeline.read.failures import note_failures
from integrations.pipeline.read.steps.step import Step
from integrations.rest.errors import ApiError, InternalError, RateLimitedError, RejectedError, TransientError

log = structlog.get_logger(__name__)

T = TypeVar("T")
REGISTERS_STALE = timedelta(hours=24)
_NATURES = {1: "expense", 2: "income", 3: "both", 4: "transfer", 5: "transfer"}
"""Bling: `tipo` of a category. 4 and 5 are met in real accounts and in no document: transfers, as their names say."""

_PURPOSES = {1: "expense", 2: "income", 3: "both"}
"""Bling: `finalidade` of a payment form (1 payments, 2 receipts, 3 both)."""
_INACTIVE = 0
"""Bling: `situacao` of a payment form."""


class ReadRegisters(Step[BlingConnection, Registers]):
    """Registers that are older than a day, or that a title already outgrew."""

    name = "registers"

    def choose(self) -> Sequence[BlingConnection]:
        connection = self.work.run.connection
        return [connection] if registers_are_stale(connection, self.work.clock()) else []

    def fetch(self, chosen: Sequence[BlingConnection]) -> Registers:
        [connection] = chosen
        needs_channels = partial(sales_orders.are_needed, connection)
        return read_registers(self.work.client, gives_up=self.work.gives_up, needs_channels=needs_channels)

    def save(self, chosen: Sequence[BlingConnection], fetched: Registers) -> bool:
        [connection] = chosen
        now = self.work.clock()
        with transaction.atomic():
            mirror.save_registers(connection, fetched, now=now)
            self.work.hold(**note_failures(self.work.run, fetched.failures))
        if not fetched.unread:
            connection.registers_read_at = now
        for error in fetched.unread:
            self.work.leave_out(error)
        resolve_pending(connection.tenant, now=now)
        return True


def read_registers(
    client: BlingClient, *, gives_up: Callable[[ApiError], bool], needs_channels: Callable[[], bool]
) -> Registers:
    """Read categories with their paths, accounts, payment forms, contact types, sales channels and business units. A
    list that cannot be read stops no other one where `gives_up` says so of its error; sales channels stop nothing, and
    are missed only where they are needed."""
    client.announce_registers()
    unread: list[ApiError] = []

    def read(ask: Callable[[], Rows[T] | None]) -> Rows[T] | None:
        try:
            return ask()
        except ApiError as error:
            if not gives_up(error):
                raise
            unread.append(error)
            return None

    categories = read(client.categories)
    accounts, forms = read(client.accounts), read(client.payment_forms)
    others: dict[CatalogKind, Rows[Any] | None] = {
        CatalogKind.BANK_ACCOUNT: accounts,
        CatalogKind.CONTACT_TYPE: read(client.contact_types),
    }
    found = _categories(categories or [])
    found += [RegisterReading(kind, item.id, item.descricao) for kind, items in others.items() for item in items or []]
    found += [_payment_form(form) for form in forms or []]
    by_kind = {CatalogKind.CATEGORY: categories, CatalogKind.PAYMENT_FORM: forms, **others}
    failures = [failed for items in by_kind.values() if items is not None for failed in _unreadable(items)]
    channels = read(lambda: _sales_channels(client, needs_channels))
    if channels is not None:
        found += _channels(channels)
        by_kind |= {CatalogKind.SALES_CHANNEL: channels, CatalogKind.BUSINESS_UNIT: channels}
        failures += _unreadable(channels)
    complete = frozenset(kind for kind, items in by_kind.items() if items is not None and not items.odd)
    return Registers(found, complete, failures, unread)


def _sales_channels(client: BlingClient, are_needed: Callable[[], bool]) -> Rows[CanalVenda] | None:
    """Return the sales channels; `None` where the app may not read them, or they cannot be read and nothing needs them:
    only some mappings do."""
    try:
        return client.sales_channels()
    except (ForbiddenError, RejectedError, InternalError, TransientError) as error:
        is_refused = isinstance(error, ForbiddenError | RejectedError)
        if isinstance(error, RateLimitedError) or (not is_refused and are_needed()):
            raise
        log.info("sales channels not read", kind=error.kind, error=str(error))
        return None


def _categories(rows: Sequence[Categoria]) -> list[RegisterReading]:
    categories = {category.id: category for category in rows}
    found = []
    for category in categories.values():
        names, parent, guard = [category.descricao], categories.get(category.id_pai), 0
        while parent is not None and guard < 10:
            names.insert(0, parent.descricao)
            parent, guard = categories.get(parent.id_pai), guard + 1
        path, nature = " › ".join(names)[:600], _NATURES.get(category.tipo, "")
        found.append(RegisterReading(CatalogKind.CATEGORY, category.id, category.descricao, path, nature))
    return found


def _payment_form(form: FormaPagamento) -> RegisterReading:
    nature = _PURPOSES.get(form.finalidade, "")
    return RegisterReading(
        CatalogKind.PAYMENT_FORM, form.id, form.descricao, nature=nature, is_active=form.situacao != _INACTIVE
    )


def _unreadable(rows: Rows[Any]) -> list[Failed]:
    return unreadable(What.REGISTER, rows)


def _channels(channels: Rows[CanalVenda]) -> list[RegisterReading]:
    units = {unit.id: unit.nome for channel in channels for unit in channel.unidades if unit.id}
    return [
        *[RegisterReading(CatalogKind.SALES_CHANNEL, channel.id, channel.descricao) for channel in channels],
        *[RegisterReading(CatalogKind.BUSINESS_UNIT, unit_id, name) for unit_id, name in units.items()],
    ]


def registers_are_stale(connection: BlingConnection, now: datetime) -> bool:
    """Say whether registers are older than a day, or a title names one that nobody has seen."""
    if connection.registers_read_at is None or connection.registers_read_at < now - REGISTERS_STALE:
        return True
    known = CatalogItem.objects.filter(connection=connection)
    categories = known.filter(kind=CatalogKind.CATEGORY).values_list("bling_id", flat=True)
    accounts = known.filter(kind=CatalogKind.BANK_ACCOUNT).values_list("bling_id", flat=True)
    recent = Title.objects.filter(connection=connection, changed_at__gte=connection.registers_read_at)
    has_known_account = Q(account_id=0) | Q(account_id__in=accounts)
    return recent.exclude(Q(category_id__in=categories) & has_known_account).exists()
