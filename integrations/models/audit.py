"""The audit record: who did what, for five years. Rows are only ever added (`audit_tables`)."""

from datetime import UTC, datetime, timedelta

from django.db import models
from django.db.models import Exists, OuterRef
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from integrations.domain.audit import COLUMNS, digest_of
from integrations.models.moments import moment
from integrations.words.audit import action_choices

CLOCKS_APART = timedelta(hours=1)
"""More than a worker's clock, which says when a seal was made, may be behind the database's."""


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    def unsealed(self, since: datetime | None = None) -> "AuditEventQuerySet":
        """Return the events that no seal chains, of those `since` a moment: the whole record is long, and so only the
        months since then are looked at."""
        seals = AuditSeal.objects.filter(event_id=OuterRef("pk"), event_at=OuterRef("at"))
        if since is None:
            return self.filter(~Exists(seals))
        return self.filter(~Exists(seals.filter(sealed_at__gte=since - CLOCKS_APART)), at__gte=since)

    def with_company_key(self) -> "AuditEventQuerySet":
        """Tell each event the key of its company (`company_key`), 0 where it is of none."""
        return self.annotate(company_key=Coalesce("company_id", 0, output_field=models.BigIntegerField()))


class AuditEvent(models.Model):
    """One thing that somebody did, in the transaction in which it was done.

    Names are kept as they were: people and companies may go, this stays. Of personal data it holds only *that* it
    changed, of documents and searches a keyed hash, so that erasing a person needs no write here. Without an `actor_id`
    the service itself did it, or a command. Who acted is what the application says; the database itself stamps which
    `role` wrote the row, by which process of its own (`backend`), and what the connection called itself.
    """

    at = models.DateTimeField(_("at"), db_default=models.functions.Now())
    action = models.CharField(_("action"), max_length=20, choices=action_choices)
    actor_id = models.BigIntegerField(null=True)
    actor = models.CharField(_("who"), max_length=150)
    address = models.CharField(_("address"), max_length=45, blank=True, default="")
    company_id = models.BigIntegerField(null=True)
    company = models.CharField(_("company"), max_length=50, blank=True, default="")
    object_type = models.CharField(_("of what"), max_length=30, blank=True, default="")
    object_id = models.BigIntegerField(_("number"), null=True)
    filter = models.TextField(_("filter"), blank=True, default="")
    count = models.IntegerField(_("rows"), null=True)
    amount = models.DecimalField(_("amount"), max_digits=17, decimal_places=2, null=True)
    details = models.JSONField(_("details"), default=dict)
    role = models.CharField(_("role of the database"), max_length=63, blank=True, db_default="")
    application = models.CharField(_("program"), max_length=63, blank=True, db_default="")
    backend = models.IntegerField(_("process of the database"), null=True)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        managed = False  # made by a migration of SQL; no flush of tests empties it
        verbose_name = _("event of the audit record")
        verbose_name_plural = _("audit record")
        ordering = ["-at", "-pk"]
        default_permissions = ("view",)
        permissions = [("export_auditevent", "Can export the audit record")]

    def __str__(self) -> str:
        return f"{moment(self.at)} {self.get_action_display()}"

    def digest(self, version: int) -> str:
        """Return the hash of the columns of a version (`COLUMNS`). Raises `KeyError` for one that nobody knows."""
        return digest_of({name: getattr(self, name) for name in COLUMNS[version]}, version)


OUR_TIME = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))
"""PostgreSQL keeps moments that Python cannot read: one of them would end the page, the seals and the alerts."""


class AuditPending(models.Model):
    """An event that waits for its seal; added with it by a trigger, so that what is due is found in a small table. The
    record itself says what is unsealed: whoever deletes rows here only delays the seal, and raises an alert."""

    event_id = models.BigIntegerField()
    event_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=models.Q(event_at__gte=OUR_TIME[0], event_at__lt=OUR_TIME[1]), name="pending_is_of_our_time"
            )
        ]

    def __str__(self) -> str:
        return f"event {self.event_id}"


class AuditSeal(models.Model):
    """One link of the chain: `hash` is that of the `previous` seal, the number, and the event's `digest`. The `version`
    says which columns the digest holds, and never falls. Numbers are consecutive. Where older months were dropped, the
    first seal that is left is the chain's beginning."""

    number = models.BigIntegerField(primary_key=True)
    event_id = models.BigIntegerField()
    event_at = models.DateTimeField()
    digest = models.CharField(max_length=64)
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()
    version = models.SmallIntegerField(db_default=1)

    class Meta:
        managed = False
        default_permissions = ()
        ordering = ["number"]

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"
