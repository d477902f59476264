"""Health for load balancers and monitors; people have a page of their own in the admin."""

from datetime import timedelta

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from integrations.models import Heartbeat, RestoreHold
from integrations.pipeline.audit.seal import late

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
    company is held because the database was restored, and the audit record is sealed."""
    answer: dict[str, object] = {"database": True}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if request.GET.get("workers") == "1":
            lively = Heartbeat.objects.filter(beat_at__gt=timezone.now() - SILENT_AFTER, clock_off_by=0)
            answer["workers"] = lively.count()
            answer["unsealed"] = late(now=timezone.now()).count()
            answer["held"] = RestoreHold.objects.filter(RestoreHold.OPEN).values("kamino_connection").distinct().count()
    except DatabaseError:
        answer = {"database": False}
    ok = (
        answer["database"] is True
        and answer.get("workers") != 0
        and not answer.get("held")
        and not answer.get("unsealed")
    )
    return JsonResponse({"ok": ok, **answer}, status=200 if ok else 503)
