"""Beliefs: what Kamino was seen to hold, or a person says that it holds, in place of what was sent once."""

from django.db.models import Case, F, Value, When

from integrations.domain.delivery import IN_FLIGHT, DeliveryState
from integrations.domain.desired import DesiredTitle
from integrations.models import Attempt, PartPosting, Posting
from integrations.models.outbox import NO_REASON


def believe(unit: Posting | PartPosting, held: DesiredTitle) -> bool:
    """Let Kamino hold `held` of a title or a part of one from now on, unless something was sent or believed meanwhile;
    the caller asked for its plan before, in the same transaction. A settlement that Kamino does not have any more is
    none: the next one is not a second one."""
    stuck = When(state=DeliveryState.NEEDS_HUMAN, then=Value(DeliveryState.HELD.value))
    units = PartPosting.objects if isinstance(unit, PartPosting) else Posting.objects
    same = units.filter(pk=unit.pk, fence=unit.fence, delivered_fingerprint=unit.delivered_fingerprint)
    moved = same.exclude(state__in=IN_FLIGHT).update(
        state=Case(stuck, default=F("state")), delivered=held.to_json(), delivered_fingerprint=held.fingerprint,
        fence=F("fence") + 1, tries=0, **NO_REASON, **unit.FOUND,
    )  # fmt: skip
    if moved and held.payment is None:
        unit.attempts.filter(settles=True).exclude(outcome__in=Attempt.UNRESOLVED).update(settles=False)
    return bool(moved)
