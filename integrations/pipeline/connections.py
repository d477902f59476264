"""Everything that opens a client: credentials, tokens and their refresh, the OAuth flow, connection status."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from integrations.bling import auth
from integrations.bling.client import Access, BlingClient
from integrations.bling.errors import InvalidGrantError, NeedsReconnectionError
from integrations.kamino.client import KaminoClient, Keys, check_host
from integrations.models import BlingConnection, BlingToken, ConnectionEvent, KaminoConnection
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.limits import bling_slots, kamino_slots, token_slots
from integrations.rest.errors import ApiError, ConfigError, TransientError, UnauthorizedError, UncertainError

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
EXPIRY_MARGIN = timedelta(minutes=2)
ABANDONED_REFRESH = timedelta(seconds=90)
"""After this long without a result, a refresh that somebody began is taken to have died."""
POLL_SECONDS = 0.1


@dataclass(frozen=True)
class CheckLine:
    """One line of a connection test: what was tried, whether it worked, and what was seen."""

    name: str
    ok: bool
    detail: str


def bling_app(connection: BlingConnection) -> auth.App:
    """Return the connection's own app, or the platform's. Raises `ConfigError` when there is neither."""
    client_id = connection.client_id or settings.BLING_CLIENT_ID
    secret = connection.client_secret if connection.client_id else settings.BLING_CLIENT_SECRET
    if not client_id or not secret:
        raise ConfigError("no Bling app: client id and secret are missing", service="Bling", code="no_app")
    return auth.App(
        client_id, secret, settings.BLING_TOKEN_URL, settings.BLING_AUTHORIZE_URL, settings.BLING_REVOKE_URL
    )


def open_bling(connection: BlingConnection, *, clock: Clock) -> BlingClient:
    """Return a client that refreshes its token when Bling refuses it.

    Raises `ConfigError` when the connection has no authorization.
    """
    holder = _AccessHolder(connection.pk, clock)
    return BlingClient(
        base_url=settings.BLING_API_URL,
        access=holder.current(),
        slots=bling_slots(connection, clock=clock),
        renew=holder.renew,
    )


class _AccessHolder:
    """Remembers which token version a client uses, so that a refused one is refreshed only once."""

    def __init__(self, connection_id: int, clock: Clock) -> None:
        self._connection_id = connection_id
        self._clock = clock
        self._version = 0

    def current(self) -> Access:
        token = BlingToken.objects.filter(connection_id=self._connection_id).first()
        if token is None:
            raise ConfigError("never connected", service="Bling", code="never_connected")
        if token.expires_at - EXPIRY_MARGIN <= self._clock():
            token = refresh_token(self._connection_id, token.version, clock=self._clock)
        return self._use(token)

    def renew(self) -> Access:
        return self._use(refresh_token(self._connection_id, self._version, clock=self._clock))

    def _use(self, token: BlingToken) -> Access:
        self._version = token.version
        return Access(token.access_token, token.kind)


def refresh_token(connection_id: int, seen_version: int, *, clock: Clock) -> BlingToken:
    """Return a token newer than `seen_version`, refreshed by this call or by whoever was faster.

    Exactly one caller talks to Bling; the others wait for its result. Raises `NeedsReconnectionError` when only the
    owner can help, `TransientError` when nobody got a result.
    """
    give_up = clock() + ABANDONED_REFRESH
    while True:
        token = BlingToken.objects.get(connection_id=connection_id)
        if token.version != seen_version:
            return token
        if _begin_refresh(token, clock()):
            return _refresh_as_chosen(connection_id, seen_version, clock)
        if clock() >= give_up:
            raise TransientError("another worker's refresh has no result yet", service="Bling", operation="refresh")
        time.sleep(POLL_SECONDS)


def _begin_refresh(token: BlingToken, now: datetime) -> bool:
    """Note "refresh started" in its own transaction; true for the one caller that may go on."""
    abandoned = Q(refresh_started_at__lt=now - ABANDONED_REFRESH)
    return bool(
        BlingToken.objects.filter(pk=token.pk, version=token.version)
        .filter(~Q(refresh_started_version=token.version) | abandoned)
        .update(refresh_started_version=token.version, refresh_started_at=now)
    )


def _refresh_as_chosen(connection_id: int, seen_version: int, clock: Clock) -> BlingToken:
    connection = BlingConnection.objects.get(pk=connection_id)
    try:
        token_slots(clock=clock).take()
        with transaction.atomic():
            # The one place where a call is made inside a transaction: the lock on the token's own row keeps a second
            # refresh out even if the note above was overtaken.
            token = BlingToken.objects.select_for_update(no_key=True).get(connection_id=connection_id)
            if token.version != seen_version:
                return token
            pair = auth.refresh(bling_app(connection), token.refresh_token)
            _fill(token, pair, clock())
            token.version += 1
            token.save()
            return token
    except (InvalidGrantError, NeedsReconnectionError, UnauthorizedError) as error:
        return _refused(connection, seen_version, error, clock())
    except UncertainError:
        log.warning("token refresh without answer", connection=connection_id)
        raise
    except ApiError:
        BlingToken.objects.filter(connection_id=connection_id, version=seen_version).update(refresh_started_version=0)
        raise


def _refused(connection: BlingConnection, seen_version: int, error: ApiError, now: datetime) -> BlingToken:
    token = BlingToken.objects.get(connection=connection)
    if token.version != seen_version:
        return token
    cause = "invalid_client" if isinstance(error, UnauthorizedError) else error.code or "invalid_grant"
    mark_needs_reconnection(connection, cause=cause, detail=error.message, now=now)
    BlingToken.objects.filter(pk=token.pk).update(refresh_started_version=0)
    raise NeedsReconnectionError(
        error.message, service="Bling", operation="refresh", status=error.status, code=cause
    ) from error


def mark_needs_reconnection(connection: BlingConnection, *, cause: str, detail: str, now: datetime) -> None:
    """Stop a connection's pulls until its owner connects again; the backlog stays."""
    moved = BlingConnection.objects.filter(pk=connection.pk, status=ConnectionStatus.CONNECTED).update(
        status=ConnectionStatus.RECONNECT, status_cause=cause
    )
    if moved:
        ConnectionEvent.objects.create(connection=connection, at=now, code=cause, detail=detail)
        log.warning("connection needs reconnection", connection=connection.pk, cause=cause)


def _fill(token: BlingToken, pair: auth.TokenPair, now: datetime) -> None:
    token.access_token = pair.access_token
    token.refresh_token = pair.refresh_token
    token.kind = pair.kind
    token.expires_at = now + timedelta(seconds=pair.expires_in)
    token.refreshed_at = now


def store_tokens(connection: BlingConnection, pair: auth.TokenPair, *, now: datetime, given: bool = False) -> None:
    """Put a new authorization in place of the old one and mark the connection as connected.

    `given` pairs were entered from outside; they are remembered, so that entering them again changes nothing.
    """
    with transaction.atomic():
        token = BlingToken.objects.select_for_update(no_key=True).filter(connection=connection).first()
        token = token or BlingToken(connection=connection, version=0)
        _fill(token, pair, now)
        if given:
            token.note_given()
        token.version += 1
        token.save()
        BlingConnection.objects.filter(pk=connection.pk).update(status=ConnectionStatus.CONNECTED, status_cause="")
    connection.status = ConnectionStatus.CONNECTED


def open_kamino(connection: KaminoConnection, *, clock: Clock) -> KaminoClient:
    """Return a client for a company's keys. Raises `ConfigError` for an address that keys must not be sent to."""
    check_host(connection.base_url, settings.KAMINO_ALLOWED_HOSTS, connection.cn)
    return KaminoClient(
        base_url=connection.base_url,
        keys=Keys(connection.app, connection.cn, connection.id_usr, connection.usr, connection.hash),
        slots=kamino_slots(connection, clock=clock),
        allow_unconfirmed=connection.allow_unconfirmed,
    )


def check_kamino(connection: KaminoConnection, *, now: datetime) -> list[CheckLine]:
    """Try each register that a sync needs, read-only, and say what was seen."""
    try:
        client = open_kamino(connection, clock=lambda: now)
    except ConfigError as error:
        return [CheckLine("address", False, error.message)]
    reads: list[tuple[str, Callable[[], list[object]]]] = [
        ("chart_account", lambda: list(client.chart_accounts())),
        ("cost_center", lambda: list(client.cost_centers())),
        ("business_unit", lambda: list(client.business_units())),
        ("bank_account", lambda: list(client.bank_accounts())),
    ]
    lines = []
    for name, read in reads:
        try:
            lines.append(CheckLine(name, True, str(len(read()))))
        except ApiError as error:
            lines.append(CheckLine(name, False, str(error)))
    ok = all(line.ok for line in lines)
    failed = next((line.detail for line in lines if not line.ok), "")
    KaminoConnection.objects.filter(pk=connection.pk).update(error="" if ok else failed)
    return lines


def check_bling(connection: BlingConnection, *, now: datetime) -> list[CheckLine]:
    """Make one cheap read for the company's data and say what was seen."""
    try:
        company = open_bling(connection, clock=lambda: now).company()
    except ApiError as error:
        return [CheckLine("company", False, str(error))]
    return [CheckLine("company", True, f"{company.nome} {company.cnpj}".strip())]
