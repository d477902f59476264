"""What every request of the bridge shares: whose it is, how it is refused, and how it waits."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from django.conf import settings
from django.db import connection as database

from integrations.bling_v2 import answers
from integrations.bling_v2.codes import (
    BUSY,
    CODES,
    NO_KEY,
    OFF,
    PENDING,
    TOO_LARGE,
    TOO_MANY,
    RefusedError,
    status_of,
)
from integrations.bling_v2.request import MOST_BYTES as MOST_BYTES
from integrations.bling_v2.request import Request, read_request
from integrations.models import ApiKey, BlingConnection, BlingWriting, WriteMode
from integrations.models.api_keys import KeyKind
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.payables import throttle

log = structlog.get_logger(__name__)
Clock = Callable[[], datetime]
Found = TypeVar("Found")
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0
RETRY_AFTER = 60
ONLY_HTTPS = "Use https: a chave foi enviada sem proteção. Peça outra ao suporte."
DECIDES = "Uma pessoa decide sobre este lançamento. Não envie de novo."
SETTLE_PENDING = "Recebido; confirmação pendente. Repita a mesma requisição: não será liquidado em dobro."
CLOSED_MONTH = "O mês da competência está fechado"


@dataclass(frozen=True, repr=False)
class Call:
    """A request as it arrived. `query` follows the "?", `address` is where it comes from, `encoding` its
    `Content-Encoding`. In no `repr`, for what it holds."""

    raw: bytes
    content_type: str
    query: str
    path: str
    address: str
    encoding: str = ""


@dataclass(frozen=True)
class Answer:
    """What a program is told; `retry_after` in seconds, 0 where repeating it is of no use."""

    status: int
    body: bytes
    content_type: str
    retry_after: int = 0


@dataclass(frozen=True)
class Waiting:
    """How a request waits: `wake` asks the workers to look for work now, so that what is waited for does not wait for
    their next minute."""

    clock: Clock
    wake: Callable[[], None]
    sleep: Callable[[float], None] = time.sleep

    def until(self, look: Callable[[], Found], is_over: Callable[[Found], bool]) -> Found:
        """Return what `look` finds once it is over, at the latest after some seconds. Whoever waits holds no
        transaction, and between two looks no connection to the database."""
        until, pause = self.clock() + timedelta(seconds=settings.BRIDGE_WAIT_SECONDS), FIRST_PAUSE
        is_awake = False
        while True:
            found = look()
            if is_over(found):
                return found
            if not is_awake:
                self.wake()
                is_awake = True
            if self.clock() >= until:
                return found
            if not database.in_atomic_block:
                database.close()
            self.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)


def plain(call: Call) -> Answer:
    """Return the refusal of a request that came without encryption. Whose key travelled so is logged: whoever listened
    has it now."""
    with suppress(RefusedError):
        request = read_request(call.raw, call.content_type, call.query, encoding=call.encoding)
        key = ApiKey.objects.known(request.key, KeyKind.BRIDGE)
        if key is not None:
            log.error("a key of the bridge came without encryption: revoke it", key=key.pk, begins=key.prefix)
    return refusal(call.path, RefusedError(OFF, ONLY_HTTPS), status=403)


def refusal(path: str, error: RefusedError, *, status: int = 0) -> Answer:
    """Return a refusal in v2's form, with the status of its code or another one."""
    body, content_type = answers.refused(error.code, error.text, as_json=answers.is_json(path))
    may_repeat = error.code in (BUSY, TOO_MANY) or error.text in (CODES[PENDING], SETTLE_PENDING)
    return Answer(status or status_of(error.code), body, content_type, RETRY_AFTER if may_repeat else 0)


def key_of(call: Call, clock: Clock) -> tuple[ApiKey, Request]:
    """Return the key of a request and what it says. Strangers learn nothing of what they sent besides. Raises
    `RefusedError`."""
    if len(call.raw) > MOST_BYTES:
        raise RefusedError(TOO_LARGE)
    try:
        request = read_request(call.raw, call.content_type, call.query, encoding=call.encoding)
    except RefusedError:
        throttle.count_unknown(call.address)
        raise
    key = ApiKey.objects.known(request.key, KeyKind.BRIDGE)
    if key is None or (request.is_key_in_query and not key.allows_query):
        throttle.count_unknown(call.address)
        raise RefusedError(NO_KEY)
    ApiKey.objects.note_use(key, request.key, clock())
    return key, request


def is_written_to(connection: BlingConnection, **switches: bool) -> bool:
    """Say whether what is asked of an account is sent: nothing is stored to be sent some day. `switches` are those of
    its `BlingWriting` that have to be on."""
    is_live = BlingWriting.objects.filter(connection=connection, mode=WriteMode.LIVE, **switches).exists()
    return is_live and connection.status == ConnectionStatus.CONNECTED and connection.tenant.is_active
