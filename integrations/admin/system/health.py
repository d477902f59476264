"""The page "Saúde": whether workers live, what waits, and which limits hold work back."""

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Min, Q
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
from integrations.models import Heartbeat, KnownDatabase, Posting, RateLimit, RestoreHold, SyncRun
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
    context = {
        **admin_site.each_context(request),
        "title": _("Health"),
        "page_header": _("Health"),
        "workers": _workers(),
        "facts": [
            *_queue_facts(),
            *_run_facts(request),
            _oldest_posting(request),
            *_restore_facts(request),
            _audit_fact(),
        ],
        "limits": _limits()
        if sees_every_tenant(request) and request.user.has_perm("integrations.view_ratelimit")
        else None,
    }
    return TemplateResponse(request, "admin/integrations/system/health.html", context)


def _fact(label: str, value: Any, colour: str = "default") -> dict[str, Any]:
    return {"label": label, "value": value, "colour": colour}


def _workers() -> list[dict[str, Any]]:
    now = timezone.now()
    return [
        {
            "name": beat.name,
            "ago": _("%(age)s ago") % {"age": texts.age(beat.beat_at, now)},
            "colour": "success" if beat.beat_at > now - LIVELY and not beat.clock_off_by else "danger",
            "state": _state_of(beat, now),
        }
        for beat in Heartbeat.objects.order_by("-beat_at")
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
    return [
        _fact(_("Syncs in progress"), runs.filter(started_at__isnull=False).count()),
        _fact(_("Syncs waiting for a worker"), runs.filter(started_at=None, due_at__lte=now).count()),
        _fact(_("Syncs scheduled for later"), runs.filter(started_at=None, due_at__gt=now).count()),
    ]


def _oldest_posting(request: HttpRequest) -> dict[str, Any]:
    """Return how long the oldest title has been ready that somebody should be sending."""
    now = timezone.now()
    sending = Q(
        kamino_connection__tenant__is_active=True,
        kamino_connection__tenant__delivery_mode="live",
        kamino_connection__is_paused=False,
    )
    ready = scoped(Posting.objects.filter(sending, state=DeliveryState.READY, ready_at__lte=now), request)
    oldest = ready.aggregate(oldest=Min("ready_at"))["oldest"]
    if oldest is None:
        return _fact(_("Oldest title ready to send"), _("none"), "success")
    colour = "warning" if oldest < now - LATE_POSTING else "default"
    return _fact(_("Oldest title ready to send"), texts.age(oldest, now), colour)


def _restore_facts(request: HttpRequest) -> list[dict[str, Any]]:
    """Return whether anything is held because the database was restored, and whether that would be noticed."""
    known = KnownDatabase.objects.filter(restored_at__isnull=False).first()
    holds = scoped(RestoreHold.objects.filter(RestoreHold.OPEN), request, "kamino_connection__tenant")
    held = holds.values("kamino_connection").distinct().count()
    restored, colour = _("never"), "success"
    if known is not None and known.restored_at is not None:
        words = {"at": texts.moment(known.restored_at), "why": signal_names(known.signals), "count": held}
        restored = ngettext(
            "%(at)s (%(why)s); %(count)s company waits", "%(at)s (%(why)s); %(count)s companies wait", held
        )
        restored, colour = restored % words, "danger" if held else "default"
    without = Heartbeat.objects.filter(has_journal=False, beat_at__gt=timezone.now() - LIVELY).order_by("name")
    names = ", ".join(without.values_list("name", flat=True))
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
