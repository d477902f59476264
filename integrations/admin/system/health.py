"""The page "Saúde": whether workers live, what waits, and which limits hold work back."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Count, Min, OuterRef, Q, Subquery
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_q.models import OrmQ

from integrations.admin.kit import texts
from integrations.admin.kit.scope import scoped, sees_every_tenant
from integrations.admin.system.limits import (
    breaker_state,
    limit_name,
    limits_told,
    next_slot,
    used_today,
)
from integrations.domain.delivery import DeliveryState
from integrations.models import Heartbeat, KaminoConnection, KnownDatabase, Posting, RateLimit, RestoreHold, SyncRun
from integrations.pipeline.audit.seal import late
from integrations.words.colours import BREAKER_COLOURS
from integrations.words.restores import signal_names

LIVELY = timedelta(minutes=3)
LATE_POSTING = timedelta(hours=1)
LIMITS_SHOWN = 100


def health_view(request: HttpRequest, admin_site: Any) -> HttpResponse:
    """Show the page. Raises `PermissionDenied` for people who may not see runs."""
    if not request.user.has_perm("integrations.view_syncrun"):
        raise PermissionDenied
    beats = list(Heartbeat.objects.order_by("-beat_at"))
    restores = _restore_facts(request, beats)
    context = {
        **admin_site.each_context(request),
        "title": _("Health"),
        "page_header": _("Health"),
        "workers": _workers(beats, timezone.now()),
        "facts": [*_queue_facts(), *_run_facts(request), _oldest_posting(request), *restores, _audit_fact()],
        "limits": _limits()
        if sees_every_tenant(request) and request.user.has_perm("integrations.view_ratelimit")
        else None,
    }
    return TemplateResponse(request, "admin/integrations/system/health.html", context)


def _fact(label: str, value: Any, colour: str = "default") -> dict[str, Any]:
    return {"label": label, "value": value, "colour": colour}


def _workers(beats: Sequence[Heartbeat], now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "name": beat.name,
            "ago": _("%(age)s ago") % {"age": texts.age(beat.beat_at, now)},
            "colour": "success" if beat.beat_at > now - LIVELY and not beat.clock_off_by else "danger",
            "state": _state_of(beat, now),
        }
        for beat in beats
    ]


def _state_of(beat: Heartbeat, now: datetime) -> str:
    if beat.clock_off_by:
        text = ngettext(
            "Does nothing: its clock is wrong by %(seconds)s second",
            "Does nothing: its clock is wrong by %(seconds)s seconds",
            abs(beat.clock_off_by),
        )
        return text % {"seconds": abs(beat.clock_off_by)}
    return _("Alive") if beat.beat_at > now - LIVELY else _("Silent")


def _queue_facts() -> list[dict[str, Any]]:
    return [_fact(_("Tasks in the queue"), OrmQ.objects.count())]


def _run_facts(request: HttpRequest) -> list[dict[str, Any]]:
    now = timezone.now()
    runs = scoped(SyncRun.objects.filter(state=SyncRun.State.OPEN), request)
    is_waiting, is_later = Q(started_at=None, due_at__lte=now), Q(started_at=None, due_at__gt=now)
    found = runs.order_by().aggregate(
        under_way=Count("pk", filter=Q(started_at__isnull=False)),
        waiting=Count("pk", filter=is_waiting),
        later=Count("pk", filter=is_later),
    )
    return [
        _fact(_("Syncs in progress"), found["under_way"]),
        _fact(_("Syncs waiting for a worker"), found["waiting"]),
        _fact(_("Syncs scheduled for later"), found["later"]),
    ]


def _oldest_posting(request: HttpRequest) -> dict[str, Any]:
    """Return how long the oldest title has been ready that somebody should be sending."""
    now = timezone.now()
    ready = Posting.objects.filter(kamino_connection=OuterRef("pk"), state=DeliveryState.READY, ready_at__lte=now)
    first = scoped(ready, request).order_by("ready_at").values("ready_at")[:1]
    sending = KaminoConnection.objects.filter(tenant__is_active=True, tenant__delivery_mode="live", is_paused=False)
    each = scoped(sending, request).annotate(first=Subquery(first))  # of each company its index knows the oldest
    oldest = each.order_by().aggregate(oldest=Min("first"))["oldest"]
    if oldest is None:
        return _fact(_("Oldest title ready to send"), _("none"), "success")
    colour = "warning" if oldest < now - LATE_POSTING else "default"
    return _fact(_("Oldest title ready to send"), texts.age(oldest, now), colour)


def _restore_facts(request: HttpRequest, beats: Sequence[Heartbeat]) -> list[dict[str, Any]]:
    """Return whether anything is held because the database was restored, and whether that would be noticed."""
    known = KnownDatabase.objects.filter(restored_at__isnull=False).first()
    restored, colour = _("never"), "success"
    if known is not None and known.restored_at is not None:
        holds = scoped(RestoreHold.objects.filter(RestoreHold.OPEN), request, "kamino_connection__tenant")
        held = holds.values("kamino_connection").distinct().count()
        words = {"at": texts.moment(known.restored_at), "why": signal_names(known.signals), "count": held}
        restored = ngettext(
            "%(at)s (%(why)s); %(count)s company waits", "%(at)s (%(why)s); %(count)s companies wait", held
        )
        restored, colour = restored % words, "danger" if held else "default"
    lively = (beat for beat in beats if beat.beat_at > timezone.now() - LIVELY)
    names = ", ".join(sorted(beat.name for beat in lively if not beat.has_journal))
    missing = _("none: %(names)s would not notice every restore (JOURNAL_DIR)") % {"names": names}
    journal = _fact(_("Journal outside of the database"), missing, "warning")
    if not names:
        journal = _fact(_("Journal outside of the database"), _("kept by every worker"), "success")
    return [_fact(_("Database restored"), restored, colour), journal]


def _audit_fact() -> dict[str, Any]:
    """Return whether what people did is sealed, so that it cannot be removed unseen."""
    count = late(now=timezone.now()).count()
    if not count:
        return _fact(_("Audit record"), _("sealed"), "success")
    text = ngettext("%(count)s event has no seal", "%(count)s events have no seal", count) % {"count": count}
    return _fact(_("Audit record"), text, "danger")


def _limits() -> list[dict[str, Any]]:
    now = timezone.now()
    rows = []
    for row in limits_told(RateLimit.objects.order_by("-next_at"))[:LIMITS_SHOWN]:
        state, words = breaker_state(row, now)
        rows.append(
            {
                "name": limit_name(row),
                "used": used_today(row),
                "next": next_slot(row, now),
                "breaker": words,
                "colour": BREAKER_COLOURS[state],
            }
        )
    return sorted(rows, key=lambda row: row["colour"] != "danger")
