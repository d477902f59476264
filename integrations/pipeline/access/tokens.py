"""Tokens: stored, and refreshed by exactly one caller at a time. The only writer of `BlingToken`.

A refresh kills the old refresh token as soon as Bling has answered, so the new pair is saved alone and first, and a
refresh whose result was never saved can be recognised afterwards (`refresh_started_version` equals `version`).
"""

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from integrations.bling import auth
from integrations.bling.client import Access
from integrations.bling.errors import InvalidGrantError, NeedsReconnectionError
from integrations.models import BlingConnection, BlingToken, ConnectionEvent, KnownDatabase, Title, Waiting
from integrations.models.connections import ConnectionStatus
from integrations.models.fields import SecretUnreadableError
from integrations.pipeline.access import token_line
from integrations.pipeline.access.apps import APP_CHANGED, bling_app
from integrations.pipeline.access.rate_limits import seconds_until_token_slot, token_slots
from integrations.pipeline.access.token_line import (
    ABANDONED_REFRESH,
    NEAR_SLOT,
    REFRESH_BEFORE,
    REFRESH_IDLE_AFTER,
    line,
)
from integrations.rest.errors import (
    IN_LINE,
    ApiError,
    ConfigError,
    RateLimitedError,
    RejectedError,
    TransientError,
    UnauthorizedError,
    UncertainError,
)
from integrations.rest.limits import take

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
POLL_SECONDS = 0.1
LONGEST_NAP = 1.0
FIRST_COOLDOWN = timedelta(seconds=20)
LONGEST_COOLDOWN = timedelta(minutes=15)
REFRESH_REFUSED = "refresh_refused"
REFUSED_FOR_GOOD = timedelta(hours=24)
"""A refusal in words that nobody has seen may pass; one that still stands a day after the token ended does not."""
NOBODY_WAITS = {"waiting": Waiting.NOBODY, "waits_since": None}


def load_token(connection_id: int) -> BlingToken:
    """Return a connection's token. Raises `ConfigError` when there is none, or its encryption key is missing."""
    token = BlingToken.objects.filter(connection_id=connection_id).first()
    if token is None:
        raise ConfigError("never connected", service="Bling", code="never_connected")
    try:
        _ = token.access_token, token.refresh_token  # decrypted here
    except SecretUnreadableError as error:
        raise ConfigError(str(error), service="Bling", code="secret") from error
    return token


def refresh_token(
    connection_id: int, seen_version: int, *, clock: Clock, waiting: Waiting = Waiting.NOBODY,
    longest_wait: float | None = None,
) -> BlingToken:  # fmt: skip
    """Return a token newer than `seen_version`, refreshed by this call or by a faster one.

    Exactly one caller talks to Bling; the others wait for its result. `waiting` says who needs it, which decides its
    place in the line; `longest_wait` is for a person at an open page: so many seconds they wait for a slot that is
    reserved at once. Raises `NeedsReconnectionError` when only the owner can help, `RateLimitedError` during the
    cooldown after a failure or when its turn has not come, `TransientError` when nobody got a result.
    """
    give_up = clock() + ABANDONED_REFRESH
    while True:
        token = load_token(connection_id)
        if token.version != seen_version:
            return token
        now = clock()
        if token.retry_at is not None and token.retry_at > now:
            seconds, is_lost = (token.retry_at - now).total_seconds(), token.refresh_started_version == token.version
            raise RateLimitedError(
                "the last refresh failed", seconds=seconds, service="Bling", operation="refresh",
                code=auth.UNKNOWN if is_lost else "not_renewed",
            )  # fmt: skip
        if longest_wait is None and not _is_under_way(token, now):
            token_line.wait_for_turn(token, now, waiting)
        if _begin_refresh(token, now):
            return _refresh_as_chosen(token, clock, waiting, longest_wait)
        if now >= give_up:
            raise TransientError(
                "another worker's refresh has no result yet", service="Bling", operation="refresh", code="not_renewed"
            )
        time.sleep(POLL_SECONDS)


def _is_under_way(token: BlingToken, now: datetime) -> bool:
    started = token.refresh_started_at
    return token.refresh_started_version == token.version and started is not None and started >= now - ABANDONED_REFRESH


def _take_slot(token: BlingToken, clock: Clock, waiting: Waiting, longest_wait: float | None) -> None:
    """Wait for the next slot. Who gets none has asked Bling nothing: the token is left as it was before its refresh
    was begun."""
    try:
        take(token_slots(clock=clock, longest_wait=NEAR_SLOT if longest_wait is None else longest_wait))
    except RateLimitedError:
        BlingToken.objects.filter(pk=token.pk, version=token.version).update(
            refresh_started_version=token.refresh_started_version, refresh_started_at=token.refresh_started_at
        )
        token_line.leave_place(token, clock(), waiting)
        raise token_line.turn_of(token, clock()) from None


def _begin_refresh(token: BlingToken, now: datetime) -> bool:
    """Note "refresh started" in its own transaction; true for the one caller that may go on."""
    abandoned = Q(refresh_started_at__lt=now - ABANDONED_REFRESH)
    return bool(
        BlingToken.objects.filter(pk=token.pk, version=token.version)
        .filter(~Q(refresh_started_version=token.version) | abandoned)
        .update(refresh_started_version=token.version, refresh_started_at=now)
    )


def _refresh_as_chosen(token: BlingToken, clock: Clock, waiting: Waiting, longest_wait: float | None) -> BlingToken:
    """Refresh a token as the one caller that may; `token` is as it was before that was noted."""
    connection_id, seen_version = token.connection_id, token.version
    was_begun = token.refresh_started_version == seen_version
    connection = BlingConnection.objects.get(pk=connection_id)
    try:
        app = bling_app(connection, token.client_id)
        _take_slot(token, clock, waiting, longest_wait)
        with transaction.atomic():
            # The one place where a call is made inside a transaction: the lock on the token's own row keeps a second
            # refresh out even if the note above was overtaken.
            token = BlingToken.objects.select_for_update(no_key=True).get(connection_id=connection_id)
            if token.version != seen_version:
                return token
            was_checked = token.company_checked_version == token.version
            _fill(token, auth.refresh(app, token.refresh_token), app.client_id, clock())
            if was_checked:  # whose account it opens stays what it was
                token.company_checked_version = token.version
            token.save()
            token_line.call_waiting(connection_id, clock())
            return token
    except (InvalidGrantError, NeedsReconnectionError, UnauthorizedError) as error:
        return _refused(connection, seen_version, error, clock(), was_begun=was_begun)
    except ApiError as error:
        if error.code == IN_LINE:
            raise
        _cool_down(connection_id, seen_version, error, clock(), was_begun=was_begun)
        if isinstance(error, RejectedError) and token.expires_at < clock() - REFUSED_FOR_GOOD:
            refused = InvalidGrantError(error.message, status=error.status, code=REFRESH_REFUSED)
            return _refused(connection, seen_version, refused, clock(), was_begun=False)
        raise


def _cool_down(connection_id: int, version: int, error: ApiError, now: datetime, *, was_begun: bool) -> None:
    """Keep everybody from trying again at once; after a lost answer, keep the note that a refresh was begun, whatever
    came of the next ones (`was_begun`)."""
    token = BlingToken.objects.get(connection_id=connection_id)
    wait = min(FIRST_COOLDOWN * 2 ** min(token.failures, 10), LONGEST_COOLDOWN)
    if isinstance(error, RateLimitedError):
        wait = max(wait, timedelta(seconds=error.seconds))
    lost = isinstance(error, UncertainError)
    BlingToken.objects.filter(pk=token.pk, version=version).update(
        failures=F("failures") + 1,
        retry_at=now + (ABANDONED_REFRESH if lost else wait),
        refresh_started_version=version if lost or was_begun else 0,
        **NOBODY_WAITS,
    )
    log.warning("token refresh failed", connection=connection_id, kind=error.kind, error=str(error))


def _refused(
    connection: BlingConnection, seen_version: int, error: ApiError, now: datetime, *, was_begun: bool
) -> BlingToken:
    token = BlingToken.objects.get(connection=connection)
    if token.version != seen_version:
        return token
    cause = error.code or "invalid_grant"
    if isinstance(error, UnauthorizedError):
        cause = "invalid_client"
    elif isinstance(error, InvalidGrantError):
        # An earlier refresh of this very version began and saved nothing: Bling rotated the token and we lost the new
        # one. That is our accident, not the customer's revocation.
        cause = "refresh_lost" if was_begun else error.code
        # Renewed after the backup: the pair that came with it is an old one.
        if KnownDatabase.objects.filter(restored_at__gt=token.refreshed_at).exists():
            cause = "restored"
    with transaction.atomic():
        # Under the token's lock: a consent that is given at this very moment must not be marked as dead.
        token = BlingToken.objects.select_for_update(no_key=True).get(connection=connection)
        if token.version != seen_version:
            return token
        # Without its app nothing was asked: what an earlier refresh may have lost is still not known.
        begun = seen_version if was_begun and cause == APP_CHANGED else 0
        BlingToken.objects.filter(pk=token.pk).update(refresh_started_version=begun)
        mark_needs_reconnection(connection, cause=cause, detail=error.message, now=now)
    raise NeedsReconnectionError(
        error.message, service="Bling", operation="refresh", status=error.status, code=cause
    ) from error


def other_owner(connection: BlingConnection, company_id: str) -> BlingConnection | None:
    """Return another connection that mirrors this Bling company, connected or not: a second one would send every
    title a second time."""
    others = BlingConnection.objects.filter(company_id=company_id).exclude(pk=connection.pk)
    live = ~Q(status__in=(ConnectionStatus.NEVER, ConnectionStatus.HELD))
    return others.filter(live | Exists(Title.objects.filter(connection=OuterRef("pk")))).first()


def mark_needs_reconnection(connection: BlingConnection, *, cause: str, detail: str, now: datetime) -> None:
    """Stop a connection's pulls until its owner connects again; the backlog stays."""
    moved = BlingConnection.objects.filter(pk=connection.pk, status=ConnectionStatus.CONNECTED).update(
        status=ConnectionStatus.RECONNECT, status_cause=cause
    )
    if moved:
        ConnectionEvent.objects.create(connection=connection, at=now, code=cause, detail=detail)
        log.warning("connection needs reconnection", connection=connection.pk, cause=cause)


def _fill(token: BlingToken, pair: auth.TokenPair, client_id: str, now: datetime) -> None:
    token.access_token = pair.access_token
    token.refresh_token = pair.refresh_token
    token.client_id = client_id
    token.scopes = pair.scopes or token.scopes
    token.kind = pair.kind
    token.expires_at = now + timedelta(seconds=pair.expires_in)
    token.refreshed_at = now
    token.failures = 0
    token.retry_at = None
    token.waiting, token.waits_since = Waiting.NOBODY, None
    token.version += 1


def store_tokens(
    connection: BlingConnection,
    pair: auth.TokenPair,
    *,
    now: datetime,
    status: str = ConnectionStatus.CONNECTED,
    cause: str = "",
    given: bool = False,
    client_id: str = "",
    is_checked: bool = False,
) -> None:
    """Put a new authorization, which was given to the app `client_id`, in place of the old one and set the connection's
    status.

    `given` pairs were entered from outside; they are remembered, so that entering them again changes nothing.
    `is_checked`: whose account it opens was read with this very pair, and is the one meant.
    """
    with transaction.atomic():
        token = BlingToken.objects.select_for_update(no_key=True).filter(connection=connection).first()
        token = token or BlingToken(connection=connection, version=0)
        token.scopes = ""
        _fill(token, pair, client_id, now)
        token.company_checked_version = token.version if is_checked else 0
        token.refresh_started_version, token.authorized_at = 0, now
        if given:
            token.note_given()
        token.save()
        BlingConnection.objects.filter(pk=connection.pk).update(status=status, status_cause=cause)
    connection.status = status


def note_company_checked(access: Access) -> None:
    """Note that whose account a pair opens was read with it, and is the one meant."""
    pk, version = access.pair
    BlingToken.objects.filter(pk=pk, version=version).update(company_checked_version=version)


def load_checked_token(connection_id: int) -> BlingToken:
    """Return a connection's token, for a write: one to another company cannot be taken back. Raises `TransientError`
    where nobody has read yet whose account it opens; else as `load_token`."""
    token = load_token(connection_id)
    if token.company_checked_version != token.version:
        raise TransientError("whose account this is was not checked", service="Bling", code="company_unchecked")
    return token


def find_apps_again(now: datetime) -> None:
    """Connect again what only waited for its app to be known here: its tokens were used by nobody meanwhile."""
    lost = BlingConnection.objects.filter(status=ConnectionStatus.RECONNECT, status_cause=APP_CHANGED)
    for connection in lost.filter(token__isnull=False).select_related("token"):
        try:
            bling_app(connection, connection.token.client_id)
        except ConfigError:
            continue
        with transaction.atomic():
            found = lost.filter(pk=connection.pk).update(status=ConnectionStatus.CONNECTED, status_cause="")
            if found:
                ConnectionEvent.objects.create(connection=connection, at=now, code="app_found")


def refresh_line(*, clock: Clock, deadline: datetime) -> int:
    """Refresh the tokens of the line, one after the other, until nobody stands in it. Waits for each slot without
    reserving it, so that people who come meanwhile are first. Returns how many were refreshed."""
    refreshed, failed = 0, set[int]()
    while (now := clock()) < deadline:
        token = line(now).exclude(pk__in=failed).only("connection_id", "version").first()
        if token is None:
            break
        wait = seconds_until_token_slot(now) - NEAR_SLOT / 2
        if wait > 0:
            time.sleep(min(wait, LONGEST_NAP))
            continue
        try:
            refresh_token(token.connection_id, token.version, clock=clock)
            refreshed += 1
        except Exception as error:
            if isinstance(error, RateLimitedError) and error.code == IN_LINE:
                time.sleep(POLL_SECONDS)  # somebody else was faster
                continue
            # One token that cannot be refreshed, or not even be read, must not keep the others from it.
            log.warning("background refresh failed", connection=token.connection_id, error=str(error))
            failed.add(token.pk)
            _set_aside(token, clock())
    return refreshed


def _set_aside(token: BlingToken, now: datetime) -> None:
    """Let nobody stand behind a token that failed without a cooldown."""
    still = BlingToken.objects.filter(pk=token.pk, version=token.version)
    still.filter(Q(retry_at__isnull=True) | Q(retry_at__lte=now)).update(retry_at=now + FIRST_COOLDOWN, **NOBODY_WAITS)


def next_refreshes(tenant_ids: Sequence[int], now: datetime) -> list[tuple[int, datetime | None]]:
    """Return some companies with the moments at which their tokens are refreshed next (`None`: never)."""
    tokens = BlingToken.objects.filter(connection__tenant__in=tenant_ids).select_related("connection")
    return [(token.connection.tenant_id, _refreshed_at(token, now)) for token in tokens]


def _refreshed_at(token: BlingToken, now: datetime) -> datetime | None:
    if token.connection.status == ConnectionStatus.CONNECTED:
        return max(token.expires_at - REFRESH_BEFORE, token.retry_at or now)
    is_resting = token.connection.status == ConnectionStatus.PAUSED
    return max(token.refreshed_at + REFRESH_IDLE_AFTER, token.retry_at or now) if is_resting else None
