"""The admin: one module per table. An action is a permission, a confirmation, one pipeline call, an honest message."""

from integrations.admin.access import audit, users
from integrations.admin.bills import bill
from integrations.admin.companies import confidential_category, filter_rule, restore_hold, tenant
from integrations.admin.connections import bling, kamino
from integrations.admin.customers import customer
from integrations.admin.mapping import change, mapping, registers
from integrations.admin.payables import batch, key, payable, settlement, sheet
from integrations.admin.reports import export, month_closing
from integrations.admin.system import alert, limits, queue_tables, run
from integrations.admin.titles import person, title
from integrations.admin.worklists import attempt, bulk_order, discrepancy, forced_settlement, posting, simulation

__all__ = [
    "alert",
    "attempt",
    "audit",
    "batch",
    "bill",
    "bling",
    "bulk_order",
    "change",
    "confidential_category",
    "customer",
    "discrepancy",
    "export",
    "filter_rule",
    "forced_settlement",
    "kamino",
    "key",
    "limits",
    "mapping",
    "month_closing",
    "payable",
    "person",
    "posting",
    "queue_tables",
    "registers",
    "restore_hold",
    "run",
    "settlement",
    "sheet",
    "simulation",
    "tenant",
    "title",
    "users",
]
