"""Tenants: the companies whose titles are mirrored, what they decided, and who may see them."""

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from integrations.domain.titles import Direction

if TYPE_CHECKING:
    from django_stubs_ext.db.models.manager import RelatedManager


class TenantQuerySet(models.QuerySet["Tenant"]):
    def for_user(self, user: AbstractBaseUser | AnonymousUser) -> "TenantQuerySet":
        """Return the tenants that a user was given; `access_all_tenants` gives all."""
        if getattr(user, "has_perm", lambda _perm: False)("integrations.access_all_tenants"):
            return self.all()
        return self.filter(members=user.pk)


class Tenant(models.Model):
    """A company with a Bling and a Kamino account. Dates are calendar days in Brasília. `delete_on`: it was closed."""

    class Release(models.TextChoices):
        ALWAYS = "always", _("At once")
        AUTHORISED = "authorised", _("When the invoice is authorised")
        DANFE = "danfe", _("When the DANFE was issued")

    class SaleRelease(models.TextChoices):
        ALWAYS = "always", _("At once")
        FULFILLED = "fulfilled", _("When the sale is fulfilled (“Atendido”)")

    class DeliveryMode(models.TextChoices):
        SHADOW = "shadow", _("Simulation")
        LIVE = "live", _("Live delivery")

    class PartialPolicy(models.TextChoices):
        KEEP = "keep", _("Keep the title open with its whole value")
        SPLIT = "split", _("Split: each payment becomes a settled title")

    slug = models.SlugField(_("short name"), unique=True)
    name = models.CharField(_("name"), max_length=200)
    cnpj = models.CharField(_("CNPJ"), max_length=18, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    delivery_mode = models.CharField(
        _("delivery"), max_length=10, choices=DeliveryMode.choices, default=DeliveryMode.SHADOW
    )
    sync_from = models.DateField(_("payments since"), help_text=_("Settled titles are read from this payment date on."))
    settled_from = models.DateField(
        _("settle payments since"),
        null=True,
        blank=True,
        help_text=_("Titles paid in Bling before this day are mirrored and never sent."),
    )
    closed_until = models.DateField(
        _("closed until"),
        null=True,
        blank=True,
        help_text=_("Changes on or before this day wait for a person."),
    )
    nothing_is_closed = models.BooleanField(
        _("no month is closed"), default=False, help_text=_("A person said that no month is closed in Kamino yet.")
    )
    other_integration_off = models.BooleanField(
        _("no other Bling integration"),
        default=False,
        help_text=_("A person made sure that nothing else copies titles from Bling to Kamino for this company."),
    )
    sync_payables = models.BooleanField(_("payables"), default=True)
    sync_receivables = models.BooleanField(_("receivables"), default=True)
    release = models.CharField(
        _("send receivables of invoices"),
        max_length=12,
        choices=Release.choices,
        default=Release.ALWAYS,
        help_text=_("Applies only to receivables whose origin in Bling is an invoice."),
    )
    sale_release = models.CharField(
        _("send receivables of sales"),
        max_length=12,
        choices=SaleRelease.choices,
        default=SaleRelease.ALWAYS,
        db_default=SaleRelease.ALWAYS,
        help_text=_("Applies only to receivables whose origin in Bling is a sales order."),
    )
    cancel_deleted = models.BooleanField(
        _("cancel titles deleted in Bling"),
        default=False,
        help_text=_("When off, a title deleted in Bling waits for a person."),
    )
    partial_policy = models.CharField(
        _("titles paid in several payments"),
        max_length=10,
        choices=PartialPolicy.choices,
        default=PartialPolicy.KEEP,
        help_text=_("Splitting needs a Kamino connection whose lists were proved to show every status."),
    )
    alert_emails = models.TextField(
        _("e-mails for alerts"), blank=True, default="", help_text=_("One address per line.")
    )
    digest_emails = models.TextField(
        _("e-mails for the daily summary"),
        blank=True,
        default="",
        help_text=_("One address per line. Sent at 07:30 when something changed; without personal data."),
    )
    digested_at = models.DateTimeField(null=True, editable=False)
    digest_claimed_until = models.DateTimeField(null=True, editable=False)
    force_limit = models.DecimalField(
        _("limit of forced settlements"),
        max_digits=15,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("Above this amount a second person approves. Empty: no limit."),
    )
    is_limit_asked = models.BooleanField(default=False, editable=False)
    asked_limit = models.DecimalField(max_digits=15, decimal_places=2, null=True, editable=False)
    limit_asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    tolerance_cents = models.PositiveSmallIntegerField(
        _("tolerance in cents"),
        default=0,
        help_text=_("Amounts of the two systems that differ by no more than this are equal."),
    )
    delete_on = models.DateField(_("to be deleted on"), null=True, blank=True, editable=False)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, verbose_name=_("users"), blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    history = HistoricalRecords()
    objects = TenantQuerySet.as_manager()

    if TYPE_CHECKING:
        bling_connections: "RelatedManager[Any]"
        limit_asked_by_id: int | None
        kamino_connection: Any

    class Meta:
        indexes = [
            models.Index(
                fields=["digested_at"], condition=models.Q(is_active=True) & ~models.Q(digest_emails=""),
                name="tenant_digest",
            ),
            models.Index(fields=["name"], name="tenant_name"),
        ]  # fmt: skip
        verbose_name = _("company")
        verbose_name_plural = _("companies")
        ordering = ["name"]
        permissions = [
            ("access_all_tenants", "Can see every company"),
            ("sync_tenant", "Can start a sync"),
            ("activate_tenant", "Can switch live delivery on and off"),
            ("close_tenant", "Can close a company's account"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_live(self) -> bool:
        return self.delivery_mode == self.DeliveryMode.LIVE

    def syncs(self, direction: Direction) -> bool:
        """Say whether titles of a direction are mirrored."""
        return self.sync_payables if direction is Direction.PAYABLE else self.sync_receivables
