"""Colours of badges, one table for each kind of word. A test walks them all: no word is without a colour."""

from integrations.domain.reasons import Severity
from integrations.domain.titles import TitleStatus

SEVERITY_COLOURS = {Severity.DANGER: "danger", Severity.WARNING: "warning", Severity.INFO: "info"}
STATE_COLOURS = {
    "held": "warning",
    "ready": "info",
    "sending": "info",
    "delivered": "success",
    "uncertain": "danger",
    "needs_human": "danger",
    "ignored": "default",
}
STATUS_COLOURS: dict[str, str] = {
    TitleStatus.OPEN: "info",
    TitleStatus.PARTIAL: "warning",
    TitleStatus.SETTLED: "success",
    TitleStatus.CANCELLED: "default",
    TitleStatus.RETURNED: "danger",
    TitleStatus.PARTLY_RETURNED: "danger",
    TitleStatus.CONFIRMED: "info",
    TitleStatus.UNKNOWN: "danger",
    TitleStatus.DELETED: "danger",
}
CONNECTION_COLOURS = {
    "never": "default",
    "connected": "success",
    "reconnect": "danger",
    "paused": "warning",
    "held": "danger",
}
OUTCOME_COLOURS = {
    "in_flight": "info",
    "delivered": "success",
    "adopted": "success",
    "unchanged": "default",
    "transient": "warning",
    "rejected": "danger",
    "config": "danger",
    "conflict": "danger",
    "uncertain": "danger",
    "internal": "danger",
}
CHANGE_COLOURS = {
    "reading": "info",
    "proposed": "warning",
    "applying": "info",
    "done": "success",
    "failed": "danger",
    "discarded": "default",
}
OPERATION_COLOURS = {
    "create": "info",
    "create_paid": "success",
    "update": "default",
    "settle": "success",
    "cancel": "danger",
}
RUN_COLOURS = {"open": "info", "done": "success", "failed": "danger", "problems": "warning"}
BREAKER_COLOURS = {"closed": "success", "open": "danger", "none": "default"}
MAPPING_KIND_COLOURS = {
    "category": "info",
    "bank_account": "success",
    "sales_channel": "default",
    "business_unit": "default",
    "customer": "primary",
    "supplier": "primary",
}
NAME_COLOURS = {"mapped": "success", "by_name": "info", "open": "danger", "optional": "default", "unused": "default"}
