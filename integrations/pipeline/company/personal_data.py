"""Where personal data is: every text, JSON and binary column of every table, and what becomes of it when somebody asks.

`tests/pipeline/company/test_personal_data.py` walks the tables: a column that is in none of these lists fails it.
"""

from dataclasses import dataclass

from django.db.models import Model

from integrations.models import (
    Alert,
    ApiKey,
    BlingConnection,
    BlingWriting,
    BulkOrder,
    ConfidentialCategory,
    ConnectionEvent,
    FilterRule,
    FollowUp,
    ForcedSettlement,
    KaminoConnection,
    Mapping,
    MappingChange,
    MonthClosing,
    PayableSheet,
    PersonAction,
    PersonDecision,
    RestoreHold,
    SyncRun,
    Tenant,
    WriteBatch,
)
from integrations.models.bling_writing import WRITTEN_KINDS


@dataclass(frozen=True)
class FreeText:
    """Columns of a table that hang on nobody and may name anybody: they are searched for the person's names, in all
    rows of the company (`tenant_path` leads to it), and these are taken out."""

    model: type[Model]
    tenant_path: str
    fields: tuple[str, ...]


FREE_TEXTS = (
    FreeText(Alert, "tenant", ("params",)),
    FreeText(ApiKey, "connection__tenant", ("label", "reason", "contact_email")),
    FreeText(BulkOrder, "tenant", ("reason", "listed", "terms", "left_out")),
    FreeText(ConnectionEvent, "connection__tenant", ("detail",)),
    FreeText(FollowUp, "posting__kamino_connection__tenant", ("comment",)),
    FreeText(ForcedSettlement, "posting__kamino_connection__tenant", ("reason", "refusal")),
    FreeText(MappingChange, "tenant", ("file_name", "failure", "headers", "rows")),
    FreeText(MonthClosing, "tenant", ("numbers",)),
    FreeText(PersonAction, "posting__kamino_connection__tenant", ("reason",)),
    FreeText(PersonDecision, "person__connection__tenant", ("reason",)),
    FreeText(RestoreHold, "kamino_connection__tenant", ("reason",)),
    FreeText(PayableSheet, "connection__tenant", ("file_name", "rows", "unread_columns")),
    FreeText(WriteBatch, "connection__tenant", ("reason", "file_name")),
    FreeText(SyncRun, "connection__tenant", ("failure_notes", "failure")),
    *(
        FreeText(model.history.model, path, ("history_change_reason",))
        for model, path in (
            (Tenant, "id"), (BlingConnection, "tenant"), (KaminoConnection, "tenant"),
            (Mapping, "connection__tenant"), (FilterRule, "connection__tenant"),
            (ConfidentialCategory, "connection__tenant"), (BlingWriting, "connection__tenant"),
        )
    ),
)  # fmt: skip
"""`MappingChange.content` is there only while a file is read: nobody is forgotten meanwhile."""

OF_THE_PERSON: dict[str, tuple[str, ...]] = {
    "Person": (
        "name", "document", "trade_name", "kind", "email", "street", "number", "complement", "district", "city",
        "state", "postal_code",
    ),
    "PersonPosting": ("reason_params", "problems", "desired", "delivered", "kept_document"),
    "Title": ("history",),
    "TitleRead": ("failure",),
    "TitleChange": ("values",),
    "Posting": ("reason_params", "problems", "desired", "delivered"),
    "PartPosting": ("reason_params", "problems", "desired", "delivered"),
    "Attempt": ("body", "sent_body", "message", "failure"),
    "PayableWrite": (
        "supplier_name", "supplier_document", "reason_params", "problems", "desired", "delivered", "decision_reason",
    ),
    "SettlementWrite": ("reason_params", "problems", "desired", "delivered", "decision_reason"),
    "OrderWrite": ("customer_name", "reason_params", "problems", "desired", "delivered", "decision_reason"),
    "ContactWrite": ("name", "folded_name", "document", "reason_params", "problems", "desired", "delivered"),
    "CustomerWrite": (
        "name", "document", "ref", "reason_params", "problems", "desired", "delivered", "choices", "seen",
        "decision_reason",
    ),
    "BlingAttempt": ("body", "sent_body", "message", "failure"),
    "StoredDiscrepancy": ("bling_value", "kamino_value"),
    "Mapping": ("bling_name", "pending"),
    "HistoricalMapping": ("bling_name", "pending"),
    "KaminoSnapshot": (
        "document_number", "person_document", "person_name", "description", "note", "external_code", "row",
    ),
    "MappingChange": ("content",),
    "ExportChunk": ("content",),
}  # fmt: skip
"""Columns of rows that hang on a person, a title of theirs or a row of either: told, and emptied or deleted."""

_OF_TENANT = ("slug", "name", "cnpj", "alert_emails", "digest_emails")
_OF_BLING = (
    "label", "client_id", "status_cause", "company_id", "company_name", "company_cnpj", "code_prefix",
    "came_company_id", "accepted_company_id", "access", "next_access", "next_client_id",
)  # fmt: skip
_OF_KAMINO = ("base_url", "cn")

NAMES_NOBODY: dict[str, tuple[str, ...]] = {
    "Tenant": _OF_TENANT,
    "HistoricalTenant": _OF_TENANT,
    "BlingConnection": (*_OF_BLING, "client_secret", "next_client_secret"),
    "HistoricalBlingConnection": _OF_BLING,
    "BlingToken": ("access_token", "refresh_token", "kind", "given_digest", "client_id", "scopes"),
    "KaminoConnection": (
        *_OF_KAMINO, "app", "id_usr", "usr", "hash", "list_answers", "payable_list_failure", "receivable_list_failure",
        "failure", "reconcile_cursor",
    ),
    "HistoricalKaminoConnection": _OF_KAMINO,
    "ConnectionEvent": ("code",),
    "AuthorizationRequest": ("nonce", "client_id", "access"),
    "Title": (
        "document_number", "origin_kind", "origin_number", "origin", "invoice_status", "shown_status",
        "disputed_categories", "split_categories", "bordero_ids", "maybe_replaces",
    ),
    "Bordero": ("lines",),
    "KnownDatabase": ("key", "identity", "signals"),
    "PersonPosting": ("reason", "desired_fingerprint", "delivered_fingerprint"),
    "Posting": ("reason", "desired_fingerprint", "delivered_fingerprint", "rule", "candidates"),
    "PartPosting": ("reason", "desired_fingerprint", "delivered_fingerprint"),
    "Attempt": ("fingerprint", "operation"),
    "PayableWrite": (
        "reason", "desired_fingerprint", "delivered_fingerprint", "document_number", "marker", "duplicates",
    ),
    "ContactWrite": ("reason", "desired_fingerprint", "delivered_fingerprint"),
    "SettlementWrite": ("reason", "desired_fingerprint", "delivered_fingerprint", "document_number", "fingerprint"),
    "BlingAttempt": ("fingerprint", "operation"),
    "OrderWrite": (
        "reason", "desired_fingerprint", "delivered_fingerprint", "system", "ref", "digest", "reference",
        "order_number", "shown_digest",
    ),
    "BlingProduct": ("sku",),
    "CustomerWrite": ("reason", "desired_fingerprint", "delivered_fingerprint", "system", "digest", "left_out"),
    "BlingWriting": ("failure", *(f"{kind}_failure" for kind in WRITTEN_KINDS)),
    "ApiKey": ("kind", "system", "customers", "prefers", "digest", "prefix"),
    "WriteBatch": ("fingerprint",),
    "Alert": ("cause",),
    "BulkOrder": ("title_ids",),
    "CatalogItem": ("name", "path", "nature", "renamed_from"),
    "KaminoItem": ("kamino_id", "name", "folded_name", "path", "nature", "locks"),
    "KaminoSnapshot": ("code", "status", "payment_account", "chart_account", "cost_center", "business_unit"),
    "StoredDiscrepancy": ("kind",),
    "Export": ("table", "packed_ids", "fingerprint", "tenant_ids", "left_out"),
    "KnownAddress": ("digest",),
    "Breaker": ("key",),
    "Heartbeat": ("name",),
    "RateLimit": ("key",),
    "SyncRun": ("step", "cursor"),
    "SeenRow": ("direction", "row_fingerprint"),
    "WakeUp": ("kind",),
    "Person": ("type_ids",),
}  # fmt: skip
"""Words of the program, keys, numbers, digests, and what a company and its registers are called."""
