"""The admin: one module per table. An action is a permission, a confirmation, one pipeline call, an honest message."""

from integrations.admin import (
    alert,
    attempt,
    bling_connection,
    discrepancy,
    forced_settlement,
    kamino_connection,
    limits,
    mapping,
    person,
    posting,
    queue_tables,
    registers,
    run,
    tenant,
    title,
    users,
)

__all__ = [
    "alert",
    "attempt",
    "bling_connection",
    "discrepancy",
    "forced_settlement",
    "kamino_connection",
    "limits",
    "mapping",
    "person",
    "posting",
    "queue_tables",
    "registers",
    "run",
    "tenant",
    "title",
    "users",
]
