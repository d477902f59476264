"""The doorway of the v2 bridge: raw bytes in, v2's answers out. No session, no cookie, no form of Django's."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.request import UnreadablePostError
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from integrations.login.audit import address_of
from integrations.pipeline.payables import bridge
from integrations.queue import enqueue_tick


@csrf_exempt
@never_cache
def insert(request: HttpRequest) -> HttpResponse:
    """POST contapagar: book a payable. At most `bridge.MOST_BYTES` and one more are read, whatever the request says."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        raw = request.read(bridge.MOST_BYTES + 1)
    except UnreadablePostError:
        raw = b""
    call = bridge.Call(
        raw=raw,
        content_type=request.META.get("CONTENT_TYPE", ""),
        query=request.META.get("QUERY_STRING", ""),
        path=request.path,
        address=address_of(request),
        encoding=request.headers.get("Content-Encoding", ""),
    )
    if settings.SECURE_SSL_REDIRECT and not request.is_secure():
        return _response(bridge.plain(call))
    return _response(bridge.accept(call, clock=timezone.now, wake=enqueue_tick))


def _response(answer: bridge.Answer) -> HttpResponse:
    response = HttpResponse(answer.body, status=answer.status, content_type=answer.content_type)
    if answer.retry_after:
        response["Retry-After"] = str(answer.retry_after)
    return response
