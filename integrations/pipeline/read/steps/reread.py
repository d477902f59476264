"""Reread: titles whose rows cannot show every change, partial ones and those that wait for something, and those whose
detail contradicted its row."""

from collections.abc import Sequence

from django.db.models import DateTimeField, ExpressionWrapper, F, Q

from integrations.domain.absence import FIRST_PAUSE
from integrations.domain.delivery import DeliveryState
from integrations.domain.reasons import Reason
from integrations.domain.titles import UNSETTLED, Direction, TitleStatus
from integrations.models import Title
from integrations.pipeline.read.failures import failed_in
from integrations.pipeline.read.steps.step import BATCH, TitleStep, Wanted

REREAD_LIMIT = 500
_PAYMENT_UNKNOWN = (
    Reason.PAYMENT_AMBIGUOUS,
    Reason.PAYMENT_OF_OTHERS,
    Reason.PAYMENTS_UNREAD,
    Reason.PAYMENTS_MISSING,
    Reason.PAYMENTS_DO_NOT_ADD_UP,
)
"""What a later reading of a settled title may clear: its row stays as it is."""


class RereadWaiting(TitleStep):
    """So many of them in one run, those first that were read longest ago."""

    name = "reread"
    rereads_borderos = True

    def choose(self) -> Sequence[Wanted]:
        run = self.work.run
        limit = min(BATCH, REREAD_LIMIT - run.cursor.get("reread", 0))
        if limit <= 0 or not self.work.has_older_readings:
            return []
        paid_somehow = Q()
        for code in _PAYMENT_UNKNOWN:
            paid_somehow |= Q(posting__problems__contains=[{"code": code}])
        waiting = (
            Q(status=TitleStatus.PARTIAL)
            | Q(posting__state=DeliveryState.NEEDS_HUMAN)
            | (Q(posting__state=DeliveryState.HELD) & Q(status__in=[*UNSETTLED, TitleStatus.SETTLED]))
            | (Q(status=TitleStatus.SETTLED) & paid_somehow)
        )
        # What Bling deleted is asked for ever more rarely; shown by a listing again, it is read like any other change.
        now, asked_at = self.work.clock(), F("last_read__read_at")
        is_due = Q(last_read__read_at__lte=now - FIRST_PAUSE) & Q(asked_twice__lte=now)
        waiting &= ~Q(status=TitleStatus.DELETED) | is_due
        asked_twice = ExpressionWrapper(asked_at + (asked_at - F("changed_at")), output_field=DateTimeField())
        query = (
            Title.objects.alias(asked_twice=asked_twice)
            .filter(
                Q(last_read__is_doubted=True)
                | (waiting & ~Q(posting__problems__contains=[{"code": Reason.BEFORE_SETTLED_FROM}])),
                connection=run.connection,
                last_read__read_at__lt=run.started_at,
            )
            .exclude(bling_id__in=failed_in(run))
        )
        query = query.order_by("-last_read__is_doubted", "last_read__read_at")
        found = query.values_list("direction", "bling_id")[:limit]
        return [(Direction(direction), bling_id) for direction, bling_id in found]

    def wanted(self, chosen: Wanted) -> Wanted:
        return chosen

    def keep(self, chosen: Sequence[Wanted], *, is_complete: bool) -> bool:
        cursor = self.work.run.cursor
        cursor["reread"] = cursor.get("reread", 0) + len(chosen)
        return False
