"""Settle one payable in Bling: read first, refused where it is not open and whole, sent once."""

from dataclasses import replace
from functools import partial

import structlog

from integrations.bling.client import BlingClient
from integrations.bling.writer import BlingWriter
from integrations.domain.delivery import Operation
from integrations.domain.payables import DesiredSettlement
from integrations.domain.reasons import Problem, Reason
from integrations.domain.titles import Direction, TitleFacts, TitleStatus
from integrations.models import SettlementWrite, Title
from integrations.pipeline.access import failpoints
from integrations.pipeline.outbox import record
from integrations.pipeline.outbox.claim import claim
from integrations.pipeline.outbox.destination import Clock
from integrations.pipeline.outbox.lookup import LookUp
from integrations.pipeline.to_bling.bling import BLING, note_allowed
from integrations.rest.errors import ApiError, ConflictError, NotFoundError, UncertainError

log = structlog.get_logger(__name__)
NO_TEXT = "Baixa"
"""What a settlement says whose payable says nothing: Bling needs a text."""


def settle(client: BlingClient, writer: BlingWriter, unit: SettlementWrite, *, clock: Clock) -> None:
    """Claim one settlement, look at its payable, and settle that."""
    claimed = claim(unit, Operation.SETTLE, settles=True, now=clock(), to=BLING)
    if claimed is None:
        return
    with record.outcome_of(claimed, clock):
        wanted = unit.get_desired()
        body = _as_it_stands(wanted, _shown(client, unit))
        bordero_id = writer.settle_payable(body, may_send=partial(record.may_send, claimed, clock, body))
        note_allowed(unit)
        _check_settled(client, unit)
        record.delivered(claimed, remote_id=bordero_id, held=wanted, now=clock())


def look_for(client: BlingClient, unit: SettlementWrite, look: LookUp) -> None:
    """Find out whether a settlement happened whose answer was lost: the payable had no borderô when it was sent. It
    did where there is one, of the day and account that were sent, and nothing is open; it did not where the payable is
    unchanged twice. A person is asked about everything else: it may have been paid by somebody else meanwhile."""
    surplus = look.attempt.open_surplus
    if surplus is not None:
        look.ask(Problem(Reason.ANOTHER_ID, {"id": str(surplus)}))
        return
    sent = DesiredSettlement.from_json(look.attempt.was_sent)
    if sent.amount is None:
        look.absent()  # what is sent is stored before it leaves, with what was open
        return
    try:
        facts = client.title(Direction.PAYABLE, unit.title_id)
        ours = _bordero_of(client, facts, sent)
    except NotFoundError:
        look.ask(Problem(Reason.PAID_DIFFERENTLY))
        return
    failpoints.passed("lookup.read")
    if ours is not None:
        look.adopt(unit.get_desired(), ours)
    elif not _is_whole(facts) or facts.balance != sent.amount or _is_paid_in_mirror(unit):
        look.ask(Problem(Reason.PAID_DIFFERENTLY))
    elif look.is_last:
        look.absent()
    else:
        look.again()


def _check_settled(client: BlingClient, unit: SettlementWrite) -> None:
    """Raise `UncertainError` where Bling shows something open of a payable that it just said to have settled: what came
    of it is looked up then. Where it shows nothing now, its answer counts."""
    try:
        facts = client.title(Direction.PAYABLE, unit.title_id)
    except ApiError as error:
        log.warning("settled payable not read", unit=unit.pk, error=str(error))
        return
    if facts.status is not TitleStatus.SETTLED or facts.balance != 0:
        raise UncertainError("something is open still", service=BLING.service, code="says_nothing")


def _bordero_of(client: BlingClient, facts: TitleFacts, sent: DesiredSettlement) -> int | None:
    """Return the only borderô of a payable that is settled whole, where it is the one that was sent."""
    if facts.status is not TitleStatus.SETTLED or len(facts.bordero_ids) != 1 or facts.balance != 0:
        return None
    bordero = client.bordero(facts.bordero_ids[0])
    is_ours = (bordero.date, bordero.account_id) == (sent.day, sent.account_id)
    return bordero.bling_id if is_ours else None


def _is_paid_in_mirror(unit: SettlementWrite) -> bool:
    mirrored = {"connection": unit.connection_id, "direction": Direction.PAYABLE, "bling_id": unit.title_id}
    title = Title.objects.filter(**mirrored).first()
    return title is not None and not title.is_untouched


def _is_whole(facts: TitleFacts) -> bool:
    """Say whether Bling shows a payable as open, with nothing of it paid."""
    is_untouched = facts.status is TitleStatus.OPEN and not facts.bordero_ids
    return is_untouched and facts.balance is not None and facts.balance == facts.value > 0


def _shown(client: BlingClient, unit: SettlementWrite) -> TitleFacts:
    """Return a payable that may be settled. Raises `ConflictError` where Bling, or the mirror, shows it as anything but
    open and whole: whoever paid it meanwhile, it is not paid again."""
    try:
        facts = client.title(Direction.PAYABLE, unit.title_id)
    except NotFoundError as error:
        raise _conflict(Reason.NOT_OPEN) from error
    if not _is_whole(facts) or _is_paid_in_mirror(unit):
        raise _conflict(Reason.NOT_OPEN)
    return facts


def _as_it_stands(wanted: DesiredSettlement, facts: TitleFacts) -> DesiredSettlement:
    """Return a settlement with what Bling needs and the payable names. Raises `ConflictError`."""
    account_id = facts.account_id or wanted.account_id
    if wanted.value not in (None, facts.balance):
        raise _conflict(Reason.NOT_OPEN)
    if not account_id:
        raise _conflict(Reason.BANK_ACCOUNT_MISSING)
    if not facts.category_id:
        raise _conflict(Reason.CATEGORY_MISSING)
    history = facts.history or facts.document_number or NO_TEXT
    return replace(
        wanted, stored=None, amount=facts.balance, account_id=account_id, category_id=facts.category_id, history=history
    )


def _conflict(reason: Reason) -> ConflictError:
    return ConflictError(reason.value, service=BLING.service, operation="GET /contas/pagar/{id}", code=reason.value)
