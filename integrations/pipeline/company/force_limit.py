"""A company's limit of forced settlements: whoever wants more than it allows needs a second person, as an order above
it does. Less than before counts at once."""

from datetime import datetime
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from integrations.models import Tenant
from integrations.pipeline.desk.refusal import Refused

_NOTHING_ASKED = {"is_limit_asked": False, "asked_limit": None, "limit_asked_by": None}


def ask_or_take(tenant: Tenant, wanted: Decimal | None, user: User | None) -> set[str]:
    """Set the limit of a company, or what somebody asks it to be, on its row; return the columns to save. Locks it:
    what counts now must not be another limit by the time it is saved."""
    before = Tenant.objects.select_for_update().values_list("force_limit", flat=True).get(pk=tenant.pk)
    loosens = before is not None and (wanted is None or wanted > before)
    asked = {"is_limit_asked": True, "asked_limit": wanted, "limit_asked_by": user} if loosens else _NOTHING_ASKED
    for name, value in {"force_limit": before if loosens else wanted, **asked}.items():
        setattr(tenant, name, value)
    return {"force_limit", *asked}


def approve_limit(*, tenant: Tenant, user: User, now: datetime) -> None:
    """Let a limit count that another person has asked for. Raises `Refused` for one's own, and for one that was decided
    meanwhile."""
    with transaction.atomic():
        locked = _asked(tenant)
        if locked.limit_asked_by_id in (None, user.pk):
            raise Refused("own", _("The person who asked for a limit cannot approve it. Somebody else has to."))
        locked.force_limit = locked.asked_limit
        _decide(locked, user)


def refuse_limit(*, tenant: Tenant, user: User, now: datetime) -> None:
    """Leave the limit as it is. Raises `Refused` when it was decided meanwhile."""
    with transaction.atomic():
        _decide(_asked(tenant), user)


def _asked(tenant: Tenant) -> Tenant:
    locked = Tenant.objects.select_for_update().get(pk=tenant.pk)
    if not locked.is_limit_asked or locked.asked_limit != tenant.asked_limit:
        raise Refused("decided", _("This limit was approved, refused or replaced by another one meanwhile."))
    return locked


def _decide(tenant: Tenant, user: User) -> None:
    for name, value in _NOTHING_ASKED.items():
        setattr(tenant, name, value)
    tenant._history_user = user  # type: ignore[attr-defined] # read by simple-history
    tenant.save(update_fields=["force_limit", *_NOTHING_ASKED])
