"""The only place where HTTP sessions are made and used: timeouts, size cap, no redirects, errors with a kind."""

import json
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

import requests
import urllib3
from urllib3.util import parse_url

from integrations.rest.address import Address
from integrations.rest.errors import NO_TIME_LEFT, ApiError, ConfigError, InternalError, TransientError, UncertainError
from integrations.rest.peers import Adapter, PrivatePeerError, within
from integrations.rest.redaction import sent_secrets, without_secrets

USER_AGENT = "bling-kamino/0.1"
CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 30.0
TOTAL_TIMEOUT = 60.0
MAX_ANSWER_BYTES = 16 * 1024 * 1024


class Patience:
    """How long a person who waits for several calls waits for all of them together."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self, *, service: str, operation: str) -> float:
        """Return the seconds that the next call may take. Raises `TransientError` when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TransientError("no time left", service=service, operation=operation, code=NO_TIME_LEFT)
        return left


class Answer:
    """One HTTP answer, read to its end."""

    def __init__(
        self, status: int, headers: Mapping[str, str], body: bytes, operation: str, *, service: str = ""
    ) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self._where = {"service": service, "operation": operation}

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", errors="replace")

    @property
    def is_html(self) -> bool:
        return self.body.lstrip()[:1] == b"<"

    def json(self) -> Any:
        """Parse the body, numbers with a point as `Decimal`. Raises `InternalError` when it is no JSON."""
        try:
            return json.loads(self.body, parse_float=Decimal)
        except (ValueError, RecursionError) as error:  # also nested more deeply than anybody means
            # Not quoted: half of an answer about people would end up in logs and mails.
            size = f"{len(self.body)} bytes"
            raise InternalError(
                f"answer is not JSON ({size})", status=self.status, code="not_json", **self._where
            ) from error


class Bound:
    """Beside a `requests.Session`: it sends nothing but to one origin, whatever became of an address on the way, and
    ignores the host's proxy and netrc settings (netrc would replace our credentials)."""

    address: Address

    def bind(self, address: Address) -> None:
        session = cast(requests.Session, self)
        self.address = address
        session.trust_env = False
        session.headers["User-Agent"] = USER_AGENT
        adapter = Adapter(public_only=not address.is_test)
        for scheme in ("https://", "http://"):
            session.mount(scheme, adapter)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a prepared request. Raises `ConfigError` when it would go somewhere else, or to a private peer."""
        leads = parse_url(request.url or "")
        port = leads.port or {"https": 443, "http": 80}.get(leads.scheme or "")
        if leads.auth or (leads.scheme, leads.host, port) != self.address.origin:
            raise self._refusal(f"would be sent to {leads.host}, not to {self.address.host}", "host")
        try:
            return cast(requests.Response, super().send(request, **kwargs))  # type: ignore[misc] # the session's
        except PrivatePeerError as error:
            raise self._refusal(str(error), "private_host") from error

    def _refusal(self, message: str, code: str) -> ConfigError:
        return ConfigError(message, service=self.address.service, code=code)


class Session(Bound, requests.Session):
    """A session for the requests of one client."""

    def __init__(self, address: Address) -> None:
        super().__init__()
        self.bind(address)
        self.headers["Accept"] = "application/json"


def send(
    session: requests.Session,
    method: str,
    url: str,
    *,
    service: str,
    operation: str,
    is_write: bool,
    read_timeout: float = READ_TIMEOUT,
    patience: Patience | None = None,
    **kwargs: Any,
) -> Answer:
    """Send one request and read its whole answer within `TOTAL_TIMEOUT` seconds, or what is left of `patience`.

    Raises `TransientError` when nothing can have happened over there, `UncertainError` when a write was sent and the
    answer did not (wholly) arrive. HTTP statuses are the caller's business. A refusal quotes none of the keys.
    """
    longest = patience.left(service=service, operation=operation) if patience else TOTAL_TIMEOUT
    timeout = min(CONNECT_TIMEOUT, longest), min(read_timeout, longest)
    try:
        with within(longest):
            response = session.request(method, url, timeout=timeout, allow_redirects=False, stream=True, **kwargs)
            body = read_body(response)
    except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
        raise _network_error(error, service=service, operation=operation, is_write=is_write) from error
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        kind = UncertainError if is_write else InternalError
        raise kind(type(error).__name__, service=service, operation=operation, code="no_answer") from error
    if is_write or response.status_code >= 400:  # lists are read as they are
        body = without_secrets(body, sent_secrets(response.request.headers))
    return Answer(response.status_code, response.headers, body, operation, service=service)


def read_body(response: requests.Response) -> bytes:
    """Return an answer's body. Raises `requests.ConnectionError` for one larger than `MAX_ANSWER_BYTES`."""
    chunks, size = [], 0
    try:
        for chunk in response.iter_content(64 * 1024):
            chunks.append(chunk)
            size += len(chunk)
            if size > MAX_ANSWER_BYTES:
                raise requests.ConnectionError("answer too large")
    finally:
        response.close()
    return b"".join(chunks)


def _network_error(error: Exception, *, service: str, operation: str, is_write: bool) -> ApiError:
    # The exception's text may carry the address with its query; its type says enough.
    reason = type(error).__name__
    cause = error.args[0] if error.args else None
    inner = getattr(cause, "reason", None)
    never_sent = isinstance(error, requests.exceptions.ConnectTimeout) or isinstance(
        inner, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError
    )
    if is_write and not never_sent:
        return UncertainError(f"no answer ({reason})", service=service, operation=operation, code="no_answer")
    return TransientError(f"no answer ({reason})", service=service, operation=operation, code="no_answer")
