"""Planned writes: what is ready to be sent to Kamino, as the simulation shows it. No table of its own."""

from typing import Any

from django.db import models
from django.db.models import Case, Count, DateField, DecimalField, F, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from integrations.domain.delivery import DeliveryState
from integrations.domain.desired import KaminoStatus
from integrations.models.deliveries import Posting
from integrations.models.registers import KaminoItem, KaminoKind


class PlannedOperation(models.TextChoices):
    """`domain.delivery.next_step` as a column; a new title that is paid already has its own value."""

    CREATE = "create", _("Create")
    CREATE_PAID = "create_paid", _("Create, already paid")
    UPDATE = "update", _("Update")
    SETTLE = "settle", _("Settle")
    CANCEL = "cancel", _("Cancel")


SETTLING = (PlannedOperation.CREATE_PAID, PlannedOperation.SETTLE)


def _money(path: str) -> Cast:
    return Cast(KT(path), DecimalField(max_digits=15, decimal_places=2))


def _operation() -> Case:
    settled, cancelled = (Q(desired__status=status.value) for status in (KaminoStatus.SETTLED, KaminoStatus.CANCELLED))
    is_new = Q(delivered__isnull=True)
    return Case(
        When(is_new & cancelled, then=Value("")),
        When(is_new & settled, then=Value(PlannedOperation.CREATE_PAID.value)),
        When(is_new, then=Value(PlannedOperation.CREATE.value)),
        When(Q(desired=F("delivered")) | ~Q(delivered__status=KaminoStatus.PENDING.value), then=Value("")),
        When(cancelled, then=Value(PlannedOperation.CANCEL.value)),
        When(settled, then=Value(PlannedOperation.SETTLE.value)),
        default=Value(PlannedOperation.UPDATE.value),
        output_field=models.CharField(choices=PlannedOperation.choices),
    )


def _register(kind: KaminoKind, path: str) -> Subquery:
    """Return the name of the register that a body names, as people know it."""
    rows = KaminoItem.objects.filter(connection=OuterRef("kamino_connection"), kind=kind, kamino_id=OuterRef(path))
    return Subquery(rows.values("name")[:1])


class PlannedWriteQuerySet(models.QuerySet[Any]):
    def ready(self) -> "PlannedWriteQuerySet":
        """Return what is ready, with `operation`, `value` and the payment that would be sent, if any."""
        ready = self.filter(state=DeliveryState.READY, desired__isnull=False)
        planned: PlannedWriteQuerySet = ready.annotate(
            operation=_operation(),
            value=_money("desired__value"),
            paid_on=Cast(KT("desired__payment__date"), DateField()),
            paid=_money("desired__payment__amount"),
            account=KT("desired__payment__account"),
            chart=KT("desired__chart_account"),
        ).exclude(operation="")
        return planned

    def named(self) -> "PlannedWriteQuerySet":
        """Add the names of the registers, and all that a row shows."""
        rows = self.select_related("title__person", "kamino_connection__tenant")
        named: PlannedWriteQuerySet = rows.annotate(
            account_name=_register(KaminoKind.BANK_ACCOUNT, "account"),
            chart_name=_register(KaminoKind.CHART_ACCOUNT, "chart"),
        )
        return named

    def totals(self, **more: Any) -> list[dict[str, Any]]:
        """Return `operation`, `count` and `total` of what was found, in the order of the operations; `more` are
        aggregates to be added."""
        rows = self.order_by().values("operation").annotate(count=Count("pk"), total=Sum("value"), **more)
        found = {row["operation"]: row for row in rows}
        return [found[operation.value] for operation in PlannedOperation if operation.value in found]

    def settlements(self) -> list[dict[str, Any]]:
        """Return `account`, its name, `count` and `total` of the money that would be settled per bank account."""
        rows = self.order_by().filter(operation__in=SETTLING)
        named = rows.annotate(account_name=_register(KaminoKind.BANK_ACCOUNT, "account"))
        per_account = named.values("account", "account_name").annotate(count=Count("pk"), total=Sum("paid"))
        return list(per_account.order_by("account_name", "account"))


class PlannedWrite(Posting):
    """A posting that is ready, and what would be sent next."""

    objects = PlannedWriteQuerySet.as_manager()  # type: ignore[misc, assignment]

    class Meta:
        proxy = True
        default_permissions = ("view",)
        verbose_name = _("planned delivery")
        verbose_name_plural = _("planned deliveries")
