"""Everything that opens a client, and the tests of a connection that people press a button for."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from integrations.bling.client import Access, BlingClient
from integrations.bling.writer import BlingWriter
from integrations.kamino.client import KaminoClient, Keys
from integrations.models import BlingConnection, BlingToken, KaminoConnection, Waiting
from integrations.models.fields import SecretUnreadableError
from integrations.pipeline.access.addresses import bling_address, kamino_address
from integrations.pipeline.access.rate_limits import LONGEST_WAIT, bling_slots, kamino_slots
from integrations.pipeline.access.token_line import note_refused
from integrations.pipeline.access.tokens import load_checked_token, load_token, refresh_token
from integrations.rest.errors import ConfigError
from integrations.rest.session import Patience

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
EXPIRY_MARGIN = timedelta(minutes=2)
PATIENCE = 20.0
"""Seconds that a person waits for all that a page reads live: the web server gives a page up after thirty."""


@dataclass(frozen=True)
class CheckLine:
    """One line of a connection test: what was tried, whether it worked, what was seen (English, technical), and for
    a failure the sentence that a person needs."""

    name: str
    ok: bool
    detail: str
    sentence: str = ""


def open_bling(
    connection: BlingConnection, *, clock: Clock, patience: Patience | None = None, waiting: Waiting = Waiting.NOBODY
) -> BlingClient:
    """Return a client that refreshes its token when Bling refuses it; `patience` is for a person at an open page, and
    `waiting` says who else waits for it.

    Raises `ConfigError` when the connection has no authorization, `RateLimitedError` when its turn to have its token
    refreshed has not come.
    """
    holder = _AccessHolder(connection.pk, clock, waiting, patience)
    return BlingClient(
        address=bling_address("BLING_API_URL"),
        access=holder.current(),
        slots=bling_slots(connection, clock=clock),
        renew=holder.renew,
        patience=patience,
    )


def open_bling_writer(connection: BlingConnection, *, clock: Clock, waiting: Waiting = Waiting.NOBODY) -> BlingWriter:
    """Return a writer for the account of a connection, which writes with nothing but the present tokens, once whose
    account they open was read; everything else as `open_bling`."""
    holder = _AccessHolder(connection.pk, clock, waiting, None)
    holder.current()
    return BlingWriter(
        address=bling_address("BLING_API_URL"),
        access=holder.checked,
        slots=bling_slots(connection, clock=clock),
        renew=holder.renew,
    )


class _AccessHolder:
    """Remembers which token version a client uses, so that a refused one is refreshed only once."""

    def __init__(self, connection_id: int, clock: Clock, waiting: Waiting, patience: Patience | None) -> None:
        self._connection_id = connection_id
        self._clock = clock
        self._waiting = waiting
        self._patience = patience
        self._version = 0

    def current(self) -> Access:
        token = load_token(self._connection_id)
        if token.expires_at - EXPIRY_MARGIN <= self._clock():
            token = self._refreshed(token.version)
        return self._use(token)

    def checked(self) -> Access:
        return self._use(load_checked_token(self._connection_id))

    def renew(self) -> Access:
        note_refused(self._connection_id, self._version, self._clock())
        return self._use(self._refreshed(self._version))

    def _refreshed(self, version: int) -> BlingToken:
        left = self._patience.left(service="Bling", operation="refresh") if self._patience else None
        return refresh_token(self._connection_id, version, clock=self._clock, waiting=self._waiting, longest_wait=left)

    def _use(self, token: BlingToken) -> Access:
        self._version = token.version
        return Access(token.access_token, token.kind, (token.pk, token.version))


def open_kamino(connection: KaminoConnection, *, clock: Clock, patience: Patience | None = None) -> KaminoClient:
    """Return a client for a company's keys; `patience` is for a person who waits, for a slot no longer than it lasts.

    Raises `ConfigError` for an address that keys must not be sent to.
    """
    address = kamino_address(connection.base_url, connection.cn)
    try:
        keys = Keys(connection.app, connection.cn, connection.id_usr, connection.usr, connection.hash)
    except SecretUnreadableError as error:
        raise ConfigError(str(error), service="Kamino", code="secret") from error
    left = patience.left(service="Kamino", operation="slot") if patience else LONGEST_WAIT
    return KaminoClient(
        address=address,
        keys=keys,
        slots=kamino_slots(connection, clock=clock, longest_wait=min(left, LONGEST_WAIT)),
        allow_unconfirmed=connection.allow_unconfirmed,
        title_lists=connection.title_lists,
        failing=connection.failing_lists,
        patience=patience,
    )
