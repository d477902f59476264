"""Who acts: known for as long as a request is answered, and told to the database before a watched row is written, for
the triggers that record the change (`models/audit_triggers`)."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from integrations.models.audit_triggers import ACTING, WATCHED


class Acting:
    """Somebody who acts. Looked up when it is needed: a log-in changes who it is in the middle of a request."""

    def __init__(self, user: Callable[[], Any], address: Callable[[], str]) -> None:
        self._user, self._address = user, address

    @property
    def user(self) -> User | None:
        found = self._user()
        return found if isinstance(found, User) else None

    @property
    def address(self) -> str:
        return self._address()


_ACTING: ContextVar[Acting | None] = ContextVar("acting", default=None)
_NAMES = "|".join(watched.table for watched in WATCHED)
_WRITES = re.compile(rf'(?:INSERT INTO|UPDATE|DELETE FROM) "(?:{_NAMES})"')


def acting() -> Acting | None:
    """Return who acts now: nobody in a task or a command."""
    return _ACTING.get()


@contextmanager
def acts(who: Acting) -> Iterator[None]:
    """Let somebody act for as long as this lasts."""
    token = _ACTING.set(who)
    try:
        yield
    finally:
        _ACTING.reset(token)


def tell_on(*, connection: Any, **_signal: Any) -> None:
    """Let a new connection tell who acts. First of the wrappers: Django takes off the last one where it put one on."""
    if _tell not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, _tell)


def _tell(execute: Any, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Say who acts, for this transaction only: a connection may be shared with others by transaction."""
    who = _ACTING.get()
    if who is None or not _WRITES.match(str(sql)):
        return execute(sql, params, many, context)
    connection = context["connection"]
    if not connection.in_atomic_block:
        with transaction.atomic(using=connection.alias):
            return _told(who, execute, sql, params, many, context)
    return _told(who, execute, sql, params, many, context)


def _told(who: Acting, execute: Any, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    user = who.user
    said = {"id": user.pk if user else None, "name": user.get_username() if user else "", "address": who.address}
    with context["connection"].cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [ACTING, json.dumps(said)])
    return execute(sql, params, many, context)
