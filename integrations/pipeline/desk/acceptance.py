"""Acceptance: a person says that a difference is meant to be so. It is told again once one of its sides changed."""

from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from integrations.domain.discrepancies import ACCEPTABLE
from integrations.models import PersonAction, Posting, StoredDiscrepancy
from integrations.pipeline.desk.commands import note
from integrations.pipeline.desk.refusal import Refused, need_reason


def acceptable(posting: Posting) -> QuerySet[StoredDiscrepancy]:
    """Return the open differences of a title that a person may accept."""
    open_rows = StoredDiscrepancy.objects.filter(posting=posting, closed_at=None, bordero_id=None)
    return open_rows.filter(kind__in=ACCEPTABLE).order_by("kind")


def accept(*, posting: Posting, shown: Sequence[tuple[str, str, str]], reason: str, user: User, now: datetime) -> int:
    """Accept differences of a title as they were `shown` (`StoredDiscrepancy.shows`); returns how many. Raises
    `Refused` without a reason, and where one of them is another by now."""
    need_reason(reason)
    with StoredDiscrepancy.one_writer(posting.kamino_connection_id):
        rows = {row.shows: row.pk for row in acceptable(posting)}
        if not shown or not set(shown) <= rows.keys():
            raise Refused("changed", _("The differences changed meanwhile. Look at them again."))
        chosen = StoredDiscrepancy.objects.filter(pk__in=[rows[sides] for sides in shown])
        accepted = chosen.update(closed_at=now, accepted_at=now)
        note(posting, PersonAction.Kind.ACCEPT, reason, user, now)
    return accepted


def accepted_kinds(posting: Posting) -> set[str]:
    """Return the kinds of which the last difference was accepted and no other one is open."""
    rows = StoredDiscrepancy.objects.filter(posting=posting, bordero_id=None, kind__in=ACCEPTABLE)
    told = list(rows.values_list("kind", "closed_at", "accepted_at"))
    still_open = {kind for kind, closed_at, _accepted in told if closed_at is None}
    return {kind for kind, _closed, accepted_at in told if accepted_at is not None} - still_open
