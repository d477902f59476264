"""Whose a request is: the key in `Authorization: Bearer …`."""

import structlog
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from integrations.api.errors import ONLY_HTTPS, Refused
from integrations.login.audit import address_of
from integrations.models import ApiKey
from integrations.pipeline.customers.doorway import key_of

log = structlog.get_logger(__name__)


class Key(HttpBearer):
    """Finds the key of a request, and refuses one that came without encryption: whoever listened has it now."""

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey:
        key = key_of(token, address_of(request), timezone.now())
        if settings.SECURE_SSL_REDIRECT and not request.is_secure():
            log.error("a key of the API came without encryption: revoke it", key=key.pk, begins=key.prefix)
            raise Refused(403, "only_https", ONLY_HTTPS)
        return key


def key_of_request(request: HttpRequest) -> ApiKey:
    """Return the key that `Key` found."""
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    return key
