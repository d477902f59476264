"""The doorway of the v2 bridge: raw bytes in, v2's answers out. No session, no cookie, no form of Django's."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.request import UnreadablePostError
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from integrations.login.audit import address_of
from integrations.pipeline.payables import bridge, settlements
from integrations.pipeline.payables.doorway import MOST_BYTES, Answer, Call, Waiting, plain
from integrations.queue import enqueue_tick


@csrf_exempt
@never_cache
def insert(request: HttpRequest) -> HttpResponse:
    """POST contapagar: book a payable."""
    return _answered(request, "POST", bridge.accept)


@csrf_exempt
@never_cache
def settle(request: HttpRequest, title_id: str) -> HttpResponse:
    """PUT contapagar/{id}: settle a payable."""
    return _answered(request, "PUT", lambda call, waiting: settlements.accept(call, int(title_id), waiting))


def _answered(request: HttpRequest, method: str, accept: Callable[[Call, Waiting], Answer]) -> HttpResponse:
    """Answer a request. At most `MOST_BYTES` and one more of it are read, whatever it says of its length."""
    if request.method != method:
        return HttpResponseNotAllowed([method])
    try:
        raw = request.read(MOST_BYTES + 1)
    except UnreadablePostError:
        raw = b""
    call = Call(
        raw=raw,
        content_type=request.META.get("CONTENT_TYPE", ""),
        query=request.META.get("QUERY_STRING", ""),
        path=request.path,
        address=address_of(request),
        encoding=request.headers.get("Content-Encoding", ""),
    )
    if settings.SECURE_SSL_REDIRECT and not request.is_secure():
        return _response(plain(call))
    return _response(accept(call, Waiting(clock=timezone.now, wake=enqueue_tick)))


def _response(answer: Answer) -> HttpResponse:
    response = HttpResponse(answer.body, status=answer.status, content_type=answer.content_type)
    if answer.retry_after:
        response["Retry-After"] = str(answer.retry_after)
    return response
