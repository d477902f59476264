"""Which Bling app an authorization belongs to. The only place that knows which secret is whose."""

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings

from integrations.bling import auth
from integrations.bling.errors import NeedsReconnectionError
from integrations.models import BlingAccess, BlingConnection
from integrations.models.fields import SecretUnreadableError
from integrations.pipeline.access.addresses import bling_address
from integrations.rest.errors import ConfigError

APP_CHANGED = "app_changed"
"""The cause of a connection's status: the app that its authorization was given to is not known here any more."""


@dataclass(frozen=True)
class Consent:
    """What a customer is asked for: by which app, and what the connection becomes by it (empty: it stays as it is)."""

    app: auth.App
    access: str


def bling_app(connection: BlingConnection, client_id: str = "") -> auth.App:
    """Return the app with this client id; empty, as it stands where none was stored: the connection's own, else the
    platform's that reads.

    Raises `NeedsReconnectionError` (`APP_CHANGED`) where its secret is not known any more: its tokens can be used by
    nobody; `ConfigError` when there is no app at all, or its secret cannot be read.
    """
    wanted = client_id or connection.client_id or settings.BLING_CLIENT_ID
    if not wanted:
        raise _no_app()
    known: tuple[tuple[str, Callable[[], str]], ...] = (
        (connection.client_id, lambda: connection.client_secret),
        (settings.BLING_CLIENT_ID, lambda: settings.BLING_CLIENT_SECRET),
        (settings.BLING_WRITE_CLIENT_ID, lambda: settings.BLING_WRITE_CLIENT_SECRET),
        (connection.next_client_id, lambda: connection.next_client_secret),
    )
    secret_of = next((secret_of for known_id, secret_of in known if known_id == wanted), None)
    if secret_of is None:
        raise NeedsReconnectionError("the secret of its app is not known", service="Bling", code=APP_CHANGED)
    try:
        secret = secret_of()
    except SecretUnreadableError as error:
        raise ConfigError(str(error), service="Bling", code="secret") from error
    if not secret:
        raise _no_app()
    return auth.App(
        wanted,
        secret,
        token_url=bling_address("BLING_TOKEN_URL"),
        authorize_url=bling_address("BLING_AUTHORIZE_URL"),
        revoke_url=bling_address("BLING_REVOKE_URL"),
    )


def next_consent(connection: BlingConnection) -> Consent:
    """Return what an authorization that begins now is for: what the customer is asked for, else what stands. Raises
    `ConfigError` where there is no app for it."""
    client_id = app_for(connection, connection.next_access)
    if not client_id:
        raise _no_app()
    return Consent(bling_app(connection, client_id), connection.next_access)


def app_for(connection: BlingConnection, next_access: str) -> str:
    """Return the client id of the app of what is asked for next, or (empty `next_access`) of what stands; empty where
    there is none."""
    if next_access:
        return connection.next_client_id or platform_app(next_access)
    # What was written to by the platform's only app is connected by it as long as there is no other one.
    return connection.client_id or platform_app(connection.access) or platform_app(BlingAccess.READ)


def platform_app(access: str) -> str:
    """Return the client id of the platform's app that reads, or reads and writes; empty where there is none."""
    return str(settings.BLING_WRITE_CLIENT_ID if access == BlingAccess.WRITE else settings.BLING_CLIENT_ID)


def _no_app() -> ConfigError:
    return ConfigError("no Bling app: client id and secret are missing", service="Bling", code="no_app")
