"""Commands: what people ask for about titles. Each call checks, and writes who and why; the stages do the rest."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

import structlog
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from integrations.domain.calendar import day_of
from integrations.domain.conflicts import is_in_closed_month
from integrations.domain.delivery import IN_FLIGHT, DeliveryState
from integrations.domain.desired import KaminoStatus
from integrations.domain.discrepancies import DiscrepancyKind
from integrations.domain.money import ZERO
from integrations.domain.reasons import Reason
from integrations.domain.titles import NOT_OWED, Direction
from integrations.models import (
    Attempt,
    BlingConnection,
    ForcedSettlement,
    KaminoConnection,
    KaminoItem,
    PartPosting,
    PersonAction,
    PersonPosting,
    PlanRequest,
    Posting,
    StoredDiscrepancy,
    SyncRun,
    Tenant,
    Title,
    TitleRead,
)
from integrations.models.connections import ConnectionStatus
from integrations.models.deliveries import MAY_END_THERE
from integrations.models.locks import lock_until_commit
from integrations.models.outbox import NO_REASON, Priority
from integrations.models.registers import KaminoKind
from integrations.pipeline.desk.refusal import Refused, need_reason
from integrations.pipeline.handover import sales_orders
from integrations.pipeline.handover.plan_requests import request_plans
from integrations.pipeline.read.schedule import open_run

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class SyncRequest:
    """How many connections will run, run already, or cannot run."""

    queued: int
    already_running: int
    not_connected: int


@dataclass(frozen=True)
class ResyncRequest:
    """How many titles will be read again, how many a person has excluded, and how many Bling cannot be asked for."""

    queued: int
    ignored: int
    not_connected: int


def request_sync(
    *, connections: Iterable[BlingConnection], user: User | None, now: datetime, is_full: bool = False
) -> SyncRequest:
    """Open a run for each connection that can run; what waits for something to end in Kamino is looked at there now,
    where a person asked."""
    connections = list(connections)
    if user is not None:
        stuck = Posting.objects.filter(MAY_END_THERE, ready_at__gt=now, title__connection__in=connections)
        stuck.update(ready_at=now)
    queued = running = unconnected = 0
    for connection in connections:
        if connection.status != ConnectionStatus.CONNECTED:
            unconnected += 1
        elif open_run(
            connection,
            trigger=SyncRun.Trigger.PERSON if user else SyncRun.Trigger.COMMAND,
            due_at=now,
            now=now,
            is_full=is_full,
            user_id=user.pk if user else None,
        ):
            queued += 1
        else:
            # The person asks for now: a run that only waits for its slot or a retry starts at once.
            unfinished = SyncRun.objects.filter(connection=connection, state=SyncRun.State.OPEN)
            unfinished.filter(due_at__gt=now).update(due_at=now, **({"is_full": True} if is_full else {}))
            if user is not None:
                unfinished.filter(not_before__gt=now).update(not_before=None)
            running += 1
    return SyncRequest(queued, running, unconnected)


def request_reconciliation(*, tenants: QuerySet[Tenant], user: User, now: datetime) -> int:
    """Ask for Kamino's titles to be read and compared once more; returns for how many companies. It begins once
    nothing waits to be sent, and within Kamino's limit of requests."""
    kaminos = KaminoConnection.objects.filter(tenant__in=tenants, tenant__is_active=True, is_paused=False)
    log.info("reconciliation asked for", user=user.pk)
    return kaminos.update(reconcile_asked_at=now)


def request_resync(*, titles: QuerySet[Title], user: User, now: datetime) -> ResyncRequest:
    """Ask for titles to be read from Bling now, with their payments, contact and sales order, and sent to Kamino with
    priority."""
    ignored = titles.filter(posting__state=DeliveryState.IGNORED).count()
    wanted = titles.exclude(posting__state=DeliveryState.IGNORED)
    not_connected = wanted.exclude(connection__status=ConnectionStatus.CONNECTED).count()
    wanted = wanted.filter(connection__status=ConnectionStatus.CONNECTED)
    with transaction.atomic():
        rows = [
            TitleRead(title_id=pk, read_at=read_at, asked_at=now, is_asked_by_person=True)
            for pk, read_at in wanted.order_by("pk").values_list("pk", "read_at")
        ]
        asked = ["asked_at", "is_asked_by_person"]
        TitleRead.objects.bulk_create(rows, update_conflicts=True, unique_fields=["title"], update_fields=asked)
        postings = Posting.objects.filter(title__in=wanted)
        _note_all(postings, PersonAction.Kind.RESYNC, user, now)
        postings.update(priority=Priority.PERSON)
    return ResyncRequest(len(rows), ignored, not_connected)


def retry_delivery(*, postings: QuerySet[Posting], user: User, now: datetime) -> int:
    """Plan postings that need a person again, or whose customer or supplier does, and send what nothing speaks
    against."""
    stuck = {"state": DeliveryState.NEEDS_HUMAN}
    parts = PartPosting.objects.filter(posting__in=postings, **stuck)
    waits = Q(state=DeliveryState.HELD, kamino_id=None, title__person__posting__state=DeliveryState.NEEDS_HUMAN)
    wanted = postings.filter(Q(**stuck) | waits | Q(pk__in=parts.values("posting")))
    titles = Title.objects.filter(posting__in=list(wanted.values_list("pk", flat=True)))
    with transaction.atomic():
        planned = request_plans(titles, now=now, priority=Priority.PERSON)  # first: planning locks in the same order
        _note_all(wanted, PersonAction.Kind.RETRY, user, now)
        persons = PersonPosting.objects.filter(person__titles__in=titles, **stuck).exclude(reason=Reason.NO_RECORD)
        for model, rows in ((PersonPosting, persons), (PartPosting, parts)):
            again = {"state": DeliveryState.READY, "tries": 0, "ready_at": now, **NO_REASON}
            model.objects.filter(pk__in=list(rows.values_list("pk", flat=True)), **stuck).update(**again)
    return planned


def use_bling(*, posting: Posting, reason: str, user: User, now: datetime) -> None:
    """Let Kamino have the text and the classification that Bling and the mappings give a title, whatever people changed
    there. Raises `Refused` for a title that is not open there or is booked in a closed month, and where nobody can see
    what it is there."""
    need_reason(reason)
    with transaction.atomic():
        plan_now(posting, now)
        rows = Posting.objects.select_for_update(of=("self",)).select_related("kamino_connection__tenant")
        locked = rows.get(pk=posting.pk)
        delivered = locked.get_delivered()
        if locked.state in IN_FLIGHT:
            raise Refused("in_flight", _("A delivery of this title is under way or unconfirmed. Try again later."))
        if delivered is None or delivered.status is not KaminoStatus.PENDING or locked.kamino_id is None:
            raise Refused("settled", _("This title is not open in Kamino: it is not rewritten there."))
        if is_in_closed_month(locked.kamino_connection.tenant.closed_until, delivered):
            raise Refused("closed", _("This title belongs to a closed month: nothing of it is written in Kamino."))
        if not locked.kamino_connection.has_list(Direction(locked.direction)):
            raise Refused("no_list", _("Kamino has no list of these titles: nobody can see what it is there."))
        note(locked, PersonAction.Kind.USE_BLING, reason, user, now)


def _note_all(postings: QuerySet[Posting], kind: str, user: User, now: datetime) -> None:
    PersonAction.objects.bulk_create(
        PersonAction(posting_id=pk, kind=kind, user=user, at=now) for pk in postings.values_list("pk", flat=True)
    )


def note(posting: Posting, kind: str, reason: str, user: User, now: datetime) -> PersonAction:
    return PersonAction.objects.create(posting=posting, kind=kind, reason=reason.strip(), user=user, at=now)


def force_settlement(
    *,
    posting: Posting,
    date: date,
    amount: Decimal,
    account: KaminoItem,
    reason: str,
    user: User,
    now: datetime,
    interest: Decimal = ZERO,
    discount: Decimal = ZERO,
    together: Decimal = ZERO,
) -> ForcedSettlement:
    """Order a settlement in Kamino that Bling does not show. Raises `Refused`; never orders a second one.

    `amount` is the money that moved; interest and discount go into the note; `together` is what all titles of one bulk
    order are worth. Above the limit, to which all that one person orders within a day for one company counts, the order
    awaits somebody else's approval (`pipeline/desk/approvals`).
    """
    need_reason(reason)
    if amount <= ZERO or min(interest, discount) < ZERO:
        raise Refused("amount", _("The amount must be greater than zero."))
    if date > day_of(now):
        raise Refused("date", _("The payment date is yet to come. A settlement says that money has moved."))
    with transaction.atomic():
        plan_now(posting, now)  # first: planning locks in the same order
        locked = Posting.objects.select_for_update(of=("self",)).select_related("title").get(pk=posting.pk)
        refuse_settlement(locked, account)
        limit = locked.kamino_connection.tenant.force_limit
        today = _ordered_today(user, locked.kamino_connection.tenant_id, now)
        worth = max(today + max(amount, locked.title.value), together)
        try:
            with transaction.atomic():
                forced = ForcedSettlement.objects.create(
                    posting=locked, date=date, amount=amount, interest=interest, discount=discount, account=account,
                    reason=reason.strip(), user=user, created_at=now,
                    awaits_approval=limit is not None and worth > limit,
                )  # fmt: skip
        except IntegrityError:
            raise Refused("exists", _("A settlement was already forced for this title.")) from None
        note(locked, PersonAction.Kind.FORCE, reason, user, now)
    return forced


def _ordered_today(user: User, tenant_id: int, now: datetime) -> Decimal:
    """Return what a person has forced for a company within a day without anybody's approval. Whoever asks at the same
    time for the same person and company waits, so that two orders never both leave the other one out."""
    lock_until_commit(f"forced {user.pk} {tenant_id}")
    lately = ForcedSettlement.objects.in_force().filter(created_at__gt=now - timedelta(days=1))
    mine = lately.filter(user=user, approved_at=None, posting__kamino_connection__tenant=tenant_id)
    worth = mine.annotate(worth=Greatest("amount", "posting__title__value"))
    return worth.aggregate(total=Sum("worth"))["total"] or ZERO


def refuse_settlement(posting: Posting, account: KaminoItem) -> None:
    """Raise `Refused` when a locked posting cannot be settled by hand, or not on this account."""
    delivered = posting.get_delivered()
    if account.connection_id != posting.kamino_connection_id or account.kind != KaminoKind.BANK_ACCOUNT:
        raise Refused("account", _("Choose a bank account of this company."))
    if posting.state in IN_FLIGHT:
        raise Refused("in_flight", _("A delivery of this title is under way or unconfirmed. Try again later."))
    if posting.state == DeliveryState.IGNORED:
        raise Refused("ignored", _("This title is not to be synced. Take that back first."))
    if posting.title.status in NOT_OWED:
        raise Refused("gone", _("Bling cancelled or deleted this title: no settlement of it is sent."))
    if delivered is not None and delivered.status is not KaminoStatus.PENDING:
        raise Refused("settled", _("This title is already settled or cancelled in Kamino."))
    if posting.attempts.filter(outcome__in=Attempt.UNRESOLVED).exists():
        raise Refused("unresolved", _("An earlier delivery of this title has no known outcome. Clear that up first."))
    if posting.attempts.filter(settles=True, outcome__in=["delivered", "adopted"]).exists():
        raise Refused("settled", _("A settlement of this title was already sent."))


def undo_forced_settlement(*, forced: ForcedSettlement, user: User, now: datetime) -> None:
    """Undo a forced settlement that was not sent. Raises `Refused` otherwise: see
    `live_kamino.undo_settlement`."""
    with transaction.atomic():
        plan_now(forced.posting, now)
        posting = Posting.objects.select_for_update(of=("self",)).get(pk=forced.posting_id)
        delivered = posting.get_delivered()
        if posting.state in IN_FLIGHT:
            raise Refused("in_flight", _("A delivery of this title is under way or unconfirmed. Try again later."))
        if delivered is not None and delivered.status is KaminoStatus.SETTLED:
            raise Refused("sent", _("Kamino already shows the settlement. Reopen it there by hand, then undo it here."))
        if posting.attempts.filter(outcome__in=Attempt.UNRESOLVED).exists():
            raise Refused("unresolved", _("An earlier delivery of this title has no known outcome: clear that first."))
        undone = ForcedSettlement.objects.filter(pk=forced.pk, undone_at=None).update(undone_at=now, undone_by=user)
        if not undone:
            raise Refused("undone", _("This settlement was already taken back."))
        # What is ready is the settlement that was just undone: it must not be sent before the next plan.
        Posting.objects.filter(pk=posting.pk, state=DeliveryState.READY).update(
            state=DeliveryState.HELD, fence=F("fence") + 1
        )
        note(posting, PersonAction.Kind.UNDO_FORCE, "", user, now)


def set_ignored(*, posting: Posting, ignored: bool, reason: str, user: User, now: datetime) -> None:
    """Exclude a title from syncing, or take that back. Raises `Refused` while a delivery is under way."""
    need_reason(reason)
    with transaction.atomic():
        plan_now(posting, now)
        locked = Posting.objects.select_for_update(of=("self",), no_key=True).get(pk=posting.pk)
        missing = StoredDiscrepancy.objects.filter(posting=locked, kind=DiscrepancyKind.MISSING_IN_KAMINO)
        if locked.state in IN_FLIGHT:
            raise Refused("in_flight", _("A delivery of this title is under way or unconfirmed. Try again later."))
        if ignored and locked.state == DeliveryState.IGNORED:
            raise Refused("already_ignored", _("This title is excluded already."))
        if ignored:
            Posting.objects.filter(pk=locked.pk).update(state=DeliveryState.IGNORED, fence=F("fence") + 1)
            with StoredDiscrepancy.one_writer(posting.kamino_connection_id):  # Kamino may lack what nobody syncs
                missing.filter(closed_at=None).update(closed_at=now, accepted_at=now)
            note(locked, PersonAction.Kind.IGNORE, reason, user, now)
        else:
            moved = Posting.objects.filter(pk=locked.pk, state=DeliveryState.IGNORED).update(
                state=DeliveryState.HELD, fence=F("fence") + 1
            )
            if not moved:
                raise Refused("not_ignored", _("This title is not excluded."))
            with StoredDiscrepancy.one_writer(posting.kamino_connection_id):
                missing.update(accepted_at=None)
            note(locked, PersonAction.Kind.UNIGNORE, reason, user, now)


def plan_now(posting: Posting, now: datetime) -> None:
    of_whom = {"connection_id": posting.title.connection_id}
    PlanRequest.objects.update_or_create(
        title_id=posting.title_id, defaults={"asked_at": now, "priority": Priority.PERSON, **of_whom}
    )


def read_orders_soon(connection: BlingConnection, *, now: datetime) -> None:
    """Order a run where the mappings now ask for sales orders that nobody read: titles wait for them."""
    if sales_orders.awaited(connection).exists():
        request_sync(connections=[connection], user=None, now=now)


def filters_changed(*, connection_id: int, now: datetime) -> int:
    """Plan the titles of a connection whose filters changed; returns how many. What was sent is not taken back."""
    return request_plans(Title.objects.filter(connection=connection_id), now=now)


def tenant_changed(*, tenant_id: int, now: datetime) -> int:
    """Plan all titles of a company after one of its rules changed (dates, filters); settled ones stay as they are."""
    return request_plans(Title.objects.filter(connection__tenant=tenant_id), now=now)
