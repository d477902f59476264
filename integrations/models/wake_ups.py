"""Wake-ups: when somebody looks next whether one company has work of one kind. What is due is found here, and nowhere
searched for."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db import models

from integrations.models.tenants import Tenant


class WakeUpKind(StrEnum):
    """The kinds of work that companies are woken for; each has its step in `pipeline/run/tick`."""

    SCHEDULE = "schedule"
    TOKENS = "tokens"
    REGISTERS = "registers"
    PLAN = "plan"
    PEOPLE_PLAN = "people.plan"
    RECONCILE = "reconcile"
    SIMULATED = "simulated"
    DELIVER = "deliver"
    PEOPLE_DELIVER = "people.deliver"
    GUARD = "guard"
    REVIEW = "review"
    ALERTS = "alerts"


class WakeUpQuerySet(models.QuerySet["WakeUp"]):
    def due(self, kind: str, now: datetime) -> "WakeUpQuerySet":
        return self.filter(kind=kind, due_at__lte=now)


class WakeUp(models.Model):
    """One company is looked at for one kind of work from `due_at` on.

    A company has at least one row of each kind. Whoever may cause work sees to it in the same transaction, by a trigger
    (`models/wake_up_triggers`), that one of them is due: one that is due already is locked (FOR KEY SHARE), so that
    nobody moves it before the cause can be seen; else another one is added. Only who has looked and found nothing moves
    a row (`pipeline/handover/wake_ups`). A row that is due too early costs one look.
    """

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=16)
    due_at = models.DateTimeField()

    objects = WakeUpQuerySet.as_manager()

    if TYPE_CHECKING:
        tenant_id: int

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["kind", "due_at", "tenant"], name="wake_up_due"),
            models.Index(fields=["tenant", "kind", "due_at"], name="wake_up_tenant"),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.kind} {self.due_at}"
