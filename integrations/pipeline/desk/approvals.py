"""Approvals: a second pair of eyes on forced settlements above a company's limit; until then they count for nothing."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from integrations.models import ForcedSettlement, PersonAction, Posting
from integrations.pipeline.desk.commands import note, plan_now, refuse_settlement
from integrations.pipeline.desk.refusal import Refused, need_reason


def approve(*, forced: ForcedSettlement, user: User, now: datetime) -> None:
    """Approve another person's order. Raises `Refused` for an own order, for one that was decided meanwhile, and where
    the title can no longer be settled by hand."""
    if user.pk == forced.user_id:
        raise Refused("own", _("The person who ordered a settlement cannot approve it. Somebody else has to."))
    with transaction.atomic():
        plan_now(forced.posting, now)
        posting = Posting.objects.select_for_update(of=("self",)).select_related("title").get(pk=forced.posting_id)
        refuse_settlement(posting, forced.account)
        if not forced.account.is_active:
            raise Refused("account", _("The bank account is inactive in Kamino by now. Refuse, and order it again."))
        _decide(forced, awaits_approval=False, approved_at=now, approved_by=user)
        note(posting, PersonAction.Kind.APPROVE_FORCE, "", user, now)


def refuse(*, forced: ForcedSettlement, reason: str, user: User, now: datetime) -> None:
    """Turn an order down: nothing is sent, and the title follows Bling. Raises `Refused` without a reason, or when it
    was decided meanwhile."""
    need_reason(reason)
    with transaction.atomic():
        plan_now(forced.posting, now)
        _decide(forced, refusal=reason.strip(), undone_at=now, undone_by=user)
        note(forced.posting, PersonAction.Kind.REFUSE_FORCE, reason, user, now)


def _decide(forced: ForcedSettlement, **changes: Any) -> None:
    if not ForcedSettlement.objects.awaiting().filter(pk=forced.pk).update(**changes):
        raise Refused("decided", _("This settlement was approved, refused or taken back meanwhile."))
