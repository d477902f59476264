"""The way to Bling and back, for staff and for a customer who has only a link."""

from typing import Any

import structlog
from django.conf import settings
from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from integrations.models import BlingAccess, BlingConnection, ConnectLink, Tenant
from integrations.pipeline.access.apps import next_consent
from integrations.pipeline.company import authorization
from integrations.queue import enqueue_tick
from integrations.rest.errors import ConfigError
from integrations.views.outcomes import AGAIN, MISSING_SCOPES, OUTCOMES
from integrations.words.scopes import scope_names

log = structlog.get_logger(__name__)

COOKIE = "bling_authorization"
COOKIE_SALT = "integrations.authorization.cookie"
LINK_COOKIE = "bling_link"
LINK_COOKIE_SALT = "integrations.authorization.link"
COOKIE_SECONDS = 1800


@require_POST
@staff_member_required
def start_bling(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a person to Bling's consent page, bound to this browser by a signed cookie."""
    if not request.user.has_perm("integrations.connect_blingconnection"):
        raise PermissionDenied
    rows = BlingConnection.objects.filter(tenant__in=Tenant.objects.for_user(request.user))
    wanted = get_object_or_404(rows.select_related("tenant"), pk=pk)
    if not _has_app(wanted):
        messages.error(request, _(OUTCOMES["no_app"].staff))
        return HttpResponseRedirect(reverse("admin:integrations_blingconnection_change", args=[wanted.pk]))
    user = request.user if isinstance(request.user, User) else None
    started = authorization.start_authorization(connection=wanted, user=user, now=timezone.now())
    response = _to_bling(request, started)
    response.delete_cookie(LINK_COOKIE, path=reverse("bling-callback"), samesite="Lax")
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def connect_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Show a customer what the link is for; only its button begins something. Messengers open links to preview them."""
    link = authorization.find_link(token, now=timezone.now())
    with translation.override("pt-br"):
        if link is None:
            return _private(render(request, "connect/outcome.html", _page(request, "bad_link", None), status=410))
        if not _has_app(link.connection):
            return _private(render(request, "connect/outcome.html", _page(request, "no_app", None)))
        asked = _asked_for(link.connection)
        # Whoever saw the page for reading only has not been told what is written.
        if request.method == "POST" and request.POST.get("access", BlingAccess.READ) == asked:
            return _start_by_link(request, link, token)
        support = settings.SUPPORT_EMAILS[0] if settings.SUPPORT_EMAILS else ""
        page = {"tenant": link.connection.tenant, "support": support, "access": asked}
        response = _private(render(request, "connect/link.html", page))
    # Not "no-referrer": under that, browsers send the form's `Origin` as "null" and the CSRF check refuses the button.
    # This one tells other sites nothing either.
    response["Referrer-Policy"] = "same-origin"
    return response


def _asked_for(connection: BlingConnection) -> str:
    """Return what the customer consents to by the connection's link."""
    return connection.next_access or connection.access


def _start_by_link(request: HttpRequest, link: ConnectLink, token: str) -> HttpResponse:
    started = authorization.start_authorization(connection=link.connection, user=None, link=link, now=timezone.now())
    response = _to_bling(request, started)
    # So that the page after Bling's can lead back to the link, should something go wrong.
    _set_cookie(request, response, LINK_COOKIE, token, LINK_COOKIE_SALT)
    return response


def _to_bling(request: HttpRequest, started: authorization.Started) -> HttpResponse:
    response = HttpResponseRedirect(started.url)
    _set_cookie(request, response, COOKIE, started.cookie, COOKIE_SALT)
    return _private(response)


def _set_cookie(request: HttpRequest, response: HttpResponse, name: str, value: str, salt: str) -> None:
    response.set_signed_cookie(
        name,
        value,
        salt=salt,
        max_age=COOKIE_SECONDS,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
        path=reverse("bling-callback"),
    )


def _has_app(wanted: BlingConnection) -> bool:
    try:
        next_consent(wanted)
    except ConfigError:
        return False
    return True


@require_GET
def bling_callback(request: HttpRequest) -> HttpResponse:
    """Finish an authorization and say, in Portuguese, how it ended. Every request ends in a page."""
    query = request.GET
    try:
        outcome = authorization.complete_authorization(
            state=query.get("state", ""),
            code=query.get("code", ""),
            error=query.get("error", ""),
            error_description=query.get("error_description", ""),
            cookie=request.get_signed_cookie(COOKIE, default="", salt=COOKIE_SALT, max_age=COOKIE_SECONDS) or "",
            now=timezone.now(),
        )
        if outcome.code == "connected":
            enqueue_tick()  # the first sync begins now, not at the next minute
    except Exception:
        # The one catch-all: this page is public, and its visitor is the customer. The log keeps the traceback.
        log.exception("authorization callback failed")
        outcome = authorization.Outcome("network")
    with translation.override("pt-br"):
        page = _page(request, outcome.code, outcome.connection, outcome.detail)
        response = render(request, "connect/outcome.html", page)
    # The cookies stay until they expire: the nonce in them is used up, so reloading this page answers "used"
    # and not that the authorization began elsewhere.
    return _private(response)


def _page(request: HttpRequest, code: str, found: BlingConnection | None, detail: str = "") -> dict[str, Any]:
    words = OUTCOMES.get(code, OUTCOMES["rejected"])
    token = request.get_signed_cookie(LINK_COOKIE, default="", salt=LINK_COOKIE_SALT, max_age=COOKIE_SECONDS) or ""
    is_staff = not token and request.user.is_active and bool(getattr(request.user, "is_staff", False))
    return {
        "outcome": code,
        "heading": _(words.title),
        "advice": words.advice(for_staff=is_staff),
        "tone": words.tone,
        "missing": scope_names(detail) if code in MISSING_SCOPES else [],
        "company": found.tenant.name if found and code == "connected" else "",
        "url": _admin_url(request, found) if is_staff else "",
        "again": reverse("connect-by-link", args=[token]) if token and code in AGAIN else "",
        "support": settings.SUPPORT_EMAILS[0]
        if settings.SUPPORT_EMAILS and not is_staff and code != "connected"
        else "",
    }


def _admin_url(request: HttpRequest, found: BlingConnection | None) -> str:
    """Return the connection's page for staff who may see it; the session is not proof of that."""
    if found is None or not request.user.has_perm("integrations.view_blingconnection"):
        return ""
    if not Tenant.objects.for_user(request.user).filter(pk=found.tenant_id).exists():
        return ""
    return reverse("admin:integrations_blingconnection_change", args=[found.pk])


def _private(response: HttpResponse) -> HttpResponse:
    """Keep the code, state and link in the address out of other sites' logs, of every cache and of search engines."""
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
