"""The triggers that record changes of permissions, keys and orders, whoever writes the row and by whichever way: a
page, a command, a shell, or SQL.

Made again by every migration, as the present code defines them. Who did it is what `pipeline/audit/who` told the
transaction, else the user whom the row names, else the service itself.
"""

from dataclasses import dataclass
from typing import Any

from django.db import connections, transaction

from integrations.domain.audit import AuditAction
from integrations.models.audit_tables import EVENT

ACTING = "integrations.acting"
"""The setting of a transaction that says who acts, as JSON: "id", "name", "address"."""

_IN_REQUEST = f"nullif(current_setting('{ACTING}', true), '') IS NOT NULL"
"""Somebody proves who they are before the request knows them; by SQL, a row says whose it is and not who wrote it."""

_BODY = "LANGUAGE plpgsql AS $$"
_OF_USER = "(SELECT username FROM auth_user WHERE id = {})"
_OF_GROUP = "(SELECT name FROM auth_group WHERE id = (r->>'group_id')::bigint)"
_OF_PERMISSION = "(SELECT codename FROM auth_permission WHERE id = (r->>'permission_id')::bigint)"
_BY_BLING = "(SELECT tenant_id FROM integrations_blingconnection WHERE id = (r->>'connection_id')::bigint)"
_BY_POSTING = (
    "(SELECT k.tenant_id FROM integrations_posting p JOIN integrations_kaminoconnection k"
    " ON k.id = p.kamino_connection_id WHERE p.id = (r->>'posting_id')::bigint)"
)
_BY_PERSON = (
    "(SELECT c.tenant_id FROM integrations_person p JOIN integrations_blingconnection c"
    " ON c.id = p.connection_id WHERE p.id = (r->>'person_id')::bigint)"
)


@dataclass(frozen=True)
class Watched:
    """Rows of a table whose changes are recorded. In SQL, `r` is the row as JSON.

    `values` are columns that are recorded with what they were and are; of those in `only_that` only that they changed:
    secrets and personal data. `more` are pairs of a name and SQL. `actor` is SQL for the user whom the row names.
    """

    table: str
    action: AuditAction
    of: str
    number: str = "id"
    values: tuple[str, ...] = ()
    only_that: tuple[str, ...] = ()
    events: str = "INSERT OR UPDATE OR DELETE"
    company: str = "NULL"
    actor: str = "NULL"
    more: tuple[tuple[str, str], ...] = ()
    amount: str = "NULL"
    count: str = "NULL"
    condition: str = "true"


WATCHED = (
    Watched(
        "auth_user", AuditAction.USER, "user", values=("username", "is_superuser", "is_staff", "is_active"),
        only_that=("password", "email", "first_name", "last_name"), more=(("name", "r->>'username'"),),
    ),
    Watched(
        "auth_user_groups", AuditAction.USER_GROUP, "user", "user_id", ("user_id", "group_id"),
        more=(("name", _OF_USER.format("(r->>'user_id')::bigint")), ("group", _OF_GROUP)),
    ),
    Watched(
        "auth_user_user_permissions", AuditAction.USER_PERMISSION, "user", "user_id", ("user_id", "permission_id"),
        more=(("name", _OF_USER.format("(r->>'user_id')::bigint")), ("permission", _OF_PERMISSION)),
    ),
    Watched(  # where a new password can be asked for
        "account_emailaddress", AuditAction.USER_EMAIL, "user", "user_id", ("user_id", "verified", "primary"),
        only_that=("email",), more=(("name", _OF_USER.format("(r->>'user_id')::bigint")),),
    ),
    Watched("auth_group", AuditAction.GROUP, "group", values=("name",), more=(("group", "r->>'name'"),)),
    Watched(
        "auth_group_permissions", AuditAction.GROUP_PERMISSION, "group", "group_id", ("group_id", "permission_id"),
        more=(("group", _OF_GROUP), ("permission", _OF_PERMISSION)),
    ),
    Watched(
        "integrations_tenant_members", AuditAction.MEMBER, "user", "user_id", ("user_id", "tenant_id"),
        company="(r->>'tenant_id')::bigint", more=(("name", _OF_USER.format("(r->>'user_id')::bigint")),),
    ),
    Watched(
        "integrations_tenant", AuditAction.COMPANY, "tenant", company="(r->>'id')::bigint",
        values=(
            "delivery_mode", "is_active", "delete_on", "settled_from", "sync_from", "closed_until", "nothing_is_closed",
            "other_integration_off", "sync_payables", "sync_receivables", "release", "sale_release", "cancel_deleted",
            "partial_policy", "force_limit", "asked_limit", "is_limit_asked", "limit_asked_by_id", "tolerance_cents",
        ),
        only_that=("name", "cnpj", "alert_emails", "digest_emails"),
    ),
    Watched(
        "integrations_confidentialcategory", AuditAction.CONFIDENTIAL, "category", "item_id", ("item_id",),
        company=_BY_BLING,
    ),
    Watched(
        "integrations_kaminoconnection", AuditAction.KAMINO_KEYS, "kaminoconnection",
        values=("base_url", "cn", "is_paused", "allow_unconfirmed", "lists_are_complete", "payable_number"),
        only_that=("app", "id_usr", "usr", "hash"), company="(r->>'tenant_id')::bigint",
    ),
    Watched(
        "integrations_blingconnection", AuditAction.BLING_KEYS, "blingconnection",
        values=(
            "client_id", "accepted_company_id", "paid_amount", "deletions_confirmed", "access", "next_access",
            "next_client_id",
        ),
        only_that=("client_secret", "next_client_secret"), company="(r->>'tenant_id')::bigint",
    ),
    Watched(
        "integrations_connectionevent", AuditAction.CONNECTION, "blingconnection", "connection_id", ("code",),
        events="INSERT", company=_BY_BLING, actor="(r->>'user_id')::bigint",
    ),
    Watched(
        "integrations_connectlink", AuditAction.LINK, "blingconnection", "connection_id", ("expires_at",),
        events="INSERT", company=_BY_BLING, actor="(r->>'created_by_id')::bigint",
    ),
    Watched(
        "integrations_personaction", AuditAction.TITLE_ORDER, "posting", "posting_id", ("kind",), events="INSERT",
        company=_BY_POSTING, actor="(r->>'user_id')::bigint", condition="r->>'kind' <> 'follow_up'",
    ),
    Watched(
        "integrations_persondecision", AuditAction.PERSON_ORDER, "person", "person_id", ("kind", "kamino_id"),
        events="INSERT", company=_BY_PERSON, actor="(r->>'user_id')::bigint",
    ),
    Watched(
        "integrations_bulkorder", AuditAction.BULK_ORDER, "bulkorder", values=("kind",), events="INSERT",
        company="(r->>'tenant_id')::bigint", actor="(r->>'user_id')::bigint", count="(r->>'counted')::integer",
        amount="(r->'terms'->>'total')::numeric",
    ),
    Watched(
        "integrations_forcedsettlement", AuditAction.FORCED, "posting", "posting_id",
        ("date", "amount", "interest", "discount", "account_id", "awaits_approval", "approved_by_id", "undone_by_id",
         "undone_at"),
        events="INSERT OR UPDATE", company=_BY_POSTING, amount="(r->>'amount')::numeric",
        actor="CASE TG_OP WHEN 'INSERT' THEN (r->>'user_id')::bigint END",
    ),
    Watched(
        "integrations_blingwriting", AuditAction.WRITING, "blingconnection", "connection_id",
        ("mode", "limit", "only_writer", "settles", "changes_contacts", "writes_orders"),
        company=_BY_BLING,
    ),
    Watched(
        "integrations_writebatch", AuditAction.PAYABLES, "writebatch",
        values=("state", "source", "api_key_id", "approved_by_id"),
        events="INSERT OR UPDATE", company=_BY_BLING, amount="(r->>'total')::numeric", count="(r->>'count')::integer",
        actor="CASE TG_OP WHEN 'INSERT' THEN (r->>'user_id')::bigint END",
    ),
    Watched(
        "integrations_payablewrite", AuditAction.PAYABLE_ORDER, "payablewrite",
        values=("decision", "decided_at", "create_anyway"), events="UPDATE", company=_BY_BLING,
        amount="(r->>'value')::numeric", actor="(r->>'decided_by_id')::bigint",
    ),
    Watched(
        "integrations_settlementwrite", AuditAction.SETTLEMENT_ORDER, "settlementwrite",
        values=("api_key_id", "paid_on", "decision", "decided_at"), events="INSERT OR UPDATE", company=_BY_BLING,
        amount="(r->>'value')::numeric", actor="(r->>'decided_by_id')::bigint",
    ),
    Watched(
        "integrations_customerwrite", AuditAction.CUSTOMER_ORDER, "customerwrite",
        values=("decision", "decided_at", "contact_id"), events="UPDATE", company=_BY_BLING,
        actor="(r->>'decided_by_id')::bigint",
        condition="new_row->>'decided_at' IS DISTINCT FROM old_row->>'decided_at'",
    ),
    Watched(
        "integrations_orderwrite", AuditAction.BILL_ORDER, "orderwrite",
        values=("decision", "decided_at", "bling_id"), events="UPDATE", company=_BY_BLING,
        amount="(r->>'total')::numeric", actor="(r->>'decided_by_id')::bigint",
        condition="new_row->>'decided_at' IS DISTINCT FROM old_row->>'decided_at'",
    ),
    Watched(
        "integrations_apikey", AuditAction.BRIDGE_KEY, "apikey",
        values=("connection_id", "kind", "system", "customers", "prefers", "bills", "prefix", "is_old", "parcel_value",
                "unknown_names", "window_hours", "allows_query", "success_status", "limit", "next_limit",
                "limit_asked_by_id", "settles", "settles_any", "settle_account_id", "settle_asked_by_id",
                "settle_approved_by_id", "is_confirmed", "confirmed_by_id", "revoked_at"),
        only_that=("label", "digest", "contact_email"), company=_BY_BLING,
        actor="coalesce((r->>'revoked_by_id')::bigint, (r->>'settle_approved_by_id')::bigint,"
              " (r->>'settle_asked_by_id')::bigint, (r->>'created_by_id')::bigint)",
    ),
    Watched(
        "mfa_authenticator", AuditAction.FACTOR, "user", "user_id", ("user_id", "type"), only_that=("data",),
        actor=f"CASE WHEN {_IN_REQUEST} THEN (r->>'user_id')::bigint END", more=(("kind", "r->>'type'"),),
    ),
)  # fmt: skip

_NOTE = f"""
CREATE OR REPLACE FUNCTION integrations_audit_note(
    what text, operation text, of text, number bigint, whose bigint, old jsonb, new jsonb,
    shown text[], only_that text[], doer bigint, more jsonb, amount numeric, count integer
) RETURNS void {_BODY}
DECLARE
    acting jsonb := nullif(current_setting('{ACTING}', true), '')::jsonb;
    was jsonb; becomes jsonb; changed jsonb;
BEGIN
    SELECT coalesce(jsonb_object_agg(key, value) FILTER (WHERE side = 0), '{{}}'),
           coalesce(jsonb_object_agg(key, value) FILTER (WHERE side = 1), '{{}}')
    INTO was, becomes FROM (
        SELECT 0 AS side, key, value FROM jsonb_each(old) WHERE value <> coalesce(new->key, 'null')
        UNION ALL
        SELECT 1, key, value FROM jsonb_each(new) WHERE value <> coalesce(old->key, 'null')
    ) sides WHERE key = ANY (shown);
    SELECT coalesce(jsonb_agg(name ORDER BY name), '[]') INTO changed FROM unnest(only_that) name
    WHERE operation = 'UPDATE' AND old->name IS DISTINCT FROM new->name;
    IF operation = 'UPDATE' AND was = '{{}}' AND becomes = '{{}}' AND changed = '[]' THEN
        RETURN;
    END IF;
    doer := coalesce((acting->>'id')::bigint, doer);
    INSERT INTO {EVENT} (
        action, actor_id, actor, address, company_id, company, object_type, object_id, count, amount, details
    ) VALUES (
        what, doer,
        coalesce(
            nullif(acting->>'name', ''), {_OF_USER.format("doer")}, CASE WHEN acting IS NULL THEN 'system' END, ''
        ),
        coalesce(acting->>'address', ''), whose,
        coalesce((SELECT slug FROM integrations_tenant WHERE id = whose), ''), of, number, count, amount,
        jsonb_build_object('did', lower(operation)) || jsonb_strip_nulls(more)
        || CASE WHEN was = '{{}}' THEN '{{}}' ELSE jsonb_build_object('before', was) END
        || CASE WHEN becomes = '{{}}' THEN '{{}}' ELSE jsonb_build_object('after', becomes) END
        || CASE WHEN changed = '[]' THEN '{{}}' ELSE jsonb_build_object('changed', changed) END
    );
END $$
"""  # noqa: S608 - made of our own words only


_CLOSE = r"""
DO $$ DECLARE one regprocedure; BEGIN
    FOR one IN SELECT oid FROM pg_proc WHERE proname LIKE 'integrations\_audit%'
        AND pronamespace = current_schema()::regnamespace
    LOOP EXECUTE format('ALTER FUNCTION %s SET search_path TO %I, pg_temp', one, current_schema()); END LOOP;
END $$
"""
"""Temporary tables come last: PostgreSQL looks there first, and one of the same name would take the events."""


def _statements(watched: Watched) -> list[str]:
    function = f"integrations_audit_{watched.table.removeprefix('integrations_')}"
    shown, only_that = (
        f"ARRAY[{', '.join(map(_quoted, names))}]::text[]" for names in (watched.values, watched.only_that)
    )
    pairs = ", ".join(f"{_quoted(name)}, {sql}" for name, sql in watched.more)
    return [
        f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger {_BODY}"
        " DECLARE old_row jsonb; new_row jsonb; r jsonb; BEGIN"
        " IF TG_OP <> 'INSERT' THEN old_row := to_jsonb(OLD); END IF;"
        " IF TG_OP <> 'DELETE' THEN new_row := to_jsonb(NEW); END IF;"
        " r := coalesce(new_row, old_row);"
        f" IF {watched.condition} THEN PERFORM integrations_audit_note({_quoted(watched.action)}, TG_OP,"
        f" {_quoted(watched.of)}, (r->>{_quoted(watched.number)})::bigint, {watched.company}, old_row, new_row,"
        f" {shown}, {only_that}, {watched.actor}, jsonb_build_object({pairs}), {watched.amount}, {watched.count});"
        " END IF; RETURN NULL; END $$",
        f"CREATE OR REPLACE TRIGGER audit AFTER {watched.events} ON {watched.table} FOR EACH ROW"
        f" EXECUTE FUNCTION {function}()",
    ]  # fmt: skip


def _array(names: tuple[str, ...]) -> str:
    return f"ARRAY[{', '.join(map(_quoted, names))}]::text[]"


def _quoted(text: str) -> str:
    return f"'{text}'"


def make_audit_triggers(*, using: str, **_signal: Any) -> None:
    """After migrations ran: make the triggers as the present code defines them. Needs the owner's role."""
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        tables = [EVENT, *(watched.table for watched in WATCHED)]
        cursor.execute("SELECT bool_and(to_regclass(name) IS NOT NULL) FROM unnest(%s::text[]) name", [tables])
        if cursor.fetchone() != (True,):  # not all applications are migrated yet
            return
        for statement in (_NOTE, *(sql for watched in WATCHED for sql in _statements(watched)), _CLOSE):
            cursor.execute(statement)
