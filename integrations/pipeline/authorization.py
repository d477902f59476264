"""The OAuth flow: from the button to stored tokens. A code is exchanged at most once, in the browser it began in."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.contrib.auth.models import User
from django.core import signing

from integrations.bling import auth
from integrations.bling.client import Access, BlingClient
from integrations.bling.errors import InvalidGrantError, NeedsReconnectionError
from integrations.domain.documents import compact
from integrations.models import AuthorizationRequest, BlingConnection, BlingToken, ConnectionEvent
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.connections import bling_app, store_tokens
from integrations.pipeline.limits import bling_slots, token_slots
from integrations.rest.errors import ApiError, ConfigError, UnauthorizedError

log = structlog.get_logger(__name__)

SALT = "integrations.authorization"
LIFETIME = timedelta(minutes=30)
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
    """How an authorization ended. `code` is one of: connected, refused, expired, used, unknown_state, not_ours,
    other_company, other_cnpj, app_inactive, account_overdue, bad_client, network, rejected."""

    code: str
    connection: BlingConnection | None = None
    detail: str = ""


def start_authorization(*, connection: BlingConnection, user: User | None, now: datetime) -> Started:
    """Make a nonce for one authorization. Raises `ConfigError` when the connection has no app."""
    app = bling_app(connection)
    nonce = secrets.token_urlsafe(32)
    AuthorizationRequest.objects.create(connection=connection, nonce=nonce, user=user, expires_at=now + LIFETIME)
    state = signing.dumps({"connection": connection.pk, "nonce": nonce}, salt=SALT)
    return Started(url=auth.authorize_url(app, state), cookie=nonce)


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
    request = AuthorizationRequest.objects.select_related("connection").filter(nonce=data["nonce"]).first()
    if request is None or request.connection_id != data["connection"]:
        return Outcome("unknown_state")
    if not hmac.compare_digest(cookie.encode(), request.nonce.encode()):
        return Outcome("not_ours", request.connection)
    if request.used_at is not None:
        return Outcome("used", request.connection)
    # Committed before the exchange: a reload, or a second tab, must never send the code again.
    burnt = AuthorizationRequest.objects.filter(pk=request.pk, used_at=None, expires_at__gt=now).update(used_at=now)
    if not burnt:
        return Outcome("expired", request.connection)
    if error or not code:
        outcome = Outcome(_REFUSALS.get(error, "rejected"), request.connection, error_description)
    else:
        outcome = _exchange(request.connection, code, now)
    ConnectionEvent.objects.create(
        connection=request.connection, at=now, code=outcome.code, detail=outcome.detail, user_id=request.user_id
    )
    return outcome


def _exchange(connection: BlingConnection, code: str, now: datetime) -> Outcome:
    try:
        token_slots(clock=lambda: now).take()
        pair = auth.exchange_code(bling_app(connection), code)
        company = BlingClient(
            base_url=settings.BLING_API_URL,
            access=Access(pair.access_token, pair.kind),
            slots=bling_slots(connection, clock=lambda: now),
            renew=lambda: Access(pair.access_token, pair.kind),
        ).company()
    except UnauthorizedError as error:
        return Outcome("bad_client", connection, error.message)
    except InvalidGrantError as error:
        return Outcome("rejected", connection, error.message)
    except NeedsReconnectionError as error:
        return Outcome("account_overdue", connection, error.message)
    except ConfigError as error:
        return Outcome("rejected", connection, error.message)
    except ApiError as error:
        log.warning("authorization failed", connection=connection.pk, error=str(error))
        return Outcome("network", connection, error.kind)
    return _accept(connection, pair, company.id, company.nome, company.cnpj, now)


def _accept(
    connection: BlingConnection, pair: auth.TokenPair, company_id: str, name: str, cnpj: str, now: datetime
) -> Outcome:
    if connection.company_id and connection.company_id != company_id:
        return Outcome("other_company", connection, name)
    expected = compact(connection.tenant.cnpj)
    if expected and compact(cnpj) and compact(cnpj) != expected:
        return Outcome("other_cnpj", connection, f"{name} {cnpj}")
    live = BlingConnection.objects.filter(company_id=company_id).exclude(pk=connection.pk)
    if live.exclude(status=ConnectionStatus.NEVER).exists():
        return Outcome("other_company", connection, name)
    BlingConnection.objects.filter(pk=connection.pk).update(company_id=company_id, company_name=name, company_cnpj=cnpj)
    store_tokens(connection, pair, now=now)
    return Outcome("connected", connection, name)


def disconnect(*, connection: BlingConnection, user: User | None, now: datetime) -> bool:
    """Revoke the authorization at Bling and forget its tokens; false when Bling could not be told."""
    token = BlingToken.objects.filter(connection=connection).first()
    told = True
    if token is not None:
        try:
            auth.revoke(bling_app(connection), token.refresh_token)
        except ApiError as error:
            log.warning("revocation failed", connection=connection.pk, error=str(error))
            told = False
        token.delete()
    BlingConnection.objects.filter(pk=connection.pk).update(status=ConnectionStatus.NEVER, status_cause="disconnected")
    ConnectionEvent.objects.create(connection=connection, at=now, code="disconnected", user=user)
    return told
