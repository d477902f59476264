"""Payment checks: a settlement is sent only with borderôs that were read lately; else it asks for them to be read."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from integrations.models import BlingConnection, Bordero, PartPosting, PaymentCheck, Posting, Title
from integrations.models.connections import ConnectionStatus
from integrations.models.outbox import Priority
from integrations.pipeline.handover.plan_requests import request_plans

READ_FOR = timedelta(hours=12)
"""How long a reading of a borderô is believed by a settlement."""
LONGEST_WAIT = timedelta(hours=24)
"""After that a settlement goes with what was read before, and is marked."""


def may_settle(unit: Posting | PartPosting, now: datetime) -> bool:
    """Say whether the payments that a unit settles were read since its title changed last and at most 12 hours ago, or
    could not be for a day; else ask for that. A settlement that a person ordered rests on no borderô."""
    payment = unit.get_desired().payment
    if payment is None or payment.forced:
        return True
    title, only = (unit.title, None) if isinstance(unit, Posting) else (unit.posting.title, unit.bordero_id)
    if not stale_borderos([title], now, only=only):
        return True
    check, _is_new = PaymentCheck.objects.get_or_create(title=title, defaults={"asked_at": now, "ready_at": now})
    return check.is_waived


def stale_borderos(titles: Iterable[Title], now: datetime, *, only: int | None = None) -> dict[int, set[int]]:
    """Return the borderôs (`only` one of them) that settlements of titles of one connection may not rest on, by title;
    titles without any are left out."""
    found = {title: {only} if only else set(title.bordero_ids) for title in titles}
    wanted = set().union(*found.values())
    connections = {title.connection_id for title in found}
    rows = Bordero.objects.filter(connection__in=connections, bling_id__in=wanted).values_list("bling_id", "read_at")
    read = dict(rows)
    stale = {
        title.pk: {
            bordero
            for bordero in borderos
            if bordero not in read or read[bordero] < max(title.changed_at, now - READ_FOR)
        }
        for title, borderos in found.items()
    }
    return {title: borderos for title, borderos in stale.items() if borderos}


def checks_to_read(now: datetime, *, for_people: bool = False) -> QuerySet[PaymentCheck]:
    """Return the checks whose borderôs can be read now; `for_people`: only of titles that a person waits for."""
    checks = PaymentCheck.objects.filter(
        ready_at__lte=now,
        title__connection__status=ConnectionStatus.CONNECTED,
        title__connection__tenant__is_active=True,
    )
    return checks.filter(a_person_waits("title")) if for_people else checks


def a_person_waits(title: str) -> Exists:
    """Return whether a person asked for the title of a row (`title` names its column), or a part of it, to be sent."""
    asked = {"priority": Priority.PERSON}
    mine = Q(**asked) | Q(Exists(PartPosting.objects.filter(posting=OuterRef("pk"), **asked)))
    return Exists(Posting.objects.filter(mine, title=OuterRef(title)))


def checks_overdue(now: datetime) -> QuerySet[PaymentCheck]:
    """Return the checks whose settlements waited for long enough, of those that were tried and failed, or that cannot
    be tried."""
    overdue = PaymentCheck.objects.filter(asked_at__lte=now - LONGEST_WAIT, is_waived=False)
    return overdue.exclude(pk__in=checks_to_read(now).values("pk"))


def waive_overdue(now: datetime) -> int:
    """Let settlements go whose payments could not be read for a day; returns how many. In one transaction."""
    with transaction.atomic():
        overdue = list(checks_overdue(now).select_for_update(of=("self",)).values_list("pk", flat=True))
        request_plans(Title.objects.filter(pk__in=overdue), now=now)
        return PaymentCheck.objects.filter(pk__in=overdue).update(is_waived=True)


def finish(titles: Iterable[int], now: datetime) -> None:
    """End the checks of titles (keys) whose borderôs were read and stored, and ask for their plans."""
    checked = Title.objects.filter(pk__in=list(titles), payment_check__isnull=False)
    request_plans(checked, now=now)
    request_plans(checked.filter(a_person_waits("pk")), now=now, priority=Priority.PERSON)
    drop(titles)


def drop(titles: Iterable[int]) -> None:
    """End the checks of titles (keys): nothing is to be settled, or their borderôs were read."""
    PaymentCheck.objects.filter(pk__in=list(titles)).delete()


def connections_to_read(now: datetime, *, for_people: bool = False) -> QuerySet[BlingConnection]:
    """Return the connections of checks whose borderôs can be read now (`for_people`: see `checks_to_read`)."""
    checks = checks_to_read(now, for_people=for_people)
    return BlingConnection.objects.filter(titles__payment_check__in=checks).distinct()
