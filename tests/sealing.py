"""The audit record between tests: nobody empties it, so what earlier tests left is sealed first."""

from django.utils import timezone

from integrations.models import AuditEvent, AuditSeal
from integrations.pipeline.audit.seal import seal, wait_again


def seal_all() -> AuditSeal:
    """Seal every event that was committed, and return the head. Raises `DoesNotExist` where nothing ever happened."""
    wait_again(AuditEvent.objects.unsealed())
    while seal(now=timezone.now()):
        pass
    return AuditSeal.objects.latest("number")
