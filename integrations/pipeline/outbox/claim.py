"""Claim: the intention is written down before anything is sent."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists

from integrations.domain.delivery import Operation
from integrations.models.outbox import BaseAttempt, DeliveryUnit
from integrations.pipeline.access import failpoints
from integrations.pipeline.outbox.destination import Destination

PLANNED_IN = timedelta(seconds=10)
"""How long a unit that is to be planned first is left alone."""


@dataclass
class Claimed:
    """One unit in state "sending": only the holder of its fence may record what came of it.

    `is_sent` turns true right before a write leaves: from then on every failure that the destination did not itself
    declare means "outcome unknown".
    """

    unit: DeliveryUnit
    attempt: BaseAttempt
    fence: int
    to: Destination
    is_sent: bool = False

    @property
    def word(self) -> str:
        return self.unit.WORD


def claim(unit: DeliveryUnit, operation: Operation, *, settles: bool, now: datetime, to: Destination) -> Claimed | None:
    """Move a ready unit to "sending" and write the intention, in one transaction.

    `None` if somebody was faster, the wish changed or is to be planned again, an earlier write has to be looked up
    first, or what it settles is to be read again.
    """
    model = type(unit)
    # An older body says nothing of newer fields: what is sent was planned by the version that sends it.
    is_older = bool(unit.desired) and unit.get_desired().is_older
    if settles and not is_older and not to.may_settle(unit, now):
        return None
    with transaction.atomic():
        # The account is named too: PostgreSQL may find a unit among all that are ready, while these are few.
        mine = model.objects.filter(**{f"{model.ACCOUNT}_id": unit.account_id})
        units = mine.filter(model.may_be_claimed()).exclude(Exists(model.unresolved()))
        begins = {"desired": unit.desired_fingerprint, "lease_until": now + to.lease}
        if is_older or not units.begin_sending(unit.pk, unit.fence, **begins):
            if unit.attempts.filter(outcome__in=BaseAttempt.UNRESOLVED).exists():
                model.objects.look_up_first(unit.pk, unit.fence, now=now)
            elif is_older and model.objects.plan_first(unit.pk, unit.fence, ready_at=now + PLANNED_IN):
                to.plan_again(unit.to_plan_again(), now)
            return None
        attempt = unit.new_attempt(operation=operation, settles=settles, fence=unit.fence + 1, started_at=now)
    unit.fence += 1
    unit.tries += 1
    claimed = Claimed(unit, attempt, unit.fence, to)
    failpoints.passed(f"{claimed.word}.claimed")
    return claimed
