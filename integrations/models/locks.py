"""Locks by name: who asks for one that another transaction holds waits for that one's end."""

from django.db import connection
from django.db.transaction import TransactionManagementError


def lock_until_commit(name: str) -> None:
    """Hold what `name` stands for until the transaction ends; waits while another transaction holds it.

    Raises `TransactionManagementError` outside a transaction, where it would hold nothing.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError(f"{name} cannot be held outside a transaction")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
