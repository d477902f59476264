"""Bulk: orders for all titles of a filtered list, frozen at the click and worked off in small transactions.

Each chunk commits together with the cursor, so a worker may be killed at any line and nothing is done twice. The
person's companies and permission are checked again each time; without them the order goes no further.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import structlog
from django.contrib.auth.models import User
from django.db import OperationalError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.domain.delivery import IN_FLIGHT, DeliveryState
from integrations.domain.desired import KaminoStatus
from integrations.domain.money import ZERO
from integrations.domain.reasons import Reason
from integrations.domain.seen import Seen
from integrations.domain.titles import TitleStatus
from integrations.models import BulkOrder, ForcedSettlement, KaminoItem, Posting, Tenant, Title, TitleRead
from integrations.models.confidential import holds_confidential
from integrations.models.connections import ConnectionStatus
from integrations.models.outbox import Priority
from integrations.pipeline.access import failpoints
from integrations.pipeline.desk import commands, decisions
from integrations.pipeline.desk.refusal import Refused, need_reason
from integrations.pipeline.handover.plan_requests import request_plans
from integrations.words.refusals import left_out_texts

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
Kind = BulkOrder.Kind
CHUNK = 100
_WHOLE = (TitleStatus.OPEN, TitleStatus.CONFIRMED)
_PAYMENT_UNCLEAR = {
    Reason.PAYMENTS_MISSING,
    Reason.PAYMENT_AMBIGUOUS,
    Reason.PAYMENT_OF_OTHERS,
    Reason.PAYMENTS_DO_NOT_ADD_UP,
}
MOST_TITLES = 20_000
"""Titles of one order: a day of Bling's requests serves five of them."""
PERMISSIONS = {
    Kind.RESYNC: "integrations.resync_title",
    Kind.RETRY: "integrations.resolve_posting",
    Kind.IGNORE: "integrations.resolve_posting",
    Kind.UNIGNORE: "integrations.resolve_posting",
    Kind.CREATE: "integrations.resolve_posting",
    Kind.FORCE: "integrations.force_settlement",
    Kind.UNDO: "integrations.force_settlement",
}
NEEDS_REASON = (Kind.IGNORE, Kind.UNIGNORE, Kind.CREATE, Kind.FORCE)


@dataclass(frozen=True)
class ForceTerms:
    """The day and the bank account on which all titles of an order were paid, each with its whole value."""

    date: date
    account: KaminoItem

    def to_json(self, values: Mapping[int, Decimal]) -> dict[str, object]:
        """Return what an order keeps; `values` are what its titles are worth, in reais, by their keys."""
        return {
            "date": self.date.isoformat(),
            "account": self.account.pk,
            "total": str(sum(values.values(), ZERO)),
            "values": {str(pk): str(value) for pk, value in values.items()},
        }


class ListedTitle(NamedTuple):
    """A title as the list showed it: its company's key, its own, and its value in reais."""

    tenant: int
    pk: int
    value: Decimal


@dataclass(frozen=True)
class Progress:
    """What became of an order so far, as a sentence and in numbers."""

    worked: int
    counted: int
    sentence: str


def order(
    *, kind: str, titles: Iterable[ListedTitle], mark: str, reason: str, key: UUID, user: User, now: datetime,
    terms: ForceTerms | None = None, listed: str = "",
) -> list[BulkOrder]:  # fmt: skip
    """Freeze `titles` as one order per company; a second click on the same page (`key`) returns the orders of the
    first. `mark` is that of the titles that the page showed (`look`), `listed` the query of the list they are from;
    forced settlements need `terms`. Raises `Refused`, also when a title came, went or changed its value since."""
    made = list(BulkOrder.objects.filter(key=key, user=user))
    if made:
        return made
    if kind in NEEDS_REASON:
        need_reason(reason)
    found = sorted(titles)
    refuse_size(len(found))
    if look(found).mark != mark:
        raise Refused("changed", _("The list has changed meanwhile. Look at the new count and sum, and confirm them."))
    ids: dict[int, dict[int, Decimal]] = {}
    for title in found:
        ids.setdefault(title.tenant, {})[title.pk] = title.value
    kept = _terms(terms, ids) if kind == Kind.FORCE else {}
    rows = [
        BulkOrder(
            tenant_id=tenant_id, kind=kind, reason=reason.strip(), user=user, created_at=now, key=key,
            title_ids=list(values), counted=len(values), terms=kept, listed=listed,
            is_confidential=holds_confidential(list(values)),
        )
        for tenant_id, values in ids.items()
    ]  # fmt: skip
    BulkOrder.objects.bulk_create(rows, ignore_conflicts=True)
    return list(BulkOrder.objects.filter(key=key, user=user))


def look(titles: Iterable[ListedTitle]) -> Seen:
    """Return what a page shows of the titles that an order is for: how many, their sum, and which they are."""
    return Seen.of((title.pk, title.value) for title in sorted(titles))


def refuse_size(count: int) -> None:
    """Raise `Refused` for more titles than one order takes, and for none."""
    if count > MOST_TITLES:
        raise Refused("many", _("At most %(most)s titles at a time. Narrow the list down.") % {"most": MOST_TITLES})
    if not count:
        raise Refused("empty", _("The list is empty: nothing was ordered."))


def _terms(terms: ForceTerms | None, ids: Mapping[int, Mapping[int, Decimal]]) -> dict[str, object]:
    """Return the terms of forced settlements as an order keeps them. Raises `Refused`."""
    if terms is None:
        raise Refused("terms", _("Give the day and the bank account."))
    if list(ids) != [terms.account.connection.tenant_id]:
        raise Refused("companies", _("A bank account belongs to one company: choose that one in the filter first."))
    [values] = ids.values()
    return terms.to_json(values)


def orders_due() -> QuerySet[BulkOrder]:
    """Return the orders that are not worked off."""
    return BulkOrder.objects.filter(finished_at=None)


def advance_orders(*, clock: Clock) -> bool:
    """Work off one chunk of each open order; false when nothing could be done now."""
    worked = False
    for pk in orders_due().order_by("created_at").values_list("pk", flat=True)[:20]:
        worked |= advance(pk, now=clock())
    return worked


def advance(order_id: int, *, now: datetime) -> bool:
    """Work off the next chunk of an order, in one transaction; false when somebody else is at it, when it is finished,
    or while titles that were asked for before are still being read."""
    with transaction.atomic():
        found = BulkOrder.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=order_id)
        row = found.filter(finished_at=None).select_related("user", "tenant").first()
        if row is None or (row.kind == Kind.RESYNC and _is_reading(row.tenant)):
            return False
        ids = row.title_ids[row.cursor : row.cursor + CHUNK]
        left_out = Counter(row.left_out)
        done = 0
        if _may_still(row):
            done, refused = _carry_out(row, ids, now)
            left_out.update(refused)
        else:
            left_out["not_permitted"] += len(ids)
        failpoints.passed("bulk.carried_out")
        cursor = row.cursor + len(ids)
        BulkOrder.objects.filter(pk=row.pk).update(
            cursor=cursor, done=row.done + done, left_out=left_out,
            finished_at=now if cursor >= len(row.title_ids) else None,
        )  # fmt: skip
    failpoints.passed("bulk.saved")
    return True


def progress(row: BulkOrder) -> Progress:
    """Say what was ordered, and what was left out and why."""
    queued = ngettext("%(count)s queued", "%(count)s queued", row.done) % {"count": row.done}
    return Progress(row.cursor, row.counted, ", ".join([queued, *left_out_texts(row.left_out)]))


def _is_reading(tenant: Tenant) -> bool:
    """Say whether a chunk's worth of titles waits to be read already: people who ask for one title go in between."""
    asked = TitleRead.objects.filter(
        title__connection__tenant=tenant, title__connection__status=ConnectionStatus.CONNECTED, asked_at__isnull=False
    )
    return len(asked.values_list("pk", flat=True)[:CHUNK]) >= CHUNK


def _may_still(row: BulkOrder) -> bool:
    # Read again: permissions and companies may have been taken away while the order waited.
    user = User.objects.get(pk=row.user_id)
    mine = Tenant.objects.for_user(user).filter(pk=row.tenant_id).exists()
    return user.is_active and mine and user.has_perm(PERMISSIONS[Kind(row.kind)])


def _carry_out(row: BulkOrder, ids: list[int], now: datetime) -> tuple[int, Counter[str]]:
    titles = Title.objects.filter(pk__in=ids, connection__tenant=row.tenant_id)
    refused = Counter[str]()
    if row.kind == Kind.RESYNC:
        done = _resync(row, titles.values_list("pk", flat=True), refused, now)
        return done, refused
    list(titles.select_for_update(of=("self",), no_key=True).order_by("pk").values_list("pk", flat=True))
    request_plans(titles, now=now, priority=Priority.PERSON)  # first: planning locks in the same order
    # Not their keys: who compares writes differences of them under the lock that an order may wait for.
    locked = Posting.objects.select_for_update(of=("self",), no_key=True)
    rows = locked.filter(title__in=titles).select_related("title")
    postings = list(rows.order_by("pk"))
    if len(postings) < len(ids):
        refused["not_planned"] += len(ids) - len(postings)
    return sum(_one(row, posting, refused, now) for posting in postings), refused


def _resync(row: BulkOrder, pks: Iterable[int], refused: Counter[str], now: datetime) -> int:
    asked = commands.request_resync(titles=Title.objects.filter(pk__in=list(pks)), user=row.user, now=now)
    refused += Counter({"not_connected": asked.not_connected, "ignored": asked.ignored})
    return asked.queued


def _one(row: BulkOrder, posting: Posting, refused: Counter[str], now: datetime) -> int:
    """Order for one title; one that is refused, or that a bug of ours stops, does not stop the others."""
    try:
        with transaction.atomic():
            _ORDERS[Kind(row.kind)](row, posting, now)
    except Refused as error:
        refused[error.code] += 1
    except OperationalError:
        raise  # a deadlock ends the whole chunk, which is then tried again
    except Exception:
        log.exception("bulk order crashed", order=row.pk, title=posting.title_id)
        refused["crashed"] += 1
    else:
        return 1
    return 0


def _retry(row: BulkOrder, posting: Posting, now: datetime) -> None:
    if posting.state != DeliveryState.NEEDS_HUMAN:
        raise Refused(_already(posting), "")
    commands.retry_delivery(postings=Posting.objects.filter(pk=posting.pk), user=row.user, now=now)


def _already(posting: Posting) -> str:
    """Return the code of why there is nothing to send again."""
    if posting.state in IN_FLIGHT:
        return "in_flight"
    if posting.state != DeliveryState.DELIVERED:
        return "not_stuck"
    delivered = posting.get_delivered()
    is_settled = delivered is not None and delivered.status is KaminoStatus.SETTLED
    return "already_settled" if is_settled else "already_equal"


def _set_ignored(row: BulkOrder, posting: Posting, now: datetime) -> None:
    ignored = row.kind == Kind.IGNORE
    commands.set_ignored(posting=posting, ignored=ignored, reason=row.reason, user=row.user, now=now)


def _create(row: BulkOrder, posting: Posting, now: datetime) -> None:
    if posting.reason != Reason.POSSIBLE_DUPLICATE:
        raise Refused("not_duplicate", "")
    decisions.decide(posting=posting, code=decisions.CREATE, number=0, reason=row.reason, user=row.user, now=now)


def _force(row: BulkOrder, posting: Posting, now: datetime) -> None:
    """Settle one title with its whole value; what is paid in part has to be looked at one by one, and what Bling shows
    as paid is settled as Bling says, where that is clear. What many small ones come to may need somebody's approval, as
    one large one would."""
    is_unclear = any(problem.code in _PAYMENT_UNCLEAR for problem in posting.get_problems())
    if posting.title.status not in _WHOLE and not (posting.title.status == TitleStatus.SETTLED and is_unclear):
        raise Refused("not_whole", "")
    if row.terms.get("values", {}).get(str(posting.title_id)) != str(posting.title.value):
        raise Refused("value_changed", "")
    account = KaminoItem.objects.select_related("connection").get(pk=row.terms["account"])
    commands.force_settlement(
        posting=posting, date=date.fromisoformat(row.terms["date"]), amount=posting.title.value, account=account,
        reason=row.reason, user=row.user, now=now, together=Decimal(row.terms["total"]),
    )  # fmt: skip


def _undo(row: BulkOrder, posting: Posting, now: datetime) -> None:
    """Undo a settlement that was not sent; the others need a look at Kamino each, on their own page."""
    forced = ForcedSettlement.objects.not_undone().filter(posting=posting).first()
    if forced is None:
        raise Refused("no_forced_settlement", "")
    commands.undo_forced_settlement(forced=forced, user=row.user, now=now)


_ORDERS: dict[Kind, Callable[[BulkOrder, Posting, datetime], None]] = {
    Kind.RETRY: _retry,
    Kind.IGNORE: _set_ignored,
    Kind.UNIGNORE: _set_ignored,
    Kind.CREATE: _create,
    Kind.FORCE: _force,
    Kind.UNDO: _undo,
}
