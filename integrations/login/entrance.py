"""The admin's own log-in, which knows neither limits nor factors: it leads to ours."""

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme


def admin_login(request: HttpRequest) -> HttpResponse:
    """Lead to the log-in, and from there to what was asked for; whoever is logged in goes on, unless no member of the
    staff. Raises `PermissionDenied`."""
    wanted = request.GET.get(REDIRECT_FIELD_NAME, "")
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    target = wanted if is_ours else reverse("admin:index")
    if not request.user.is_authenticated:
        return redirect_to_login(target, resolve_url(settings.LOGIN_URL))
    if not (request.user.is_active and request.user.is_staff):
        raise PermissionDenied
    return redirect("admin:index" if target == request.path else target)
