"""What an alert about a company may be of."""

from enum import StrEnum


class AlertCause(StrEnum):
    DOUBLE_PAYMENT = "double_payment"
    SURPLUS = "surplus"
    RESTORED = "restored"
    RECONNECT = "reconnect"
    HELD = "held"
    KAMINO = "kamino"
    LIST_UNKNOWN = "list_unknown"
    LIST_FAILED = "list_failed"
    EXPIRING = "expiring"
    RUN_FAILED = "run_failed"
    WRITING = "writing"
    PAYABLES = "payables"
    CUSTOMERS = "customers"
    BILLS = "bills"
    KEY_REFUSED = "key_refused"
    KEY_UNUSED = "key_unused"
    UNMAPPED = "unmapped"
    LATE = "late"
