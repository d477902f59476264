"""What a test of an action needs to know: who may do it, what to post, and how to see that it was done."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.db.models import Model
from django.utils import timezone

from integrations.models import (
    BlingConnection,
    ConnectLink,
    ForcedSettlement,
    KaminoConnection,
    KaminoSnapshot,
    PlanRequest,
    Posting,
    SyncRun,
    Tenant,
    TitleRead,
)
from tests.admin.world import DAY, Rows

REASON = {"reason": "Combinado por telefone", "confirmed": "yes"}


def forced(rows: Rows) -> dict[str, Any]:
    return {"date": "21/11/2026", "amount": "1.234,56", "account": str(rows.bank_account.pk), "reason": "Pix avulso"}


@dataclass
class Case:
    """An action, who may do it, who may not, what to post, and how to see that it was done."""

    model: type[Model]
    name: str
    row: str
    may: str
    may_not: str
    done: Callable[[Rows], bool]
    data: Callable[[Rows], dict[str, Any]] = field(default=lambda _rows: {"confirmed": "yes"})
    says: str = ""
    status: str = "connected"
    begin: Callable[[Rows], object] = field(default=lambda _rows: None)

    def prepare(self, rows: Rows) -> None:
        """Bring the company and its Bling connection into the state that the action is for."""
        self.begin(rows)
        BlingConnection.objects.filter(pk=rows.bling.pk).update(status=self.status)


def queued(rows: Rows) -> bool:
    return SyncRun.objects.filter(connection=rows.bling, state="open", trigger="person", user__isnull=False).exists()


def asked(rows: Rows) -> bool:
    return TitleRead.objects.filter(title=rows.title, asked_at__isnull=False).exists()


def planned(rows: Rows) -> bool:
    return PlanRequest.objects.filter(title=rows.title).exists()


def linked(rows: Rows) -> bool:
    return ConnectLink.objects.filter(connection=rows.bling, created_by__isnull=False).exists()


def all_decided(rows: Rows) -> None:
    """Bring the company as far as it can be before going live."""
    Tenant.objects.filter(pk=rows.tenant.pk).update(
        delivery_mode="shadow", settled_from=DAY, nothing_is_closed=True, other_integration_off=True
    )
    KaminoConnection.objects.filter(pk=rows.kamino.pk).update(reconciled_at=timezone.now())


def bulk_reason(rows: Rows) -> dict[str, Any]:
    return {**REASON, "counted": "1", "key": str(uuid4())}


def excluded(rows: Rows) -> None:
    """Let a person have taken the company's title out of the sync."""
    Posting.objects.filter(pk=rows.posting.pk).update(state="ignored")


def awaiting(rows: Rows) -> None:
    """Let the company's forced settlement be above the limit."""
    ForcedSettlement.objects.filter(pk=rows.forced.pk).update(awaits_approval=True)


def seen_in_kamino(rows: Rows) -> None:
    """Let Kamino's last list have shown a title that is nobody's."""
    KaminoSnapshot.objects.create(
        company=rows.kamino, direction="payable", kamino_id=77, due_date=DAY, value=Decimal("1234.56"),
        row={"ID": 77, "ValorVencimento": "1234.56", "DataVencimento": str(DAY), "Situacao": 1, "NomePessoa": "Loja"},
        read_at=timezone.now(),
    )  # fmt: skip


def mode_is(mode: str) -> Callable[[Rows], bool]:
    return lambda rows: Tenant.objects.get(pk=rows.tenant.pk).delivery_mode == mode


def status_is(status: str) -> Callable[[Rows], bool]:
    return lambda rows: BlingConnection.objects.get(pk=rows.bling.pk).status == status


def state_is(state: str) -> Callable[[Rows], bool]:
    return lambda rows: Posting.objects.get(pk=rows.posting.pk).state == state
