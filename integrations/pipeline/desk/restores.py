"""Restores: what waits because nobody can tell what Kamino holds of it, and the person who releases it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from integrations.domain.delivery import DeliveryState
from integrations.domain.money import ZERO
from integrations.models import PartPosting, PlanRequest, Posting, RestoreHold
from integrations.models.confidential import PUBLIC, Sight, sight_of
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.handover.restore_holds import unread_connections

_UNSENT = Q(kamino_id=None) | ~Q(delivered_fingerprint=F("desired_fingerprint"))


def _is_undelivered() -> Q:
    parts = PartPosting.objects.filter(_UNSENT, posting=OuterRef("pk")).exclude(desired_fingerprint="")
    return (_UNSENT | Q(Exists(parts))) & ~Q(state=DeliveryState.IGNORED)


def held_for_a_person() -> Q:
    """Return which titles wait, after a restore, for a person to release them."""
    holds = RestoreHold.objects.filter(
        RestoreHold.OPEN, kamino_connection=OuterRef("kamino_connection"), direction=OuterRef("direction"),
        looked_at__isnull=False,
    )  # fmt: skip
    return Q(Exists(holds)) & _is_undelivered()


@dataclass(frozen=True)
class Waiting:
    """How many titles wait, and the sum of their values."""

    count: int
    total: Decimal


def undelivered(hold: RestoreHold) -> QuerySet[Posting]:
    """Return the titles of a held direction that this database does not know to be in Kamino as they should be: each
    of them may have been sent after the backup."""
    postings = Posting.objects.filter(kamino_connection=hold.kamino_connection_id, direction=hold.direction)
    return postings.filter(_is_undelivered())


def waiting(hold: RestoreHold, sight: Sight) -> Waiting:
    """Return how much waits for the end of a hold, of what a reader sees."""
    found = sight.of(undelivered(hold)).aggregate(count=Count("pk"), total=Sum("title__value"))
    return Waiting(found["count"], found["total"] or ZERO)


def release(*, hold: RestoreHold, seen: Waiting, reason: str, user: User, now: datetime) -> None:
    """Let a held direction be sent without a look, as a person says that what Kamino has already was linked or left
    out. Raises `Refused` when it is not held any more, when Kamino's list was not tried or Bling not read since the
    restore, without a reason, or when other titles wait than the person saw."""
    if not reason.strip():
        raise Refused("no_reason", _("Say why."))
    with transaction.atomic():
        row = RestoreHold.objects.select_for_update(of=("self",)).filter(RestoreHold.OPEN, pk=hold.pk).first()
        if row is None:
            raise Refused("changed", _("This is not held any more."))
        if row.looked_at is None:
            raise Refused("unread", _("Kamino's list was not read yet since the restore. It is read by itself."))
        if _is_planning(row):
            raise Refused("planning", _("Titles of this company are being planned: try again in a minute."))
        if unread_connections().filter(tenant__kamino_connection=row.kamino_connection_id).exists():
            raise Refused(
                "unread", _("Bling was not read yet since the restore: order “Sync now” and wait for its end.")
            )
        if waiting(row, sight_of(user)) != seen:
            raise Refused("changed", _("Other titles wait now than were shown. Look at them again."))
        row.ended_at, row.released_by, row.reason = now, user, reason
        shown = waiting(row, PUBLIC)  # whoever reads it later
        row.released_count, row.released_total = shown.count, shown.total
        row.save()


def _is_planning(hold: RestoreHold) -> bool:
    mine = {"connection__tenant__kamino_connection": hold.kamino_connection_id}
    return PlanRequest.objects.filter(**mine).exists()
