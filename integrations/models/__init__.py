"""The tables, one module per aggregate. No I/O beyond the database, no signals, no clients."""

from integrations.models.connections import (
    AuthorizationRequest,
    BlingConnection,
    BlingToken,
    ConnectionEvent,
    KaminoConnection,
)
from integrations.models.deliveries import Attempt, ForcedSettlement, PersonPosting, PlanRequest, Posting
from integrations.models.discrepancies import Discrepancy, KaminoSnapshot
from integrations.models.limits import RateLimit
from integrations.models.mappings import Mapping
from integrations.models.registers import CatalogItem, KaminoItem
from integrations.models.runs import SyncRun
from integrations.models.tenants import Tenant
from integrations.models.titles import Bordero, Payment, Person, SeenRow, Title, TitleRead

__all__ = [
    "Attempt",
    "AuthorizationRequest",
    "BlingConnection",
    "BlingToken",
    "Bordero",
    "CatalogItem",
    "ConnectionEvent",
    "Discrepancy",
    "ForcedSettlement",
    "KaminoConnection",
    "KaminoItem",
    "KaminoSnapshot",
    "Mapping",
    "Payment",
    "Person",
    "PersonPosting",
    "PlanRequest",
    "Posting",
    "RateLimit",
    "SeenRow",
    "SyncRun",
    "Tenant",
    "Title",
    "TitleRead",
]
