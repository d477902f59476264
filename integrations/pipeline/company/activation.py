"""Activation: a company goes live, or back to simulation. Each is one conditional step and leaves a row saying why."""

from collections.abc import Mapping
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from integrations.models import Tenant
from integrations.models.confidential import WHOLE, sight_of
from integrations.pipeline.company.checklist import AMBER, RED, checklist, worst
from integrations.pipeline.desk.refusal import Refused, need_reason

SHADOW, LIVE = Tenant.DeliveryMode.SHADOW, Tenant.DeliveryMode.LIVE
LONGEST_REASON = 100
"""As the history keeps it."""


def activate(*, tenant: Tenant, is_aware: bool, reason: str, user: User | None, now: datetime) -> None:
    """Begin to send. Raises `Refused` while a line of the checklist is red, while one is amber and the person is not
    aware of it, without a reason, and when somebody was faster."""
    sight = WHOLE if user is None else sight_of(user)  # a program is warned of everything
    colour = worst(checklist(Tenant.objects.get(pk=tenant.pk), sight, now=now))
    if colour == RED:
        raise Refused("red", _("Not everything is ready: correct the red lines of the checklist first."))
    if colour == AMBER and not is_aware:
        raise Refused("amber", _("Say that you are aware of what the checklist warns about."))
    # The decisions are part of the condition: one may have been taken back since the checklist was made.
    closing = Q(closed_until__isnull=False) | Q(nothing_is_closed=True)
    decided = closing & Q(delivery_mode=SHADOW, settled_from__isnull=False, other_integration_off=True)
    if not _switch(tenant, decided, LIVE, reason=reason, user=user, now=now):
        raise Refused("changed", _("Somebody activated this company, or changed its decisions, meanwhile."))


def back_to_simulation(*, tenant: Tenant, reason: str, user: User | None, now: datetime) -> None:
    """Stop sending; what is in flight is finished. Raises `Refused` without a reason, or when it is so already."""
    if not _switch(tenant, Q(delivery_mode=LIVE), SHADOW, reason=reason, user=user, now=now):
        raise Refused("changed", _("This company is in simulation already."))


def _switch(tenant: Tenant, condition: Q, mode: str, *, reason: str, user: User | None, now: datetime) -> int:
    return change_company(tenant, condition, {"delivery_mode": mode}, reason=reason, user=user, now=now)


def change_company(
    tenant: Tenant, condition: Q, values: Mapping[str, object], *, reason: str, user: User | None, now: datetime
) -> int:
    """Change a company where `condition` still holds, and keep who did it and why; returns 0 where it does not hold.
    Raises `Refused` without a reason."""
    need_reason(reason)
    with transaction.atomic():
        moved = Tenant.objects.filter(condition, pk=tenant.pk).update(**values)
        if moved:
            Tenant.history.bulk_history_create(
                [Tenant.objects.get(pk=tenant.pk)],
                update=True,
                default_user=user,
                default_change_reason=reason.strip(),
                default_date=now,
            )
    return moved
