"""Failpoints: the named boundaries between two steps, where a worker may be killed. Nothing listens in production;
tests make a real process kill itself at one of them and check that nothing is lost or doubled."""

from collections.abc import Callable

FAILPOINTS = (
    "pull.leased",
    "pull.step",
    "pull.page_read",
    "pull.chunk_read",
    "pull.chunk_saved",
    "pull.page_saved",
    "pull.orders_saved",
    "pull.finished",
    "asked.read",
    "asked.saved",
    "check.read",
    "check.saved",
    "bulk.carried_out",
    "bulk.saved",
    "plan.locked",
    "plan.computed",
    "plan.saved",
    "deliver.leased",
    "deliver.freed",
    "person.claimed",
    "person.before_write",
    "person.after_write",
    "person.recorded",
    "title.claimed",
    "title.before_write",
    "title.after_write",
    "title.recorded",
    "part.claimed",
    "part.before_write",
    "part.after_write",
    "part.recorded",
    "lookup.read",
    "lookup.done",
    "reconcile.page_read",
    "reconcile.compared",
)

WRITE_FAILPOINTS = (
    "to_bling.leased",
    "to_bling.freed",
    "contact.claimed",
    "contact.before_write",
    "contact.after_write",
    "contact.recorded",
    "payable.claimed",
    "payable.before_write",
    "payable.after_write",
    "payable.recorded",
)
"""Those of payables for Bling, which a tick only passes when somebody entered some."""
SETTLEMENT_FAILPOINTS = (
    "settlement.claimed",
    "settlement.before_write",
    "settlement.after_write",
    "settlement.recorded",
)
"""Those of settlements in Bling, which a tick only passes when a program ordered one."""
CUSTOMER_FAILPOINTS = (
    "customer.claimed",
    "customer.before_write",
    "customer.after_write",
    "customer.recorded",
)
"""Those of customers of other systems, which a tick only passes when a system sent one."""
BILL_FAILPOINTS = (
    "order.claimed",
    "order.before_write",
    "order.after_write",
    "order.recorded",
)
"""Those of bills of other systems, which a tick only passes when a system sent one."""
EXPORT_FAILPOINTS = ("export.worked", "export.saved")
"""Those of exports, which a tick only passes when somebody ordered one."""

_listeners: list[Callable[[str], None]] = []


def listen(listener: Callable[[str], None]) -> None:
    """Call `listener` with the name of each failpoint that this process passes."""
    _listeners.append(listener)


def passed(name: str) -> None:
    """Say that this process is at the boundary `name`, one of those above."""
    for listener in _listeners:
        listener(name)
