"""Title lists: a person says that Kamino has none of a direction, or takes that back."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Sum
from django.utils.translation import gettext as _

from integrations.domain.money import ZERO
from integrations.domain.title_lists import TitleList
from integrations.domain.titles import Direction
from integrations.kamino.title_lists import is_nowhere
from integrations.models import KaminoConnection, PlannedWrite
from integrations.models.confidential import Sight, sight_of
from integrations.models.planned_writes import PlannedOperation
from integrations.models.title_lists import list_field
from integrations.pipeline.company.saving import save_kamino
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.handover.title_lists import as_before_a_failure, go_on
from integrations.pipeline.report.alerts import review_alerts


@dataclass(frozen=True)
class Unseen:
    """How many titles would be created without a look at Kamino, and the sum of their values."""

    count: int
    total: Decimal


def unseen(kamino: KaminoConnection, direction: Direction, sight: Sight) -> Unseen:
    """Return what would be created of a direction now, of what a reader sees."""
    planned = PlannedWrite.objects.filter(kamino_connection=kamino).ready()
    found = (
        sight.of(planned)
        .filter(direction=direction, operation=PlannedOperation.CREATE)
        .aggregate(count=Count("pk"), total=Sum("value"))
    )
    return Unseen(found["count"], found["total"] or ZERO)


def may_be_absent(kamino: KaminoConnection, direction: Direction) -> bool:
    """Say whether a person may say that there is no list: each address answered, last, that it does not exist."""
    is_open = kamino.title_lists[direction] is not TitleList.ABSENT
    return is_open and is_nowhere(kamino.list_answers.get(direction.value, {}))


def say_absent(
    *, kamino: KaminoConnection, direction: Direction, seen: Unseen, reason: str, user: User, now: datetime
) -> None:
    """Let a direction be sent without a look, because Kamino has no list of it. Raises `Refused` where an address of
    the list answered anything but that it does not exist, without a reason, or when other titles wait than the person
    saw."""
    with transaction.atomic():
        row = _locked(kamino, reason)
        if not may_be_absent(row, direction):
            raise Refused("may_exist", _("This list may exist: test the connection first, and read what it answers."))
        if unseen(row, direction, sight_of(user)) != seen:
            raise Refused("changed", _("Other titles wait now than were shown. Look at them again."))
        _save(row, direction, TitleList.ABSENT, user, reason, now)
    review_alerts(now=now, tenant_ids=[row.tenant_id])


def take_back(*, kamino: KaminoConnection, direction: Direction, reason: str, user: User, now: datetime) -> None:
    """Let nothing of a direction be sent before its list was looked for again. Raises `Refused` where nobody had said
    that it is absent, or without a reason."""
    with transaction.atomic():
        row = _locked(kamino, reason)
        if row.title_lists[direction] is not TitleList.ABSENT:
            raise Refused("changed", _("Nobody says any more that this list does not exist."))
        _save(row, direction, TitleList.UNKNOWN, user, reason, now)
    review_alerts(now=now, tenant_ids=[row.tenant_id])


def _locked(kamino: KaminoConnection, reason: str) -> KaminoConnection:
    if not reason.strip():
        raise Refused("no_reason", _("Say why."))
    return KaminoConnection.objects.select_for_update(of=("self",)).get(pk=kamino.pk)


def _save(
    row: KaminoConnection, direction: Direction, title_list: TitleList, user: User, reason: str, now: datetime
) -> None:
    changes = {list_field(direction): title_list.value, "reconcile_asked_at": now, **as_before_a_failure(direction)}
    for name, value in changes.items():
        setattr(row, name, value)
    save_kamino(row, changes, user=user, now=now, reason=reason)
    if title_list is TitleList.ABSENT:
        go_on(row.pk, direction, now)
