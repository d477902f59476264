"""The role that owns the tables: for migrations and for what becomes of whole months of the audit record."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connections

_WHO = ("USER", "PASSWORD", "HOST", "PORT", "OPTIONS")


@contextmanager
def as_owner(using: str = "default") -> Iterator[None]:
    """Work on the database as `DATABASE_OWNER_URL` says, where there is one; the database's name stays."""
    owner = settings.DATABASE_OWNER
    connection = connections[using]
    if owner is None:
        yield
        return
    before = {name: connection.settings_dict.get(name) for name in _WHO}
    connection.close()
    connection.settings_dict.update({name: owner.get(name, "") for name in _WHO if name in owner})
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)
