"""Forced settlements: titles that a person marks as paid in Kamino although Bling does not show it."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from integrations.domain.desired import DesiredPayment, Forced, KaminoStatus, payment_note
from integrations.domain.money import ZERO
from integrations.domain.settlement import Settlement
from integrations.models.connections import KaminoConnection
from integrations.models.deliveries import Attempt, Posting
from integrations.models.registers import KaminoItem
from integrations.models.title_changes import TitleChange
from integrations.models.titles import Title


class ForcedSettlementQuerySet(models.QuerySet["ForcedSettlement"]):
    def not_undone(self) -> "ForcedSettlementQuerySet":
        """Return the orders that were neither undone nor refused, approved or not."""
        return self.filter(undone_at=None)

    def in_force(self) -> "ForcedSettlementQuerySet":
        """Return the orders that are to be sent: those that await approval are not among them."""
        return self.not_undone().filter(awaits_approval=False)

    def hand_over_above_limit(self) -> int:
        """Make orders await a second person where the title grew above its company's limit, unless a person approved
        the present value, or the settlement was or may have been sent; return how many. For titles being planned."""
        grown = TitleChange.objects.filter(
            title=OuterRef("posting__title"), at__gt=OuterRef("approved_at"), values__has_key="value"
        )
        other = Title.objects.filter(
            replaced_by=OuterRef("posting__title"), changed_at__gt=OuterRef("approved_at")
        ).exclude(value=OuterRef("posting__title__value"))
        sent = Q(posting__delivered__isnull=False) & ~Q(posting__delivered__status=KaminoStatus.PENDING.value)
        unresolved = Attempt.objects.filter(posting=OuterRef("posting"), outcome__in=Attempt.UNRESOLVED)
        above = self.in_force().filter(posting__kamino_connection__tenant__force_limit__lt=F("posting__title__value"))
        return above.filter(Q(approved_at=None) | Exists(grown) | Exists(other), ~sent, ~Exists(unresolved)).update(
            awaits_approval=True
        )

    def awaiting(self) -> "ForcedSettlementQuerySet":
        """Return the orders that wait for a second person."""
        return self.not_undone().filter(awaits_approval=True)

    def end_awaiting(self, now: datetime) -> int:
        """End the orders that wait for a second person and whose title nobody has to settle any more; return how many.
        Nobody (`undone_by`) took them back: should the title be owed again, it is ordered anew."""
        return self.awaiting().update(undone_at=now)


class ForcedSettlement(models.Model):
    """A person's order to mark a title as paid in Kamino although Bling does not say so (yet).

    Above the company's limit, when ordered or since, it `awaits_approval` of another person; until then it counts for
    nothing. A refused one is undone by the person who refused it, with a `refusal`. `kamino_connection` is the
    posting's: the database repeats it (`models/open_reasons`).
    """

    posting = models.ForeignKey(Posting, models.CASCADE, related_name="forced_settlements", verbose_name=_("title"))
    kamino_connection = models.ForeignKey(
        KaminoConnection, models.DO_NOTHING, null=True, related_name="+", editable=False, db_constraint=False,
        db_index=False,
    )  # fmt: skip
    date = models.DateField(_("payment date"))
    amount = models.DecimalField(_("amount"), max_digits=15, decimal_places=2)
    interest = models.DecimalField(_("interest"), max_digits=15, decimal_places=2, default=ZERO)
    discount = models.DecimalField(_("discount"), max_digits=15, decimal_places=2, default=ZERO)
    account = models.ForeignKey(KaminoItem, models.PROTECT, related_name="+", verbose_name=_("bank account"))
    reason = models.TextField(_("reason"))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("ordered by"))
    created_at = models.DateTimeField(_("ordered at"))
    awaits_approval = models.BooleanField(_("awaits approval"), default=False)
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("approved by")
    )
    refusal = models.TextField(_("reason of the refusal"), blank=True, default="")
    undone_at = models.DateTimeField(_("undone at"), null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("undone by")
    )

    objects = ForcedSettlementQuerySet.as_manager()

    if TYPE_CHECKING:
        posting_id: int
        user_id: int
        undone_by_id: int | None

    class Meta:
        verbose_name = _("forced settlement")
        verbose_name_plural = _("forced settlements")
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="forced_newest"),
            models.Index(fields=["kamino_connection", "-created_at", "-id"], name="forced_of_company"),
            models.Index(
                fields=["-created_at", "-id"], condition=Q(awaits_approval=True, undone_at=None), name="forced_awaiting"
            ),
            models.Index(fields=["-created_at", "-id"], condition=Q(undone_at__isnull=False), name="forced_over"),
            models.Index(fields=["date", "kamino_connection"], name="forced_by_day"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["posting"], condition=Q(undone_at__isnull=True), name="one_forced_settlement_per_posting"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="forced_settlement_is_positive"),
            models.CheckConstraint(
                condition=Q(interest__gte=0, discount__gte=0), name="forced_settlement_extras_are_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.posting} · {self.date:%d/%m/%Y}"

    def to_forced(self) -> Forced:
        """Return what planning takes of it."""
        paid = Settlement(self.date, 0, self.amount, interest=self.interest, discount=self.discount)
        payment = DesiredPayment(self.date, self.amount, self.account.kamino_id, forced=True)
        return Forced(payment, payment_note(paid))
