"""The actions about payables for Bling, as `tests/admin/cases.py` has the others."""

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from integrations.models import (
    ApiKey,
    BlingConnection,
    BlingWriting,
    ContactWrite,
    PayableWrite,
    SettlementWrite,
    WriteBatch,
)
from integrations.pipeline.payables import keys
from tests.admin.cases import REASON, Case
from tests.admin.world import Rows


def payable_is(**values: Any) -> Callable[[Rows], bool]:
    return lambda rows: PayableWrite.objects.filter(pk=rows.payable.pk, **values).exists()


def batch_is(state: str) -> Callable[[Rows], bool]:
    return lambda rows: WriteBatch.objects.filter(pk=rows.batch.pk, state=state).exists()


def stuck(rows: Rows) -> None:
    """Let the payable have been sent, and nobody know what came of it."""
    PayableWrite.objects.filter(pk=rows.payable.pk).update(state="needs_human", reason="found_twice", bling_id=None)
    rows.payable.attempts.update(outcome="uncertain")


def refused(rows: Rows) -> None:
    """Let Bling have refused the payable."""
    PayableWrite.objects.filter(pk=rows.payable.pk).update(state="needs_human", reason="refused", bling_id=None)


def held(rows: Rows) -> None:
    """Let the payable be one of a program that may be there already."""
    PayableWrite.objects.filter(pk=rows.payable.pk).update(
        state="needs_human", reason="possible_duplicate", bling_id=None,
        duplicates=[{"due_date": "2026-11-21", "bling": 77}],
    )  # fmt: skip


def without_supplier(rows: Rows) -> None:
    """Let Bling have several contacts that may be the supplier."""
    now = timezone.now()
    supplier = ContactWrite.objects.create(
        connection=rows.bling, name="Fornecedor", folded_name=f"fornecedor {rows.bling.pk}", state="needs_human",
        reason="ambiguous", ready_at=now, planned_at=now,
    )  # fmt: skip
    PayableWrite.objects.filter(pk=rows.payable.pk).update(supplier=supplier, contact_id=None)


def batch_in(state: str) -> Callable[[Rows], object]:
    return lambda rows: WriteBatch.objects.filter(pk=rows.batch.pk).update(state=state)


def settlement_is(**values: Any) -> Callable[[Rows], bool]:
    return lambda rows: SettlementWrite.objects.filter(pk=rows.settlement.pk, **values).exists()


def settlement_lost(rows: Rows) -> None:
    """Let the settlement have been sent, and nobody know what came of it."""
    values = {"state": "needs_human", "reason": "paid_differently", "bling_id": None}
    SettlementWrite.objects.filter(pk=rows.settlement.pk).update(**values)
    rows.settlement.attempts.update(outcome="uncertain")


def settlement_refused(rows: Rows) -> None:
    """Let Bling have shown the payable as paid before it was settled."""
    values = {"state": "needs_human", "reason": "not_open", "bling_id": None}
    SettlementWrite.objects.filter(pk=rows.settlement.pk).update(**values)
    rows.settlement.attempts.update(outcome="conflict")


def asked_to_settle(rows: Rows) -> None:
    """Let support have asked that the key may settle."""
    ApiKey.objects.filter(pk=rows.api_key.pk).update(settles=True, settle_asked_by=rows.api_key.created_by)


def is_asked_for_writing(rows: Rows) -> bool:
    connection = BlingConnection.objects.get(pk=rows.bling.pk)
    return (connection.next_access, connection.next_client_id, connection.next_client_secret) == ("write", "n", "s")


KEY_SETTINGS = {
    "label": "ERP novo", "parcel_value": "total", "unknown_names": "refuse", "window_hours": "6",
    "success_status": "200", "contact_email": "ti@nossa.example",
}  # fmt: skip
PAYABLE_LIST_ACTIONS = [
    Case(
        PayableWrite, "send_these_again", "payable", "financeiro", "suporte",
        payable_is(state="ready", decision="send_again"), begin=refused, says="1 conta é enviada a seguir",
    ),
]  # fmt: skip
PAYABLE_ACTIONS = [
    Case(
        BlingConnection, "access_to_bling", "bling", "suporte", "operacao", is_asked_for_writing,
        lambda _rows: {**REASON, "access": "write", "client_id": "n", "client_secret": "s"},
        says="Pedido: leitura e escrita.",
    ),
    Case(
        BlingConnection, "write", "bling", "suporte", "operacao",
        lambda rows: BlingWriting.objects.filter(connection=rows.bling, mode="off").exists(),
        lambda _rows: {**REASON, "mode": "off", "limit": "1.000,00"}, says="Escrita no Bling: Desligada.",
    ),
    Case(
        PayableWrite, "send_again", "payable", "financeiro", "suporte",
        payable_is(state="ready", decision="send_again"), begin=refused, says="Vai em seguida",
    ),
    Case(
        PayableWrite, "it_is_not_there", "payable", "operacao", "suporte",
        payable_is(state="ready", decision="not_there"), lambda _rows: REASON, begin=stuck, says="Vai em seguida",
    ),
    Case(
        PayableWrite, "decide_supplier", "payable", "financeiro", "suporte",
        payable_is(decision="supplier", supplier__state="ready", supplier__create_anyway=True), lambda _rows: REASON,
        begin=without_supplier, says="Decidido",
    ),
    Case(
        PayableWrite, "leave_out", "payable", "financeiro", "suporte", payable_is(state="ignored", decision="ignore"),
        lambda _rows: REASON, begin=refused, says="Não será enviada",
    ),
    Case(
        PayableWrite, "create_anyway", "payable", "financeiro", "suporte",
        payable_is(state="ready", decision="create", create_anyway=True), lambda _rows: REASON, begin=held,
        says="Vai em seguida",
    ),
    Case(
        ApiKey, "revoke", "api_key", "suporte", "financeiro",
        lambda rows: ApiKey.objects.filter(pk=rows.api_key.pk, revoked_at__isnull=False).exists(), lambda _rows: REASON,
        says="Revogada",
    ),
    Case(
        ApiKey, "change_settings", "api_key", "suporte", "financeiro",
        lambda rows: ApiKey.objects.filter(pk=rows.api_key.pk, label="ERP novo", window_hours=6).exists(),
        lambda _rows: KEY_SETTINGS, says="Salva",
    ),
    Case(
        ApiKey, "confirm", "api_key", "financeiro", "suporte",
        lambda rows: ApiKey.objects.filter(pk=rows.api_key.pk, settle_approved_by__isnull=False).exists(),
        lambda rows: {"asked": keys.asked_of(ApiKey.objects.get(pk=rows.api_key.pk))}, begin=asked_to_settle,
        says="Confirmada",
    ),
    Case(
        SettlementWrite, "send_again", "settlement", "financeiro", "suporte",
        settlement_is(state="ready", decision="send_again"), begin=settlement_refused, says="em seguida",
    ),
    Case(
        SettlementWrite, "it_is_not_settled", "settlement", "operacao", "suporte",
        settlement_is(state="ready", decision="not_there"), lambda _rows: REASON, begin=settlement_lost,
        says="em seguida",
    ),
    Case(
        SettlementWrite, "leave_out", "settlement", "financeiro", "suporte",
        settlement_is(state="ignored", decision="ignore"), lambda _rows: REASON, begin=settlement_refused,
        says="Não será liquidada",
    ),
    Case(
        WriteBatch, "confirm", "batch", "financeiro", "operacao", batch_is("sending"), begin=batch_in("awaiting"),
        says="Confirmado",
    ),
    Case(
        WriteBatch, "go_on", "batch", "operacao", "suporte", batch_is("sending"), begin=batch_in("stopped"),
        says="O resto vai em seguida",
    ),
    Case(
        WriteBatch, "discard", "batch", "operacao", "suporte", batch_is("discarded"), lambda _rows: REASON,
        begin=batch_in("awaiting"), says="Descartado",
    ),
]  # fmt: skip
