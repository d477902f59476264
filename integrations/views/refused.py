"""Pages for forms that Django refuses before any of our own code sees them: what happened, and the way back."""

from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost, RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache

PUBLIC = {"connect-by-link"}
"""Pages for customers, which are in Portuguese whatever the browser asks for."""


@never_cache
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that a form is from before the last log-in, or from a browser without cookies, and lead back to its page."""
    match = request.resolver_match
    is_public = match is not None and match.view_name in PUBLIC
    with translation.override("pt-br" if is_public else translation.get_language()):
        context = {"back": request.path if is_public else _page_of_the_form(request)}
        return render(request, "403_csrf.html", context, status=403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say what was too much in a form; anything else cannot be read at all."""
    context = {
        "back": _page_of_the_form(request),
        "is_too_much": isinstance(exception, TooManyFieldsSent | TooManyFilesSent | RequestDataTooBig),
        "limit": settings.DATA_UPLOAD_MAX_NUMBER_FIELDS,
    }
    return render(request, "400.html", context, status=400)


def _page_of_the_form(request: HttpRequest) -> str:
    """Return the path of the page that a form was sent from, where that is one of ours, else the overview's."""
    sent_from = request.headers.get("Referer", "")
    try:
        is_ours = url_has_allowed_host_and_scheme(sent_from, allowed_hosts={request.get_host()})
    except DisallowedHost:
        is_ours = False
    if not is_ours:
        return reverse("home")
    parts = urlsplit(sent_from)
    path = f"/{parts.path.lstrip('/')}"  # two slashes would name another host
    return f"{path}?{parts.query}" if parts.query else path
