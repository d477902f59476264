"""Follow-ups: who looks after titles that need action, and what they say. Nothing is sent because of it."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from integrations.models import FollowUp, PersonAction, Posting
from integrations.pipeline.desk.refusal import Refused

_BACKEND = "django.contrib.auth.backends.ModelBackend"
UNTOUCHED, NOBODY = "untouched", "nobody"


def may_look_after(tenant_ids: Iterable[int]) -> list[User]:
    """Return the people who may see all of these companies, by name."""
    wanted = set(tenant_ids)
    see_all = User.objects.with_perm("integrations.access_all_tenants", backend=_BACKEND).values("pk")
    mine = Count("tenant", filter=Q(tenant__in=wanted), distinct=True)
    users = User.objects.filter(is_active=True, is_staff=True).annotate(mine=mine)
    return list(users.filter(Q(pk__in=see_all) | Q(mine=len(wanted))).order_by("username"))


def follow_up(*, postings: Iterable[Posting], responsible: User | str, comment: str, user: User, now: datetime) -> int:
    """Note who looks after some titles, and a comment; returns how many.

    `responsible` is a person, `NOBODY`, or `UNTOUCHED` to leave it as it is; an empty comment leaves the last one.
    Raises `Refused` where nothing is said, or the person may not see every title's company.
    """
    comment, rows = comment.strip(), list(postings)
    if responsible == UNTOUCHED and not comment:
        raise Refused("empty", _("Choose who looks after it, or write a comment."))
    if isinstance(responsible, User):
        tenants = {posting.kamino_connection.tenant_id for posting in rows}
        if responsible not in may_look_after(tenants):
            raise Refused("stranger", _("%(user)s may not see every one of these companies.") % {"user": responsible})
    with transaction.atomic():
        for posting in rows:
            changes: dict[str, object] = {"at": now}
            if comment:
                changes["comment"] = comment
            if responsible != UNTOUCHED:
                changes["responsible"] = responsible if isinstance(responsible, User) else None
            FollowUp.objects.update_or_create(posting=posting, defaults=changes)
            PersonAction.objects.create(
                posting=posting, kind=PersonAction.Kind.FOLLOW_UP, user=user, at=now, reason=_said(responsible, comment)
            )
    return len(rows)


def _said(responsible: User | str, comment: str) -> str:
    if isinstance(responsible, User):
        who = _("Looked after by %(user)s.") % {"user": responsible}
    else:
        who = _("Looked after by nobody.") if responsible == NOBODY else ""
    return f"{who} {comment}".strip()
