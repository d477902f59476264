"""What people order about settlements that a program asked for: send again, it happened, it did not, never."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from integrations.domain.delivery import DeliveryState
from integrations.domain.titles import BorderoFacts, TitleFacts
from integrations.models import SettlementWrite
from integrations.models.outbox import NO_REASON
from integrations.pipeline.desk.refusal import Refused, need_reason
from integrations.pipeline.payables.orders import call_absent, decided, decided_meanwhile, free, link, unresolved

Decision = SettlementWrite.Decision


def send_again(*, settlement: SettlementWrite, user: User, now: datetime) -> None:
    """Settle one that is stuck, or that waited too long, after another look at it. What may have happened is looked up
    before. Raises `Refused` when it is not (any more) to be settled."""
    with transaction.atomic():
        row = _locked(settlement)
        if row.state not in (DeliveryState.NEEDS_HUMAN, DeliveryState.READY):
            raise decided_meanwhile()
        free(row, now, accepted_at=now, **decided(Decision.SEND_AGAIN, "", user, now))


def is_settled(
    *, settlement: SettlementWrite, facts: TitleFacts, bordero: BorderoFacts, reason: str, user: User, now: datetime
) -> None:
    """A person says that a borderô, which Bling shows as one of the payable's, is the settlement. Raises `Refused`."""
    need_reason(reason)
    with transaction.atomic():
        row = _locked(settlement)
        if row.state != DeliveryState.NEEDS_HUMAN:
            raise decided_meanwhile()
        if bordero.bling_id not in facts.bordero_ids:
            raise Refused("other", _("The payable does not have this borderô in Bling."))
        mine = SettlementWrite.objects.filter(connection=row.connection_id, bling_id=bordero.bling_id)
        if mine.exclude(pk=row.pk).exists():
            raise Refused("taken", _("This borderô is kept as the settlement of another payable already."))
        link(row, bordero.bling_id, now, **decided(Decision.IS_THERE, reason, user, now))


def is_not_settled(*, settlement: SettlementWrite, reason: str, user: User, now: datetime) -> None:
    """A person made sure that the last write settled nothing: it is looked at again and settled. Raises `Refused` where
    that is not asked."""
    need_reason(reason)
    with transaction.atomic():
        row = _locked(settlement)
        if row.state != DeliveryState.NEEDS_HUMAN or not unresolved(row).exists():
            raise decided_meanwhile()
        call_absent(row, now, **decided(Decision.NOT_THERE, reason, user, now))


def leave_out(*, settlement: SettlementWrite, reason: str, user: User, now: datetime) -> None:
    """Never settle one. Raises `Refused` without a reason, where it was settled, or may have been."""
    need_reason(reason)
    with transaction.atomic():
        row = _locked(settlement)
        is_open = row.state in (DeliveryState.READY, DeliveryState.NEEDS_HUMAN)
        if not is_open or row.bling_id is not None or unresolved(row).exists():
            raise Refused("sent", _("It was settled, or may have been: look in Bling, and say whether it is."))
        values = {"state": DeliveryState.IGNORED, **NO_REASON, **decided(Decision.IGNORE, reason, user, now)}
        SettlementWrite.objects.filter(pk=row.pk).update(fence=row.fence + 1, **values)


def _locked(settlement: SettlementWrite) -> SettlementWrite:
    return SettlementWrite.objects.select_for_update(of=("self",)).get(pk=settlement.pk)
