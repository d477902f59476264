"""What a page may load, run and send, said to the browser with each answer."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from integrations.pipeline.access.addresses import bling_address
from integrations.rest.errors import ConfigError

_BASE = (
    "default-src 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; font-src 'self'; connect-src 'self'; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'{bling}; script-src {scripts}"
)
_PUBLIC_SCRIPTS = "'self'"
_ADMIN_SCRIPTS = "'self' 'unsafe-eval'"
"""The theme runs Alpine, which evaluates attributes. Nothing is written into a page as a script, and needs no nonce."""
_POWERS = ", ".join(f"{power}=()" for power in ("camera", "geolocation", "microphone", "payment", "usb"))


class BrowserRules:
    """Adds Content-Security-Policy and Permissions-Policy; the pages that strangers see run only our own files."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._respond = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._respond(request)
        scripts = _ADMIN_SCRIPTS if request.path_info.startswith("/admin/") else _PUBLIC_SCRIPTS
        response.setdefault("Content-Security-Policy", _BASE.format(scripts=scripts, bling=_consent_page()))
        response.setdefault("Permissions-Policy", _POWERS)
        return response


def _consent_page() -> str:
    """Return the origin of Bling's page for consents: a form of ours is answered with the way there."""
    try:
        scheme, host, port = bling_address("BLING_AUTHORIZE_URL").origin
    except ConfigError:
        return ""
    return f" {scheme}://{host}:{port}"
