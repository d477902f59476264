"""Look for a write to Bling whose answer was lost."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from integrations.bling.client import BlingClient, Listing
from integrations.domain.calendar import around
from integrations.domain.payables import DesiredContact, DesiredPayable, marker_of
from integrations.domain.reasons import Problem, Reason
from integrations.domain.titles import Direction, TitleFacts
from integrations.models import ContactWrite, CustomerWrite, OrderWrite, PayableWrite, SettlementWrite, Title, WriteUnit
from integrations.pipeline.access import failpoints
from integrations.pipeline.outbox.destination import Clock
from integrations.pipeline.outbox.lookup import LookUp, look_up
from integrations.pipeline.to_bling import customers, orders, settle
from integrations.pipeline.to_bling.bling import BLING
from integrations.pipeline.to_bling.send import matching
from integrations.rest.errors import NotFoundError

MOVED = timedelta(days=31)
"""How far somebody may have moved the due date of what was just created."""


def resolve(client: BlingClient, unit: WriteUnit, *, clock: Clock) -> None:
    """Look an uncertain unit up; adopt it, let it be sent again, wait for the second look-up, or ask a person."""
    if isinstance(unit, ContactWrite):
        look_up(unit, partial(_contact, client, unit), to=BLING, clock=clock)
    elif isinstance(unit, SettlementWrite):
        look_up(unit, partial(settle.look_for, client, unit), to=BLING, clock=clock)
    elif isinstance(unit, CustomerWrite):
        look_up(unit, partial(customers.look_for, client, unit), to=BLING, clock=clock)
    elif isinstance(unit, OrderWrite):
        look_up(unit, partial(orders.look_for, client, unit), to=BLING, clock=clock)
    else:
        look_up(unit, partial(_payable, client, unit), to=BLING, clock=clock)


def _contact(client: BlingClient, unit: ContactWrite, look: LookUp) -> None:
    """Ours is the only one. Where a person said that it is none of those that Bling has, nobody can tell ours from
    them: a person looks."""
    sent = DesiredContact.from_json(look.attempt.was_sent)
    found = matching(client, sent)
    failpoints.passed("lookup.read")
    if len(found) == 1 and not unit.create_anyway:
        look.adopt(sent, found[0].id)
    elif found:
        look.ask(Problem(Reason.PERSON_FOUND_TWICE))
    elif look.is_last:
        look.absent()
    else:
        look.again()


def _payable(client: BlingClient, unit: PayableWrite, look: LookUp) -> None:
    """Ours is the one that ends with our marker, whatever somebody changed of it by now. One of the same supplier,
    value and time that appeared since, without it, may be ours as well: a person looks."""
    surplus = look.attempt.open_surplus
    if surplus is not None:
        look.ask(Problem(Reason.ANOTHER_ID, {"id": str(surplus)}))
        return
    sent = DesiredPayable.from_json(look.attempt.was_sent)
    shown = _shown(client, unit, sent, look)
    failpoints.passed("lookup.read")
    ours = [facts for facts in shown if marker_of(facts.history) == unit.marker]
    if ours:
        # Bling repeats the text of a recurring payable: the first one is what was sent.
        first = min(ours, key=lambda facts: (facts.due_date != sent.due_date, facts.bling_id))
        look.adopt(sent, first.bling_id)
    elif not look.is_last:
        look.again()
    elif same := [facts for facts in shown if facts.value == sent.value]:
        ids = ", ".join(str(facts.bling_id) for facts in same)
        look.ask(Problem(Reason.FOUND_TWICE, {"ids": ids}))
    else:
        look.absent()


def _shown(client: BlingClient, unit: PayableWrite, sent: DesiredPayable, look: LookUp) -> list[TitleFacts]:
    """Return the payables of the supplier that Bling shows around the due date, and that nobody knew before it was
    sent."""
    start, end = around(sent.due_date, sent.due_date, MOVED)
    listing = Listing(Direction.PAYABLE, "due", start, end, contact_id=unit.known_contact or 0)
    ids = [row.bling_id for page in client.title_pages(listing) for row in page.whole("GET /contas/pagar")]
    known = _known(unit, ids, look)
    found = []
    for bling_id in ids:
        if bling_id not in known:
            try:
                found.append(client.title(Direction.PAYABLE, bling_id))
            except NotFoundError:
                continue  # deleted since the list was made
    return found


def _known(unit: PayableWrite, ids: Sequence[int], look: LookUp) -> set[int]:
    """Return those of some payables that were there before this one was sent, or are others that we sent."""
    mirrored = Title.objects.filter(
        connection=unit.connection_id, direction=Direction.PAYABLE, bling_id__in=ids,
        first_seen_at__lt=look.attempt.started_at,
    )  # fmt: skip
    others = PayableWrite.objects.filter(connection=unit.connection_id, bling_id__in=ids).exclude(pk=unit.pk)
    return {*mirrored.values_list("bling_id", flat=True), *filter(None, others.values_list("bling_id", flat=True))}
