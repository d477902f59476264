"""The triggers that wake companies: whatever may cause work says so in its own transaction, whoever writes it.

Made again by every migration, as the present code defines them. A row of `WakeUp` that is due is only locked, shared
with other writers: nobody waits for anybody, and whoever looks for work leaves a locked row alone.
"""

from collections.abc import Iterable
from typing import Any

from django.db import connections

from integrations.models.bling_writing import WRITTEN_KINDS
from integrations.models.columns import has_columns
from integrations.models.deliveries import Posting
from integrations.models.wake_ups import WakeUpKind

_ALL = tuple(WakeUpKind)
_KAMINO = (
    WakeUpKind.REGISTERS, WakeUpKind.PLAN, WakeUpKind.PEOPLE_PLAN, WakeUpKind.RECONCILE, WakeUpKind.SIMULATED,
    WakeUpKind.DELIVER, WakeUpKind.PEOPLE_DELIVER, WakeUpKind.GUARD, WakeUpKind.REVIEW, WakeUpKind.ALERTS,
)  # fmt: skip
"""What may be held up by what is known of Kamino: its registers, its lists, a pause."""

_FROM = (
    f"clock_timestamp() + CASE kind WHEN '{WakeUpKind.ALERTS}' THEN interval '1 minute' ELSE interval '-1 minute' END"
)
"""From when on a company is looked at that is woken. Hosts' clocks may be behind the database's, and it is to be due
for all of them; alerts are reviewed once for all that changes within a minute."""

_BODY = "LANGUAGE plpgsql SET search_path FROM CURRENT AS $$"
"""A restore of a backup sets no path by which tables are found."""

_WAKE = f"""
CREATE OR REPLACE FUNCTION integrations_wake(whose bigint, what text[]) RETURNS void {_BODY}
DECLARE awake text[];
BEGIN
    SELECT array_agg(kind) INTO awake FROM (
        SELECT kind FROM integrations_wakeup
        WHERE tenant_id = whose AND kind = ANY (what) AND due_at <= greatest(clock_timestamp(), {_FROM}) FOR KEY SHARE
    ) due;
    INSERT INTO integrations_wakeup (tenant_id, kind, due_at)
    SELECT whose, kind, {_FROM} FROM unnest(what) kind
    WHERE kind <> ALL (coalesce(awake, '{{}}'));
END $$
"""  # noqa: S608 - made of our own words only

_TITLE_UNIT = """
SELECT kamino_connection_id AS of_id, unnest(
    CASE priority WHEN 0 THEN ARRAY['deliver', 'people.deliver'] ELSE ARRAY['deliver'] END %s
) AS kind FROM written
"""
_UNITS = {
    "integrations_posting": _TITLE_UNIT % "|| CASE WHEN is_review_due THEN ARRAY['review', 'alerts'] ELSE '{}' END",
    "integrations_partposting": _TITLE_UNIT % "",
    "integrations_personposting": """
SELECT kamino_connection_id AS of_id, unnest(
    CASE WHEN state = 'ready' AND kamino_id IS NULL AND sought_at IS NULL
    THEN ARRAY['deliver', 'people.deliver', 'simulated'] ELSE ARRAY['deliver', 'people.deliver'] END
) AS kind FROM written
""",
}
"""For each table of units: which kinds of work some written rows may cause, by Kamino connection."""


_POSTED = [str(field.column) for field in Posting._meta.local_concrete_fields if not field.generated]
_KEPT = [name for name in _POSTED if name != "is_review_due"]
_REVIEWED = "former.is_review_due AND NOT written.is_review_due AND ({}) IS NOT DISTINCT FROM ({})".format(
    *(", ".join(f"{row}.{name}" for name in _KEPT) for row in ("written", "former"))
)
"""That a posting was reviewed and nothing else: what to send of it is what it was."""


def _of_companies(tenant: str, rows: str) -> str:
    """Return what tells the companies (`tenant`, found for each `of_id`) and kinds of some rows: each company by its
    key, as a statement may write of one title or of thousands."""
    return f"SELECT ({tenant}) AS tenant, kind FROM (SELECT DISTINCT of_id, kind FROM ({rows}) written_rows) cause"  # noqa: S608


def _of_statement(table: str, name: str, rows: str, *, in_vain: str = "") -> list[str]:
    """Wake the companies (`tenant`, `kind`) of what a statement wrote (`written`). `in_vain`: the condition, on a row
    `written` and the `former` one, that nothing came of an update."""
    told, changed, also = "NEW TABLE AS written", rows, ""
    if in_vain:
        also = "OLD TABLE AS former "
        others = f"(SELECT written.* FROM written JOIN former USING (id) WHERE NOT ({in_vain})) written"  # noqa: S608
        changed = rows.replace("FROM written", f"FROM {others}")
    return [*_after("INSERT", table, f"{name}_new", told, rows), *_after("UPDATE", table, name, also + told, changed)]


def _after(event: str, table: str, name: str, told: str, rows: str) -> list[str]:
    """Wake the companies of some rows (`tenant`, `kind`) after an event; `told` names them."""
    function = f"integrations_wake_{name}"
    body = f"""
CREATE OR REPLACE FUNCTION {function}() RETURNS trigger {_BODY}
BEGIN
    PERFORM integrations_wake(tenant, array_agg(DISTINCT kind)) FROM ({rows}) causes
    WHERE tenant IS NOT NULL GROUP BY tenant;
    RETURN NULL;
END $$
"""
    trigger = f"CREATE OR REPLACE TRIGGER wake_after_{event.lower()} AFTER {event} ON {table} REFERENCING {told}"
    return [body, f"{trigger} FOR EACH STATEMENT EXECUTE FUNCTION {function}()"]


def _of_row(table: str, name: str, event: str, tenant: str, kinds: Iterable[str], condition: str = "true") -> list[str]:
    """Wake the company of each row that an event writes and that meets a condition."""
    function = f"integrations_wake_{name}"
    return [
        f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger {_BODY} BEGIN"
        f" PERFORM integrations_wake({tenant}, {_array(kinds)}); RETURN NULL; END $$",
        f"CREATE OR REPLACE TRIGGER wake_{name} AFTER {event} ON {table} FOR EACH ROW"
        f" WHEN ({condition}) EXECUTE FUNCTION {function}()",
    ]


def _changed(*columns: str) -> str:
    """Return the condition that one of some columns was changed."""
    before, after = (", ".join(f"{row}.{name}" for name in columns) for row in ("OLD", "NEW"))
    return f"({before}) IS DISTINCT FROM ({after})"


def _array(kinds: Iterable[str]) -> str:
    return "ARRAY[" + ", ".join(f"'{kind}'" for kind in kinds) + "]"


def statements() -> list[str]:
    """Return what makes every trigger, and gives each company that has none its first wake-ups."""
    of_units = [
        statement
        for table, rows in _UNITS.items()
        for statement in _of_statement(
            table, f"by_{table.removeprefix('integrations_')}",
            _of_companies("SELECT tenant_id FROM integrations_kaminoconnection WHERE id = cause.of_id", rows),
            in_vain=_REVIEWED if table == Posting._meta.db_table else "",
        )
    ]  # fmt: skip
    asked = _of_companies(
        "SELECT tenant_id FROM integrations_blingconnection WHERE id = cause.of_id",
        "SELECT connection_id AS of_id, unnest(CASE priority WHEN 0 THEN ARRAY['plan', 'people.plan']"
        " ELSE ARRAY['plan'] END) AS kind FROM written",
    )
    told = _of_companies(
        "SELECT k.tenant_id FROM integrations_posting p"
        " JOIN integrations_kaminoconnection k ON k.id = p.kamino_connection_id WHERE p.id = cause.of_id",
        "SELECT posting_id AS of_id, 'alerts' AS kind FROM written",
    )
    of_kamino = "(SELECT tenant_id FROM integrations_kaminoconnection WHERE id = NEW.kamino_connection_id)"
    of_bling = "(SELECT tenant_id FROM integrations_blingconnection WHERE id = NEW.connection_id)"
    used = ("is_paused", "failure", "registers_read_at", "reconciled_at", "reconcile_asked_at", "reconcile_cursor",
            "payable_list", "receivable_list", "payable_list_waits_until", "receivable_list_waits_until")  # fmt: skip
    rules = ("is_active", "delivery_mode", "sync_payables", "sync_receivables")
    return [
        _WAKE,
        *of_units,
        *_of_statement("integrations_planrequest", "by_planrequest", asked),
        *_of_row("integrations_tenant", "new_tenant", "INSERT", "NEW.id", _ALL),
        *_of_row("integrations_tenant", "tenant", "UPDATE", "NEW.id", _ALL, _changed(*rules)),
        *_of_row("integrations_kaminoconnection", "new_kamino", "INSERT", "NEW.tenant_id", _ALL),
        *_of_row("integrations_kaminoconnection", "kamino", "UPDATE", "NEW.tenant_id", _KAMINO, _changed(*used)),
        *_of_row("integrations_blingconnection", "new_bling", "INSERT", "NEW.tenant_id", _ALL),
        *_of_row("integrations_blingconnection", "bling", "UPDATE", "NEW.tenant_id", _ALL, _changed("status")),
        *_of_row(
            "integrations_blingtoken", "token", "INSERT OR UPDATE", of_bling, (WakeUpKind.TOKENS, WakeUpKind.ALERTS)
        ),
        *_of_row("integrations_confidentialcategory", "confidential", "INSERT", of_bling, (WakeUpKind.ALERTS,)),
        *_of_row(
            "integrations_attempt",
            "surplus",
            "INSERT OR UPDATE",
            of_kamino,
            (WakeUpKind.ALERTS,),
            "NEW.surplus_id IS NOT NULL",
        ),
        *_of_statement("integrations_discrepancy", "by_discrepancy", told),
        *_of_row(
            "integrations_blingwriting",
            "writing",
            "UPDATE",
            of_bling,
            (WakeUpKind.ALERTS,),
            _changed("mode", "paused_until", *(f"{kind}_failure" for kind in WRITTEN_KINDS)),
        ),
        *_of_row("integrations_contactwrite", "supplier", "UPDATE", of_bling, (WakeUpKind.ALERTS,), _changed("state")),
        *_of_row("integrations_payablewrite", "payable", "UPDATE", of_bling, (WakeUpKind.ALERTS,), _changed("state")),
        *_of_row(
            "integrations_settlementwrite", "settlement", "UPDATE", of_bling, (WakeUpKind.ALERTS,), _changed("state")
        ),
        *_of_row("integrations_customerwrite", "customer", "UPDATE", of_bling, (WakeUpKind.ALERTS,), _changed("state")),
        *_of_row("integrations_orderwrite", "new_bill", "INSERT", of_bling, (WakeUpKind.ALERTS,)),
        *_of_row("integrations_orderwrite", "bill", "UPDATE", of_bling, (WakeUpKind.ALERTS,), _changed("state")),
        *_of_row(
            "integrations_blingattempt",
            "surplus_in_bling",
            "INSERT OR UPDATE",
            of_bling,
            (WakeUpKind.ALERTS,),
            "NEW.surplus_id IS NOT NULL",
        ),
        *_of_row("integrations_apikey", "new_key", "INSERT", of_bling, (WakeUpKind.ALERTS,)),
        *_of_row(
            "integrations_apikey",
            "key",
            "UPDATE",
            of_bling,
            (WakeUpKind.ALERTS,),
            f"{_changed('revoked_at')} OR OLD.last_used_at IS NULL"
            " OR NEW.last_used_at > OLD.last_used_at + interval '1 day'",
        ),
        *_of_row("integrations_writebatch", "batch", "INSERT OR UPDATE", of_bling, (WakeUpKind.ALERTS,)),
        *_of_row("integrations_syncrun", "new_run", "INSERT", of_bling, _KAMINO),
        *_of_row("integrations_syncrun", "run", "UPDATE", of_bling, _KAMINO, _changed("state")),
        *_of_row("integrations_restorehold", "hold", "INSERT OR UPDATE", of_kamino, _KAMINO),
        "SELECT integrations_wake(tenant.id, ARRAY[lacking.kind]) FROM integrations_tenant tenant"  # noqa: S608
        f" CROSS JOIN unnest({_array(_ALL)}) lacking (kind) WHERE NOT EXISTS ("
        "SELECT FROM integrations_wakeup known WHERE known.tenant_id = tenant.id AND known.kind = lacking.kind)",
    ]


_NAMED = (
    ("integrations_wakeup", "due_at"), ("integrations_planrequest", "connection_id"),
    ("integrations_personposting", "sought_at"), ("integrations_settlementwrite", "title_id"),
    ("integrations_blingwriting", "orders_failure"), ("integrations_orderwrite", "state"),
    *((Posting._meta.db_table, name) for name in _POSTED),
)  # fmt: skip
"""The columns that the triggers name; of other tables the youngest ones."""


def drop_triggers(*, using: str, plan: Any = (), **_kwargs: Any) -> None:
    """Before migrations run: they name columns, which a migration may add or rename."""
    if plan:
        with connections[using].cursor() as cursor:
            cursor.execute("SELECT proname FROM pg_proc WHERE proname LIKE 'integrations\\_wake%'")
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP FUNCTION {name} CASCADE")


def make_triggers(*, using: str, plan: Any = (), **_kwargs: Any) -> None:
    """After migrations ran: make the triggers as the present code defines them. What migrations changed may have caused
    any work."""
    with connections[using].cursor() as cursor:
        if not has_columns(cursor, *_NAMED):
            return
        for statement in statements():
            cursor.execute(statement)
        if plan:
            cursor.execute(f"SELECT integrations_wake(id, {_array(_ALL)}) FROM integrations_tenant")  # noqa: S608
