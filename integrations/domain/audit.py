"""The audit record: what is recorded, and how its rows are chained by hash, so that none can be taken out unseen."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

NOTHING = "0" * 64
"""What the first seal of all follows."""

_FIRST = (
    "id", "at", "action", "actor_id", "actor", "address", "company_id", "company", "object_type", "object_id",
    "filter", "count", "amount", "details",
)  # fmt: skip
COLUMNS: dict[int, tuple[str, ...]] = {1: _FIRST, 2: (*_FIRST, "role", "application", "backend")}
"""The columns of an event that each version of its digest holds. A version that sealed an event once stays as it is."""
VERSION = max(COLUMNS)
"""What events are sealed by now."""


class AuditAction(StrEnum):
    """What somebody did. Those of `models/audit_triggers.py` are recorded by the database, whoever writes the row."""

    LOGIN = "login"
    LOGOUT = "logout"
    LOGIN_FAILED = "login_failed"
    LOGIN_LOCKED = "login_locked"
    PROOF = "proof"
    FACTOR = "factor"
    USER = "user"
    USER_EMAIL = "user_email"
    USER_GROUP = "user_group"
    USER_PERMISSION = "user_permission"
    GROUP = "group"
    GROUP_PERMISSION = "group_permission"
    MEMBER = "member"
    COMPANY = "company"
    CONFIDENTIAL = "confidential"
    KAMINO_KEYS = "kamino_keys"
    BLING_KEYS = "bling_keys"
    CONNECTION = "connection"
    LINK = "link"
    TITLE_ORDER = "title_order"
    PERSON_ORDER = "person_order"
    BULK_ORDER = "bulk_order"
    FORCED = "forced"
    WRITING = "writing"
    BRIDGE_KEY = "bridge_key"
    PAYABLES = "payables"
    PAYABLE_ORDER = "payable_order"
    SETTLEMENT_ORDER = "settlement_order"
    CUSTOMER_ORDER = "customer_order"
    BILL_ORDER = "bill_order"
    DOWNLOAD_LIST = "download_list"
    DOWNLOAD_MAPPING = "download_mapping"
    DOWNLOAD_MONTH = "download_month"
    DOWNLOAD_POSITION = "download_position"
    FILE_ORDERED = "file_ordered"
    FILE_FETCHED = "file_fetched"
    LIVE_READ = "live_read"
    PERSON_REPORT = "person_report"
    PERSON_FORGOTTEN = "person_forgotten"
    PERSON_REFUSED = "person_refused"


def digest_of(event: Mapping[str, Any], version: int) -> str:
    """Return the hash of an event: of the columns of a version, by name. Amounts count by their value, moments in UTC.
    The first version has no number in it, as there was no other."""
    told = event if version == 1 else {**event, "version": version}
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_written)
    return hashlib.sha256(text.encode()).hexdigest()


def sealed(previous: str, number: int, event_id: int, event_at: datetime, digest: str) -> str:
    """Return the hash of a seal: of the seal before it, its own number, and the event that it seals."""
    text = "\n".join([previous, str(number), str(event_id), _written(event_at), digest])
    return hashlib.sha256(text.encode()).hexdigest()


def _written(value: Any) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds") if isinstance(value, datetime) else str(value)
