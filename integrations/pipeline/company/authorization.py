"""The OAuth flow: from the button or the customer's link to stored tokens.

A code is exchanged at most once, in the browser that the authorization began in, by the app that it began with. Every
outcome leaves a row on the connection's timeline. Another company than expected is never mirrored before support has
said yes. What is to replace an authorization that stands is judged before it is stored (`bling_access`).
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from django.contrib.auth.models import User
from django.core import signing
from django.db import transaction

from integrations.bling import auth
from integrations.bling.client import Access, BlingClient
from integrations.bling.errors import (
    ForbiddenError,
    InvalidGrantError,
    MissingScopeError,
    NeedsReconnectionError,
    NoRefreshTokenError,
)
from integrations.bling.records import Empresa
from integrations.models import AuthorizationRequest, BlingConnection, ConnectionEvent, ConnectLink, SyncRun
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.access.addresses import bling_address
from integrations.pipeline.access.apps import bling_app, next_consent
from integrations.pipeline.access.identity import doubt, proved, waiting
from integrations.pipeline.access.rate_limits import bling_slots, token_slots
from integrations.pipeline.access.tokens import other_owner, store_tokens
from integrations.pipeline.company import bling_access
from integrations.pipeline.read.schedule import open_run
from integrations.rest.errors import ApiError, ConfigError, NotFoundError, RejectedError, UnauthorizedError
from integrations.rest.limits import take

log = structlog.get_logger(__name__)

SALT = "integrations.authorization"
LINK_SALT = "integrations.connect-link"
LIFETIME = timedelta(minutes=30)
LINK_LIFETIME = timedelta(hours=72)
MOST_OPEN = 10
"""So many authorizations that were begun by one link can be finished: the newest."""
REPEATABLE = ("not_ours", "expired")
"""Ends that burn no authorization."""
_REFUSALS = {
    "access_denied": "refused",
    "app_inativo": "app_inactive",
    "UNAUTHORIZED_ERROR": "account_overdue",
    "invalid_request": "rejected",
}


@dataclass(frozen=True)
class Started:
    """Where to send the browser, and the cookie that binds the answer to it."""

    url: str
    cookie: str


@dataclass(frozen=True)
class Outcome:
    """How an authorization ended. `code` is one of: connected, missing_scopes, other_company, other_cnpj, no_cnpj,
    refused, expired, used, unknown_state, not_ours, app_inactive, account_overdue, bad_client, no_refresh_token,
    forbidden, network, rejected, superseded, and of one that was to replace what stands, and was dropped:
    switch_unread, switch_other_company, switch_missing_scopes, switch_no_writing."""

    code: str
    connection: BlingConnection | None = None
    detail: str = ""


@dataclass(frozen=True, repr=False)
class Given:
    """What Bling gave for a code: for which request, the tokens, the app that they belong to, and a client that uses
    them."""

    request: AuthorizationRequest
    pair: auth.TokenPair
    client_id: str
    client: BlingClient

    def store(self, now: datetime, **options: Any) -> None:
        """Store the tokens as those of the request's connection (`store_tokens`). Raises `SupersededError` where
        another authorization was stored meanwhile that they must not replace."""
        with transaction.atomic():
            if bling_access.lock_asked(self.request) is None:
                raise SupersededError
            store_tokens(self.request.connection, self.pair, now=now, client_id=self.client_id, **options)


class SupersededError(Exception):
    """Something else stands, or is asked for, than when an authorization began."""


def create_link(*, connection: BlingConnection, user: User, now: datetime) -> str:
    """Return the token of a new link for the customer (72 hours); older links of the connection end."""
    with transaction.atomic():
        ConnectLink.objects.filter(connection=connection, used_at=None, expires_at__gt=now).update(expires_at=now)
        link = ConnectLink.objects.create(
            connection=connection, created_by=user, created_at=now, expires_at=now + LINK_LIFETIME
        )
        ConnectionEvent.objects.create(connection=connection, at=now, code="link_created", user=user)
    return signing.dumps(link.pk, salt=LINK_SALT)


def find_link(token: str, *, now: datetime) -> ConnectLink | None:
    """Return the link of a token; `None` when it was forged, used, replaced, or is older than 72 hours."""
    try:
        pk = signing.loads(token, salt=LINK_SALT)
    except signing.BadSignature:
        return None
    link = ConnectLink.objects.select_related("connection__tenant").filter(pk=pk).first()
    return link if link and link.used_at is None and link.expires_at > now else None


def start_authorization(
    *, connection: BlingConnection, user: User | None, now: datetime, link: ConnectLink | None = None
) -> Started:
    """Make a nonce for one authorization. Raises `ConfigError` when the connection has no app."""
    consent = next_consent(connection)
    nonce = secrets.token_urlsafe(32)
    with transaction.atomic():
        if link is not None:
            # Whoever has the link may press its button as often as they like.
            asked = AuthorizationRequest.objects.filter(link=link, used_at=None).order_by("-pk")
            asked.filter(pk__in=asked.values("pk")[MOST_OPEN - 1 :]).delete()
        AuthorizationRequest.objects.create(
            connection=connection, nonce=nonce, user=user, link=link, expires_at=now + LIFETIME,
            client_id=consent.app.client_id, access=consent.access,
        )  # fmt: skip
    state = signing.dumps({"connection": connection.pk, "nonce": nonce}, salt=SALT)
    return Started(url=auth.authorize_url(consent.app, state), cookie=nonce)


def complete_authorization(
    *, state: str, code: str, error: str, error_description: str, cookie: str, now: datetime
) -> Outcome:
    """Handle Bling's callback: check, burn the nonce, exchange the code once, store the tokens."""
    if not state:
        return Outcome("not_ours")
    try:
        data = signing.loads(state, salt=SALT)
    except signing.BadSignature:
        return Outcome("unknown_state")
    request = AuthorizationRequest.objects.select_related("connection__tenant").filter(nonce=data["nonce"]).first()
    if request is None or request.connection_id != data["connection"]:
        return Outcome("unknown_state")
    if not hmac.compare_digest(cookie.encode(), request.nonce.encode()):
        return _noted(request, Outcome("not_ours", request.connection), now)
    if request.used_at is not None:
        return Outcome("used", request.connection)
    # Committed before the exchange: a reload, or a second tab, must never send the code again.
    burnt = AuthorizationRequest.objects.filter(pk=request.pk, used_at=None, expires_at__gt=now).update(used_at=now)
    if not burnt:
        return _noted(request, Outcome("expired", request.connection), now)
    if error or not code:
        return _noted(
            request, Outcome(_REFUSALS.get(error, "rejected"), request.connection, error_description[:200]), now
        )
    if not bling_access.is_still_asked(request, request.connection):
        return _noted(request, Outcome("superseded", request.connection), now)
    outcome = _exchange(request, code, now)
    if outcome.code in ("connected", "forbidden") and request.link_id is not None:
        ConnectLink.objects.filter(pk=request.link_id).update(used_at=now)
    return _noted(request, outcome, now)


def _noted(request: AuthorizationRequest, outcome: Outcome, now: datetime) -> Outcome:
    """Keep how it ended; what the callback's address can be opened for again and again, from anywhere, only once."""
    told = ConnectionEvent.objects.filter(connection=request.connection, code=outcome.code)
    if outcome.code in REPEATABLE and told.filter(at__gte=request.expires_at - LIFETIME).exists():
        return outcome
    ConnectionEvent.objects.create(
        connection=request.connection, at=now, code=outcome.code, detail=outcome.detail, user_id=request.user_id
    )
    return outcome


def _exchange(request: AuthorizationRequest, code: str, now: datetime) -> Outcome:
    connection = request.connection
    try:
        app = bling_app(connection, request.client_id)
        take(token_slots(clock=lambda: now))
        pair = auth.exchange_code(app, code)
    except UnauthorizedError as error:
        return Outcome("bad_client", connection, error.message)
    except InvalidGrantError as error:
        return Outcome("rejected", connection, error.message)
    except NeedsReconnectionError as error:
        return Outcome("account_overdue", connection, error.message)
    except NoRefreshTokenError:
        return Outcome("no_refresh_token", connection)
    except (ConfigError, RejectedError) as error:
        return Outcome("rejected", connection, error.message)
    except ApiError as error:
        log.warning("authorization failed", connection=connection.pk, error=str(error))
        return Outcome("network", connection, error.kind)
    client = BlingClient(
        address=bling_address("BLING_API_URL"),
        access=Access(pair.access_token, pair.kind),
        slots=bling_slots(connection, clock=lambda: now),
        renew=lambda: Access(pair.access_token, pair.kind),
    )
    given = Given(request, pair, app.client_id, client)
    try:
        return _switch(given, now) if request.access else _judge(connection, given, now)
    except SupersededError:
        return Outcome("superseded", connection)


def _switch(given: Given, now: datetime) -> Outcome:
    """Put the new pair in place of what stands, which was asked for; drop it where anything is doubtful."""
    request, connection = given.request, given.request.connection
    probe = partial(missing_scopes, given.client, every=True)
    drop = bling_access.judge(connection, given.pair, given.client, request.access, probe)
    drop = drop or bling_access.switch(request, given.pair, now=now)
    if drop is not None:
        return Outcome(drop.code, connection, drop.detail)
    return _started(connection, Outcome("connected", connection, connection.company_name), now)


def _judge(connection: BlingConnection, given: Given, now: datetime) -> Outcome:
    """Store the new pair, as what the company and the scopes behind it allow: the pair itself is never lost."""
    client = given.client
    company: Empresa | None = None
    try:
        try:
            company = client.company()
        except MissingScopeError:
            missing = ["company"]
        else:
            # Before anything else may fail: another company's tokens never get to the connection of this one.
            held = _hold_back(connection, given, company, now)
            if held is not None:
                return held
            BlingConnection.objects.filter(pk=connection.pk).update(**proved(company))
            missing = missing_scopes(client)
    except ApiError as error:
        log.warning("company not read", connection=connection.pk, error=str(error))
        # The first run reads the company and checks it.
        given.store(now)
        is_refused = isinstance(error, ForbiddenError)
        outcome = Outcome("forbidden", connection, error.message) if is_refused else Outcome("connected", connection)
        return _started(connection, outcome, now)
    if missing:
        names = ", ".join(missing)
        given.store(now, status=ConnectionStatus.RECONNECT, cause="missing_scopes")
        return Outcome("missing_scopes", connection, names)
    given.store(now, is_checked=company is not None)
    return _started(connection, Outcome("connected", connection, company.nome if company else ""), now)


def _started(connection: BlingConnection, outcome: Outcome, now: datetime) -> Outcome:
    """Catch up at once: what changed while the connection was away is read now."""
    open_run(connection, trigger=SyncRun.Trigger.SCHEDULE, due_at=now, now=now)
    return outcome


def missing_scopes(client: BlingClient, *, every: bool = False) -> list[str]:
    """Return the names of the scopes that Bling says are missing. Raises `ConfigError` where it refuses all access for
    another reason; other errors are not about scopes, and raised only where `every` one is to be tried."""
    missing = []
    for name, read in client.probes():
        try:
            read()
        except NotFoundError:
            continue
        except MissingScopeError:
            missing.append(name)
        except ConfigError:
            raise
        except ApiError as error:
            if every:
                raise
            log.warning("scope not probed", scope=name, error=str(error))
    return missing


def _hold_back(connection: BlingConnection, given: Given, company: Empresa, now: datetime) -> Outcome | None:
    """Keep another company's tokens apart until support decides; `None` when it is the expected company."""
    if other_owner(connection, company.id) is not None:
        return Outcome("other_company", connection, company.nome)  # mirrored by another connection: nothing to decide
    code = doubt(connection, company)
    if not code:
        return None
    held = _held_connection(connection, company) if code == "other_company" else connection
    detail = f"{company.nome} {company.cnpj}".strip()
    on_hold: dict[str, Any] = {"status": ConnectionStatus.HELD, "cause": code}
    with transaction.atomic():
        if held.pk == connection.pk:
            given.store(now, **on_hold)
        else:
            store_tokens(held, given.pair, now=now, client_id=given.client_id, **on_hold)
        BlingConnection.objects.filter(pk=held.pk).update(**waiting(company))
    if held.pk != connection.pk:
        ConnectionEvent.objects.create(connection=held, at=now, code=code, detail=detail)
    return Outcome(code, connection, detail)


def _held_connection(connection: BlingConnection, company: Empresa) -> BlingConnection:
    """Return the connection that waits for support's word, with the credentials of the one it was made through."""
    found = BlingConnection.objects.filter(tenant=connection.tenant, company_id=company.id).first()
    if found is not None:
        return found
    count = BlingConnection.objects.filter(tenant=connection.tenant).count()
    return BlingConnection.objects.create(
        tenant=connection.tenant,
        label=f"{connection.label} ({company.nome})"[:100],
        client_id=connection.client_id,
        client_secret=connection.client_secret,
        access=connection.access,
        company_id=company.id,
        company_name=company.nome,
        company_cnpj=company.cnpj,
        code_prefix=f"{count + 1}-",
    )
