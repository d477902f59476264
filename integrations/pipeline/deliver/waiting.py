"""Waiting: what a leased company has to be sent or looked up, and whether its worker may go on; asked before each unit,
in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, CharField, Exists, QuerySet

from integrations.domain.delivery import DeliveryState
from integrations.models import DELIVERY_UNITS, KaminoConnection, RateLimit
from integrations.pipeline.access.rate_limits import kamino_key
from integrations.pipeline.deliver.ready import (
    Unit,
    live_kaminos,
    ready_parts,
    ready_persons,
    ready_postings,
    stuck_persons,
    stuck_postings,
)
from integrations.pipeline.handover.due import Given, ask

_ABOUT = (
    Given("kamino_connection", "bigint", BigIntegerField()),
    Given("fence", "bigint", BigIntegerField()),
    Given("slot", "text", CharField()),
)


@dataclass(frozen=True)
class Waiting:
    """`may_go_on`: the lease is still ours, the next slot is free, and nobody paused the company or took it back to
    simulation. The others say what there is to do."""

    may_go_on: bool
    posting: bool
    part: bool
    person: bool
    stuck: bool
    stuck_person: bool
    uncertain: Sequence[type[Unit]]


def _held(now: datetime, about: Any) -> Sequence[QuerySet[Any]]:
    kamino, fence, slot = about
    taken = RateLimit.objects.filter(key=slot, next_at__gt=now)
    return [live_kaminos(now).filter(~Exists(taken), pk=kamino, fence=fence)]


def _uncertain(model: type[Unit], now: datetime, about: Any) -> QuerySet[Any]:
    return model.objects.due(DeliveryState.UNCERTAIN, now).filter(kamino_connection=about[0])


_QUESTIONS = (
    _held,
    lambda now, about: [ready_postings(now).filter(kamino_connection=about[0])],
    lambda now, about: [ready_parts(now).filter(kamino_connection=about[0])],
    lambda now, about: [ready_persons(now).filter(kamino_connection=about[0])],
    lambda now, about: [stuck_postings(now).filter(kamino_connection=about[0])],
    lambda now, about: [stuck_persons(now).filter(kamino_connection=about[0])],
    *(lambda now, about, model=model: [_uncertain(model, now, about)] for model in DELIVERY_UNITS),
)


def what_waits(kamino: KaminoConnection, now: datetime) -> Waiting:
    """Return what a leased company has to do."""
    given = {"kamino_connection": kamino.pk, "fence": kamino.fence, "slot": kamino_key(kamino)}
    held, posting, part, person, stuck, stuck_person, *uncertain = ask(_QUESTIONS, now, _ABOUT, **given)
    models = [model for model, is_there in zip(DELIVERY_UNITS, uncertain, strict=True) if is_there]
    return Waiting(held, posting, part, person, stuck, stuck_person, models)
