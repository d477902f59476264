"""The tables, one module per aggregate. No I/O beyond the database, no signals, no clients."""

from integrations.models.actions import PersonAction
from integrations.models.alerts import Alert
from integrations.models.api_keys import ApiKey
from integrations.models.audit import AuditEvent, AuditPending, AuditSeal
from integrations.models.bling_attempts import BlingAttempt
from integrations.models.bling_units import ContactWrite, PayableWrite, SettlementWrite
from integrations.models.bling_writing import BlingWriting, WriteMode
from integrations.models.bulk_orders import BulkOrder
from integrations.models.confidential import ConfidentialCategory
from integrations.models.connections import (
    AuthorizationRequest,
    BlingAccess,
    BlingConnection,
    BlingToken,
    ConnectionEvent,
    ConnectLink,
    KaminoConnection,
    Waiting,
)
from integrations.models.customer_writes import CustomerWrite
from integrations.models.deliveries import Attempt, PersonPosting, Posting
from integrations.models.discrepancies import Discrepancy, KaminoSnapshot, StoredDiscrepancy
from integrations.models.exports import Export, ExportChunk
from integrations.models.filters import FilterRule
from integrations.models.follow_ups import FollowUp
from integrations.models.forced_settlements import ForcedSettlement
from integrations.models.gone import GoneInBling
from integrations.models.known_addresses import KnownAddress
from integrations.models.limits import Breaker, Heartbeat, RateLimit
from integrations.models.listed_spans import ListedSpan
from integrations.models.mapping_changes import MappingChange
from integrations.models.mappings import Mapping
from integrations.models.month_closings import MonthClosing
from integrations.models.order_writes import BlingProduct, OrderWrite
from integrations.models.parts import DELIVERY_UNITS, PartPosting
from integrations.models.payable_sheets import PayableSheet
from integrations.models.payment_checks import PaymentCheck
from integrations.models.person_decisions import PersonDecision
from integrations.models.plan_requests import PlanRequest
from integrations.models.planned_writes import PlannedWrite
from integrations.models.registers import CatalogItem, KaminoItem
from integrations.models.restores import KnownDatabase, RestoreHold
from integrations.models.runs import SyncRun
from integrations.models.seen_rows import SeenRow
from integrations.models.tenants import Tenant
from integrations.models.title_changes import TitleChange
from integrations.models.titles import Bordero, Payment, Person, SalesOrder, Title, TitleRead
from integrations.models.wake_ups import WakeUp, WakeUpKind
from integrations.models.write_batches import WriteBatch
from integrations.models.write_units import WRITE_UNITS, WriteUnit

__all__ = [
    "DELIVERY_UNITS",
    "WRITE_UNITS",
    "Alert",
    "ApiKey",
    "Attempt",
    "AuditEvent",
    "AuditPending",
    "AuditSeal",
    "AuthorizationRequest",
    "BlingAccess",
    "BlingAttempt",
    "BlingConnection",
    "BlingProduct",
    "BlingToken",
    "BlingWriting",
    "Bordero",
    "Breaker",
    "BulkOrder",
    "CatalogItem",
    "ConfidentialCategory",
    "ConnectLink",
    "ConnectionEvent",
    "ContactWrite",
    "CustomerWrite",
    "Discrepancy",
    "Export",
    "ExportChunk",
    "FilterRule",
    "FollowUp",
    "ForcedSettlement",
    "GoneInBling",
    "Heartbeat",
    "KaminoConnection",
    "KaminoItem",
    "KaminoSnapshot",
    "KnownAddress",
    "KnownDatabase",
    "ListedSpan",
    "Mapping",
    "MappingChange",
    "MonthClosing",
    "OrderWrite",
    "PartPosting",
    "PayableSheet",
    "PayableWrite",
    "Payment",
    "PaymentCheck",
    "Person",
    "PersonAction",
    "PersonDecision",
    "PersonPosting",
    "PlanRequest",
    "PlannedWrite",
    "Posting",
    "RateLimit",
    "RestoreHold",
    "SalesOrder",
    "SeenRow",
    "SettlementWrite",
    "StoredDiscrepancy",
    "SyncRun",
    "Tenant",
    "Title",
    "TitleChange",
    "TitleRead",
    "Waiting",
    "WakeUp",
    "WakeUpKind",
    "WriteBatch",
    "WriteMode",
    "WriteUnit",
]
