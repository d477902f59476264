"""Bulk: orders for all titles of a filtered list, frozen at the click and worked off in small transactions.

Each chunk commits together with the cursor, so a worker may die at any line and nothing is done twice. Who ordered is
looked at again each time: whoever lost a company, or the permission, orders nothing more there.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from django.contrib.auth.models import User
from django.db import OperationalError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.domain.desired import KaminoStatus
from integrations.models import BulkOrder, Posting, Tenant, Title, TitleRead
from integrations.models.connections import ConnectionStatus
from integrations.models.deliveries import POSSIBLE_DUPLICATE, DeliveryState, Priority
from integrations.pipeline import decisions, desk, milestones
from integrations.pipeline.desk import Refused
from integrations.pipeline.requests import request_plans

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
Kind = BulkOrder.Kind
CHUNK = 100
MOST_TITLES = 20_000
"""Titles of one order: a day of Bling's requests serves five of them."""
PERMISSIONS = {
    Kind.RESYNC: "integrations.resync_title",
    Kind.RETRY: "integrations.resolve_posting",
    Kind.IGNORE: "integrations.resolve_posting",
    Kind.UNIGNORE: "integrations.resolve_posting",
    Kind.CREATE: "integrations.resolve_posting",
}
NEEDS_REASON = (Kind.IGNORE, Kind.UNIGNORE, Kind.CREATE)


@dataclass(frozen=True)
class Progress:
    """What became of an order so far, as a sentence and in numbers."""

    worked: int
    counted: int
    sentence: str


def order(
    *, kind: str, titles: Iterable[tuple[int, int]], counted: int, reason: str, key: UUID, user: User, now: datetime
) -> list[BulkOrder]:
    """Freeze `titles` (tenant and title keys) as one order per company; a second click on the same page (`key`) returns
    the orders of the first. `counted` is how many the person was told of. Raises `Refused`."""
    made = list(BulkOrder.objects.filter(key=key, user=user))
    if made:
        return made
    if kind in NEEDS_REASON and not reason.strip():
        raise Refused("reason", _("Give a reason."))
    ids: dict[int, list[int]] = {}
    for tenant_id, title_id in titles:
        ids.setdefault(tenant_id, []).append(title_id)
    total = sum(map(len, ids.values()))
    if total > MOST_TITLES:
        raise Refused("many", _("At most %(most)s titles at a time. Narrow the list down.") % {"most": MOST_TITLES})
    if total > counted:
        raise Refused("grown", _("The list has grown meanwhile. Look at the new count, and confirm it."))
    if not total:
        raise Refused("empty", _("The list is empty: nothing was ordered."))
    rows = [
        BulkOrder(
            tenant_id=tenant_id, kind=kind, reason=reason.strip(), user=user, created_at=now, key=key,
            title_ids=sorted(found), counted=len(found),
        )
        for tenant_id, found in ids.items()
    ]  # fmt: skip
    BulkOrder.objects.bulk_create(rows, ignore_conflicts=True)
    return list(BulkOrder.objects.filter(key=key, user=user))


def advance_orders(*, clock: Clock) -> bool:
    """Work off one chunk of each open order; false when nothing could be done now."""
    worked = False
    for pk in BulkOrder.objects.filter(finished_at=None).order_by("created_at").values_list("pk", flat=True)[:20]:
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
            left_out[_("who ordered it may no longer do so")] += len(ids)
        milestones.passed("bulk.carried_out")
        cursor = row.cursor + len(ids)
        BulkOrder.objects.filter(pk=row.pk).update(
            cursor=cursor, done=row.done + done, left_out=left_out,
            finished_at=now if cursor >= len(row.title_ids) else None,
        )  # fmt: skip
    milestones.passed("bulk.saved")
    return True


def progress(row: BulkOrder) -> Progress:
    """Say what was ordered, and what was left out and why."""
    parts = [ngettext("%(count)s queued", "%(count)s queued", row.done) % {"count": row.done}]
    for why, count in row.left_out.items():
        words = ngettext("%(count)s not changed: %(why)s", "%(count)s not changed: %(why)s", count)
        parts.append(words % {"count": count, "why": why})
    return Progress(row.cursor, row.counted, ", ".join(parts))


def _is_reading(tenant: Tenant) -> bool:
    """Say whether a chunk's worth of titles waits to be read already: people who ask for one title go in between."""
    asked = TitleRead.objects.filter(
        title__connection__tenant=tenant, title__connection__status=ConnectionStatus.CONNECTED, asked_at__isnull=False
    )
    return len(asked.values_list("pk", flat=True)[:CHUNK]) >= CHUNK


def _may_still(row: BulkOrder) -> bool:
    # Read anew: permissions and companies may have been taken away while the order waited.
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
    rows = Posting.objects.select_for_update(of=("self",)).filter(title__in=titles).select_related("title")
    postings = list(rows.order_by("pk"))
    if len(postings) < len(ids):
        refused[_("not planned yet")] += len(ids) - len(postings)
    return sum(_one(row, posting, refused, now) for posting in postings), refused


def _resync(row: BulkOrder, pks: Iterable[int], refused: Counter[str], now: datetime) -> int:
    asked = desk.request_resync(titles=Title.objects.filter(pk__in=list(pks)), user=row.user, now=now)
    refused += Counter(
        {_("Bling is not connected"): asked.not_connected, _("marked as not to be synced"): asked.ignored}
    )
    return asked.queued


def _one(row: BulkOrder, posting: Posting, refused: Counter[str], now: datetime) -> int:
    """Order for one title; one that is refused, or that a bug of ours stops, does not stop the others."""
    try:
        with transaction.atomic():
            _ORDERS[Kind(row.kind)](row, posting, now)
    except Refused as error:
        refused[error.message] += 1
    except OperationalError:
        raise  # a deadlock ends the whole chunk, which is then tried again
    except Exception:
        log.exception("bulk order crashed", order=row.pk, title=posting.title_id)
        refused[_("internal error; tell support")] += 1
    else:
        return 1
    return 0


def _retry(row: BulkOrder, posting: Posting, now: datetime) -> None:
    if posting.state != DeliveryState.NEEDS_HUMAN:
        raise Refused("state", _already(posting))
    desk.retry_delivery(postings=Posting.objects.filter(pk=posting.pk), user=row.user, now=now)


def _already(posting: Posting) -> str:
    """Return why there is nothing to send again."""
    delivered = posting.get_delivered()
    if posting.state == DeliveryState.DELIVERED:
        settled = delivered is not None and delivered.status is KaminoStatus.SETTLED
        return _("already settled") if settled else _("already equal in Kamino")
    return str(posting.get_state_display())


def _set_ignored(row: BulkOrder, posting: Posting, now: datetime) -> None:
    ignored = row.kind == Kind.IGNORE
    desk.set_ignored(posting=posting, ignored=ignored, reason=row.reason, user=row.user, now=now)


def _create(row: BulkOrder, posting: Posting, now: datetime) -> None:
    if posting.failure_code != POSSIBLE_DUPLICATE:
        raise Refused("state", _("no possible duplicate holds it back"))
    decisions.decide(posting=posting, code=decisions.CREATE, number=0, reason=row.reason, user=row.user, now=now)


_ORDERS: dict[Kind, Callable[[BulkOrder, Posting, datetime], None]] = {
    Kind.RETRY: _retry,
    Kind.IGNORE: _set_ignored,
    Kind.UNIGNORE: _set_ignored,
    Kind.CREATE: _create,
}
