"""The audit record between tests: nobody empties it, so what earlier tests left is sealed first."""

from django.utils import timezone

from integrations.models import AuditEvent, AuditSeal
from integrations.pipeline.audit.seal import seal, wait_again


def seal_all() -> None:
    """Seal every event that was committed; nothing where nothing was ever recorded in this database."""
    wait_again(AuditEvent.objects.unsealed())
    while seal(now=timezone.now()):
        pass


def sealed_head() -> AuditSeal:
    """Seal every event that was committed, and return the head. Raises `DoesNotExist` where nothing was recorded."""
    seal_all()
    return AuditSeal.objects.latest("number")
