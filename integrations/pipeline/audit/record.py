"""Recording what somebody did, in the transaction in which it is done. What a row of a watched table tells is recorded
by its trigger (`models/audit_triggers`); the rest is recorded here."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Model
from django.utils.crypto import salted_hmac

from integrations.domain.audit import AuditAction
from integrations.models import AuditEvent, Tenant
from integrations.pipeline.audit.who import acting

SYSTEM = "system"
_LONGEST = 2000
"""Characters of a filter."""


def record(
    action: AuditAction,
    *,
    actor: User | None = None,
    company: Tenant | None = None,
    of: Model | None = None,
    filter: str = "",
    count: int | None = None,
    amount: Decimal | None = None,
    details: Mapping[str, Any] | None = None,
) -> AuditEvent:
    """Add one event. Without an `actor` it is who acts now. `of` is the row that it is about, `count` and `amount`
    those of the rows that were taken along. `details` and `filter` hold codes, numbers and hashes (`keyed`), nothing
    that names a person whose data this is."""
    who = acting()
    doer = actor or (who.user if who else None)
    name = doer.get_username() if doer else "" if who else SYSTEM
    return AuditEvent.objects.create(
        action=action,
        actor_id=doer.pk if doer else None,
        actor=name,
        address=who.address if who else "",
        company_id=company.pk if company else None,
        company=company.slug if company else "",
        object_type=str(of._meta.model_name) if of is not None else "",
        object_id=of.pk if of is not None else None,
        filter=filter[:_LONGEST],
        count=count,
        amount=amount,
        details=dict(details or {}),
    )


def keyed(text: str) -> str:
    """Return what stands for a text that may name a person: the same for the same text, and useless to anybody who
    lacks this service's key."""
    return salted_hmac("integrations.audit", text, algorithm="sha256").hexdigest()[:24] if text else ""
