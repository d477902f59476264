"""Public doors: the way to Bling and back, and health for whoever watches this process."""

from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings
from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from integrations.models import BlingConnection, Tenant
from integrations.pipeline import authorization

log = structlog.get_logger(__name__)

COOKIE = "bling_authorization"
COOKIE_SALT = "integrations.authorization.cookie"
COOKIE_SECONDS = 1800


@dataclass(frozen=True)
class Words:
    """What the callback's page says for one outcome: what happened, and what to do."""

    title: str
    advice: str
    tone: str = "bad"


OUTCOMES = {
    "connected": Words(
        gettext_noop("Connected to Bling"),
        gettext_noop("The first sync begins by itself. You may close this page."),
        "good",
    ),
    "refused": Words(
        gettext_noop("Access refused"),
        gettext_noop("The access was not allowed on Bling's page. Nothing was changed; you can start again."),
        "neutral",
    ),
    "expired": Words(
        gettext_noop("This authorization took too long"),
        gettext_noop("It is valid for 30 minutes. Start again from the connection's page."),
    ),
    "used": Words(
        gettext_noop("This authorization was already used"),
        gettext_noop("Each one works once. Look at the connection's page to see whether it is connected."),
        "neutral",
    ),
    "unknown_state": Words(
        gettext_noop("We do not know this authorization"),
        gettext_noop("It did not begin here, or its address was changed. Start again from the connection's page."),
    ),
    "not_ours": Words(
        gettext_noop("This authorization did not begin in this browser"),
        gettext_noop("Start and finish it in the same browser, from the connection's page."),
    ),
    "other_company": Words(
        gettext_noop("This is another company"),
        gettext_noop(
            "The Bling account that was used belongs to another company, or is connected already. "
            "Log out of Bling, log in as the right company and start again. Nothing was changed."
        ),
    ),
    "other_cnpj": Words(
        gettext_noop("The CNPJ is a different one"),
        gettext_noop(
            "The CNPJ in Bling is not the one of this company here. Check which Bling account was used, "
            "or correct the company's CNPJ. Nothing was changed."
        ),
    ),
    "app_inactive": Words(
        gettext_noop("The Bling app is inactive"),
        gettext_noop("Activate the app in Bling (Central de Extensões › Área do integrador) and start again."),
    ),
    "account_overdue": Words(
        gettext_noop("The Bling account is blocked"),
        gettext_noop("Bling does not give access to this account, usually because of an overdue payment."),
    ),
    "bad_client": Words(
        gettext_noop("Bling refused the app's credentials"),
        gettext_noop("Correct the client id and the client secret on the connection's page and start again."),
    ),
    "network": Words(
        gettext_noop("Bling did not answer"),
        gettext_noop("Nothing was changed. Wait some minutes and start again from the connection's page."),
    ),
    "missing_scopes": Words(
        gettext_noop("The Bling app lacks permissions"),
        gettext_noop("Tick the permissions (scopes) that are missing in the Bling app, then start again."),
    ),
    "rejected": Words(
        gettext_noop("Bling refused the authorization"),
        gettext_noop("Nothing was changed. Start again from the connection's page; if it happens again, call support."),
    ),
}


@require_POST
@staff_member_required
def start_bling(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a person to Bling's consent page, bound to this browser by a signed cookie."""
    if not request.user.has_perm("integrations.connect_blingconnection"):
        raise PermissionDenied
    rows = BlingConnection.objects.filter(tenant__in=Tenant.objects.for_user(request.user))
    wanted = get_object_or_404(rows.select_related("tenant"), pk=pk)
    if not _has_app(wanted):
        messages.error(
            request, _("There is no Bling app for this connection: fill in client id and client secret first.")
        )
        return HttpResponseRedirect(reverse("admin:integrations_blingconnection_change", args=[wanted.pk]))
    user = request.user if isinstance(request.user, User) else None
    started = authorization.start_authorization(connection=wanted, user=user, now=timezone.now())
    response = HttpResponseRedirect(started.url)
    response.set_signed_cookie(
        COOKIE,
        started.cookie,
        salt=COOKIE_SALT,
        max_age=COOKIE_SECONDS,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
        path=reverse("bling-callback"),
    )
    return _private(response)


def _has_app(wanted: BlingConnection) -> bool:
    if wanted.client_id:
        return bool(wanted.client_secret)
    return bool(settings.BLING_CLIENT_ID and settings.BLING_CLIENT_SECRET)


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
        code, found = outcome.code, outcome.connection
    except Exception:
        # The one catch-all: this page is public, and its visitor is the customer. The log keeps the traceback.
        log.exception("authorization callback failed")
        code, found = "network", None
    with translation.override("pt-br"):
        response = render(request, "connect/outcome.html", _page(request, code, found))
    response.delete_cookie(COOKIE, path=reverse("bling-callback"), samesite="Lax")
    return _private(response)


def _page(request: HttpRequest, code: str, found: BlingConnection | None) -> dict[str, Any]:
    words = OUTCOMES.get(code, OUTCOMES["rejected"])
    user = request.user
    may_see = (
        found is not None
        and user.is_active
        and bool(getattr(user, "is_staff", False))
        and user.has_perm("integrations.view_blingconnection")
        and Tenant.objects.for_user(user).filter(pk=found.tenant_id).exists()
    )
    url = reverse("admin:integrations_blingconnection_change", args=[found.pk]) if found and may_see else ""
    return {
        "outcome": code,
        "heading": _(words.title),
        "advice": _(words.advice),
        "tone": words.tone,
        "company": found.tenant.name if found and code == "connected" else "",
        "url": url,
    }


def _private(response: HttpResponse) -> HttpResponse:
    """Keep the code and state in the address out of other sites' logs and of every cache."""
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    return response


@require_GET
@never_cache
def live(_request: HttpRequest) -> HttpResponse:
    """Say that this process answers."""
    return HttpResponse("ok", content_type="text/plain")


@require_GET
@never_cache
def ready(_request: HttpRequest) -> HttpResponse:
    """Say whether this process can work: its database answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse("database unreachable", status=503, content_type="text/plain")
    return HttpResponse("ok", content_type="text/plain")
