"""Send one bill of another system as a sales order: created once, changed while nothing followed from it in Bling."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial

import structlog
from django.db import transaction
from django.db.models import QuerySet

from integrations.bling import order_bodies
from integrations.bling.client import BlingClient
from integrations.bling.order_bodies import Filled
from integrations.bling.whole_orders import WholeOrder
from integrations.bling.writer import BlingWriter, is_identical
from integrations.domain.bodies import fingerprint_of
from integrations.domain.calendar import around
from integrations.domain.delivery import DeliveryState, Operation, Outcome
from integrations.domain.names import fold
from integrations.domain.orders import DesiredOrder
from integrations.domain.reasons import Problem, Reason
from integrations.domain.titles import Origin, TitleStatus
from integrations.models import BlingAttempt, BlingProduct, CatalogItem, ContactWrite, CustomerWrite, OrderWrite, Title
from integrations.models.outbox import NO_REASON, stored
from integrations.models.registers import CatalogKind
from integrations.pipeline.access import failpoints
from integrations.pipeline.outbox import record
from integrations.pipeline.outbox.claim import Claimed, claim
from integrations.pipeline.outbox.destination import Clock
from integrations.pipeline.outbox.lookup import LookUp
from integrations.pipeline.to_bling.bling import BLING, note_allowed
from integrations.rest.errors import (
    ApiError,
    ConflictError,
    NamedConflictError,
    NotFoundError,
    RejectedError,
    TransientError,
)

log = structlog.get_logger(__name__)

KEPT_FOR = timedelta(days=1)
"""How long a product that was found by its SKU is known."""
AT_ONCE = 40
"""SKUs of one request."""
MOVED = timedelta(days=90)
"""How far somebody may have moved the due date of a title that was launched from an order."""
CHANGEABLE = (0, 3, 4, 10, 11)
"""Bling's own numbers of an order's status in which it is changed: Em aberto, Em andamento, Venda agenciada, Em
digitação, Verificado. In each other one something followed from it, or may have."""


def send_order(client: BlingClient, writer: BlingWriter, unit: OrderWrite, *, clock: Clock) -> None:
    """Claim one bill, and create its order, or change it."""
    is_new = unit.bling_id is None
    claimed = claim(unit, Operation.CREATE if is_new else Operation.UPDATE, settles=False, now=clock(), to=BLING)
    if claimed is None:
        return
    with record.outcome_of(claimed, clock):
        filled = _filled(client, unit, unit.get_desired(), clock())
        if unit.bling_id is None:
            order_id, outcome = _create(client, writer, claimed, unit, filled, clock)
        else:
            order_id, outcome = unit.bling_id, _change(client, writer, claimed, unit, filled, clock)
        note_allowed(unit)
        _note_shown(client, unit, order_id, None if outcome is Outcome.DELIVERED else filled)
        record.delivered(claimed, remote_id=order_id, held=filled.order, now=clock(), outcome=outcome)
    _look_at_what_was_refused(client, unit, clock)


def look_for(client: BlingClient, unit: OrderWrite, look: LookUp) -> None:
    """Find out whether a write happened whose answer was lost: our reference finds a new order, and a changed one shows
    what was sent. A change that is not there is compared and sent again; it is one, made twice."""
    sent = DesiredOrder.from_json(look.attempt.was_sent)
    if look.attempt.open_surplus is not None:
        look.ask(Problem(Reason.ANOTHER_ID, {"id": str(look.attempt.open_surplus)}))
        return
    if unit.bling_id is not None:
        _look_for_change(client, unit, sent, look)
        return
    found = client.orders_with(unit.reference).whole("GET /pedidos/vendas")
    failpoints.passed("lookup.read")
    if found:
        first = min(row.id for row in found)  # Bling clones an order with its reference: the first one is ours
        _note_shown(client, unit, first, _filled(client, unit, sent, look.clock()))
        look.adopt(sent, first)
    elif look.is_last:
        look.absent()
    else:
        look.again()


def _look_for_change(client: BlingClient, unit: OrderWrite, sent: DesiredOrder, look: LookUp) -> None:
    try:
        whole, filled = _whole(client, unit), _filled(client, unit, sent, look.clock())
    except ConflictError:
        look.absent()  # what is in its way is met, and told, when it is sent again
        return
    failpoints.passed("lookup.read")
    if order_bodies.content_of(whole) != order_bodies.content_wanted(filled):
        look.absent()
        return
    _note(unit, whole, is_ours=True)
    look.adopt(sent, whole.id)


def _create(
    client: BlingClient, writer: BlingWriter, claimed: Claimed, unit: OrderWrite, filled: Filled, clock: Clock
) -> tuple[int, Outcome]:
    """Create an order. What a person had to send again, or Bling refuses as identical, may be there by our reference:
    a list, or a database, that did not show it before proves less than that. Raises the refusal where it is not."""
    found = _adopted(client, unit, filled) if unit.decision else None
    if found is not None:
        return found, Outcome.ADOPTED
    try:
        order_id = writer.create_order(filled, may_send=partial(record.may_send, claimed, clock, filled.order))
    except RejectedError as refusal:
        found = _adopted(client, unit, filled) if is_identical(refusal) else None
        if found is None:
            raise
        return found, Outcome.ADOPTED
    return order_id, Outcome.DELIVERED


def _adopted(client: BlingClient, unit: OrderWrite, filled: Filled) -> int | None:
    """Return the order that has a bill's reference, and is what is wanted. Raises `TransientError` for one that is not:
    it is this bill's from now on, and is compared next."""
    rows = client.orders_with(unit.reference).whole("GET /pedidos/vendas")
    if not rows:
        return None
    whole = client.whole_order(min(row.id for row in rows))
    if order_bodies.is_alike(whole, filled):
        return whole.id
    unread = {"shown_digest": "", "delivered": None, "delivered_fingerprint": ""}
    OrderWrite.objects.filter(pk=unit.pk, bling_id=None).update(bling_id=whole.id, **unread)
    code = "found_otherwise"
    raise TransientError("found by its reference, and otherwise", service=BLING.service, code=code)


def _change(
    client: BlingClient, writer: BlingWriter, claimed: Claimed, unit: OrderWrite, filled: Filled, clock: Clock
) -> Outcome:
    """Change an order to what the bill is now. Raises `ConflictError` where something followed from it in Bling."""
    whole = _whole(client, unit)
    if order_bodies.content_of(whole) == order_bodies.content_wanted(filled) or _is_taken(unit, whole):
        return Outcome.UNCHANGED
    _check_changeable(client, unit, whole, filled)

    def may_send() -> None:
        if _whole(client, unit).raw != whole.raw:
            code = "changed_meanwhile"
            raise TransientError("somebody changed the order meanwhile", service=BLING.service, code=code)
        record.may_send(claimed, clock, filled.order)

    try:
        writer.change_order(whole, filled, may_send=may_send)
    except RejectedError as refusal:
        if not is_identical(refusal) or not order_bodies.is_alike(_whole(client, unit), filled):
            raise
        return Outcome.UNCHANGED
    return Outcome.DELIVERED


def _is_taken(unit: OrderWrite, whole: WholeOrder) -> bool:
    """Say whether a person sent again what the system has not changed since, and the total is the bill's: that the
    order is otherwise is meant so."""
    is_again = (
        unit.decision == OrderWrite.Decision.SEND_AGAIN and unit.desired_fingerprint == unit.delivered_fingerprint
    )
    return is_again and whole.total == unit.total and whole.contact_id == unit.known_contact


def _whole(client: BlingClient, unit: OrderWrite) -> WholeOrder:
    try:
        return client.whole_order(unit.bling_id or 0)
    except NotFoundError as error:
        raise _conflict(Reason.ORDER_GONE) from error


def _check_changeable(client: BlingClient, unit: OrderWrite, whole: WholeOrder, filled: Filled) -> None:
    """Raise `ConflictError` for an order that has an invoice or titles, that ended, or that somebody changed."""
    if whole.invoice_id:
        raise _conflict(Reason.ORDER_INVOICED)
    if whole.status not in CHANGEABLE or _has_titles(client, unit, whole, filled):
        raise _conflict(Reason.ORDER_LAUNCHED)
    if _is_changed(client, unit, whole) and unit.decision != OrderWrite.Decision.OVERWRITE:
        raise _conflict(Reason.ORDER_CHANGED)


def _is_changed(client: BlingClient, unit: OrderWrite, whole: WholeOrder) -> bool:
    """Say whether an order may have been changed by somebody since it was sent: what it showed then is compared, or,
    where that was not read, what was sent."""
    if unit.shown_digest:
        return unit.shown_digest != digest_of(whole)
    before = unit.get_delivered()
    try:
        return before is None or not order_bodies.is_alike(whole, _filled(client, unit, before, unit.accepted_at))
    except ConflictError:  # Bling no longer has what it was sent with
        return True


def _has_titles(client: BlingClient, unit: OrderWrite, whole: WholeOrder, filled: Filled) -> bool:
    """Say whether titles were launched from an order, by the mirror or by Bling itself: it has no filter for that, and
    lists those of the contact."""
    mirrored = Title.objects.filter(connection=unit.connection_id, origin=Origin.SALE, origin_id=whole.id)
    if mirrored.exclude(status=TitleStatus.DELETED).exists():
        return True
    before = unit.get_delivered()
    days = [parcel.due_date for order in (filled.order, before) if order for parcel in order.parcels]
    days += order_bodies.due_dates_of(whole)
    start, end = around(min(days), max(days), MOVED)
    while start <= end:
        until = min(end, start + timedelta(days=364))
        if client.receivables_of(whole.id, whole.contact_id, start, until):
            return True
        start = until + timedelta(days=1)
    return False


def _note_shown(client: BlingClient, unit: OrderWrite, order_id: int, found: Filled | None) -> None:
    """Note what Bling shows of an order after it was sent: whatever it shows otherwise later is somebody's change.
    `found`: what was wanted of one that was not written right now, in which somebody may have changed it since. Where
    it cannot be read now, what was sent is compared later."""
    try:
        whole = client.whole_order(order_id)
    except ApiError as error:
        log.warning("order not read back", unit=unit.pk, error=str(error))
        OrderWrite.objects.filter(pk=unit.pk).update(shown_digest="", shown_total=None)
        return
    _note(unit, whole, is_ours=found is None or order_bodies.is_alike(whole, found))


def _note(unit: OrderWrite, whole: WholeOrder, *, is_ours: bool) -> None:
    digest = digest_of(whole) if is_ours else ""
    shown = {"shown_digest": digest, "order_number": whole.number[:30], "shown_total": whole.total}
    OrderWrite.objects.filter(pk=unit.pk).update(**shown)


def _look_at_what_was_refused(client: BlingClient, unit: OrderWrite, clock: Clock) -> None:
    """Forget the products that a refused order named, and ask a person about its contact where Bling shows that it can
    no longer be used: another bill would be refused as well."""
    refused = OrderWrite.objects.filter(pk=unit.pk, state=DeliveryState.NEEDS_HUMAN, reason=Reason.REFUSED)
    number = unit.known_contact
    if number is None or not refused.exists():
        return
    BlingProduct.objects.filter(connection=unit.connection_id, sku__in=unit.get_desired().skus).delete()
    try:
        is_usable = client.usable_contact(number) is not None
    except ApiError as error:  # "Enviar de novo" asks once more
        log.warning("contact of a refused order not read", unit=unit.pk, error=str(error))
        return
    unknown = BlingAttempt.objects.filter(order__contact=unit.contact, outcome__in=BlingAttempt.UNRESOLVED)
    if not is_usable and unit.bling_id is None and not unknown.exists():
        _ask_whose(unit, refused, number, clock())


def _ask_whose(unit: OrderWrite, refused: QuerySet[OrderWrite], number: int, now: datetime) -> None:
    """Ask a person about a bill's customer, or its contact, whose contact in Bling is gone; the bill waits for that."""
    gone = {"state": DeliveryState.NEEDS_HUMAN, **stored(Problem(Reason.CONTACT_GONE), now)}
    with transaction.atomic():
        if not refused.update(state=DeliveryState.READY, ready_at=now, tries=0, **NO_REASON):
            return
        if unit.customer is not None and unit.customer.bling_id is not None:
            mine = CustomerWrite.objects.filter(pk=unit.customer.pk, bling_id=number)
            mine.filter(state__in=(DeliveryState.DELIVERED, DeliveryState.READY)).update(**gone)
            return
        contact = unit.contact
        found = ContactWrite.objects.filter(pk=contact.pk, state=DeliveryState.DELIVERED, fence=contact.fence)
        found.filter(bling_id=number).update(bling_id=None, create_anyway=False, fence=contact.fence + 1, **gone)


def digest_of(whole: WholeOrder) -> str:
    """Return a name for what an order in Bling is, as far as another system says it."""
    return fingerprint_of([str(part) for part in (*order_bodies.content_of(whole), *order_bodies.rest_of(whole))])


def _filled(client: BlingClient, unit: OrderWrite, wanted: DesiredOrder, now: datetime) -> Filled:
    """Return a bill with Bling's ids of what it names. Raises `NamedConflictError` for what Bling does not have."""
    forms = _forms(unit.connection_id, {parcel.form for parcel in wanted.parcels})
    products = _products(client, unit.connection_id, wanted.skus, now)
    return Filled(wanted, unit.known_contact or 0, products, forms)


def _forms(connection_id: int, names: Iterable[str]) -> Mapping[str, int]:
    """Return payment forms for receipts by the names that a bill has for them; there is no default, for an order that
    says "Pix" is not to be booked as cash."""
    rows = CatalogItem.objects.filter(connection=connection_id, kind=CatalogKind.PAYMENT_FORM, is_gone=False)
    usable = [row for row in rows if row.is_active and row.nature != "expense"]
    found = {}
    for name in sorted(names):
        same = [row.bling_id for row in usable if fold(row.name) == fold(name)]
        if len(same) != 1:
            raise _named(Reason.PAYMENT_FORM_UNKNOWN, name)
        found[name] = same[0]
    return found


def _products(client: BlingClient, connection_id: int, skus: list[str], now: datetime) -> Mapping[str, int]:
    """Return products by their SKUs: those that were found within a day, and else those that Bling finds now, active
    and each the only one of its SKU."""
    known = BlingProduct.objects.filter(connection=connection_id, sku__in=skus, read_at__gt=now - KEPT_FOR)
    found = dict(known.values_list("sku", "bling_id"))
    missing = [sku for sku in skus if sku not in found]
    for first in range(0, len(missing), AT_ONCE):
        asked = missing[first : first + AT_ONCE]
        rows = client.products(asked).whole("GET /produtos")
        for sku in asked:
            same = [row.id for row in rows if row.codigo == sku and row.situacao == "A"]
            if len(same) != 1:
                raise _named(Reason.PRODUCT_UNKNOWN, sku)
            found[sku] = same[0]
            BlingProduct.objects.update_or_create(
                connection_id=connection_id, sku=sku, defaults={"bling_id": same[0], "read_at": now}
            )
    return found


def _conflict(reason: Reason) -> ConflictError:
    return ConflictError(reason.value, service=BLING.service, operation="GET /pedidos/vendas/{id}", code=reason.value)


def _named(reason: Reason, name: str) -> ConflictError:
    return NamedConflictError(name, service=BLING.service, operation="POST /pedidos/vendas", code=reason.value)
