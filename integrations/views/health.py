"""Health for load balancers and monitors; people have a page of their own in the admin."""

from datetime import timedelta

import structlog
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from integrations.models import Heartbeat, RestoreHold
from integrations.pipeline.audit.seal import late

log = structlog.get_logger(__name__)

SILENT_AFTER = timedelta(minutes=10)


@require_GET
@never_cache
def live(_request: HttpRequest) -> HttpResponse:
    """Say that this process answers."""
    return HttpResponse("ok", content_type="text/plain")


@require_GET
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """Say whether this process can work (its database answers); with `?workers=1` also whether a worker lives, no
    company is held because the database was restored, and the audit record is sealed. Anybody may ask, so no more is
    said: which of them it is tell the log and the admin's page."""
    wrong = ""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if request.GET.get("workers") == "1":
            lively = Heartbeat.objects.filter(beat_at__gt=timezone.now() - SILENT_AFTER, clock_off_by=0)
            if not lively.exists():
                wrong = "no worker"
            elif RestoreHold.objects.filter(RestoreHold.OPEN).exists():
                wrong = "companies are held after a restore"
            elif late(now=timezone.now()).exists():
                wrong = "the audit record is not sealed"
    except DatabaseError:
        wrong = "no database"
    if wrong:
        log.error("not ready", wrong=wrong)
    return JsonResponse({"ok": not wrong}, status=503 if wrong else 200)
