"""Sync runs: one pass over one Bling connection, cut into slices; its cursor tells where it goes on."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations.models.connections import BlingConnection
from integrations.models.moments import moment
from integrations.rest.errors import ConfigError
from integrations.words.errors import failure_text


class RunQuerySet(models.QuerySet["SyncRun"]):
    def with_authorization(self) -> "RunQuerySet":
        """Add when the connection was authorized last (`authorized_at`): what was refused before is over."""
        return self.annotate(authorized_at=models.F("connection__token__authorized_at"))

    def without_planned(self, now: datetime) -> "RunQuerySet":
        """Leave out those that are to begin later: nothing waits for them, and nothing is said of them yet."""
        return self.exclude(state="open", due_at__gt=now)

    def under_way(self, now: datetime) -> "RunQuerySet":
        """Return the open ones that are not only planned."""
        return self.filter(state="open", due_at__lte=now)

    def with_proof(self) -> "RunQuerySet":
        """Add whether a run that was complete began since the connection was authorized last, and whose account its
        present tokens open was read (`is_proved`)."""
        complete = SyncRun.objects.filter(connection=models.OuterRef("connection"), state=SyncRun.State.DONE)
        last = complete.order_by("-pk").values("started_at")[:1]
        began = self.annotate(complete_since=models.Subquery(last))
        authorized_at = models.F("connection__token__authorized_at")
        is_newer = Q(connection__token__authorized_at=None) | Q(complete_since__gt=authorized_at)
        is_checked = Q(connection__token__company_checked_version=models.F("connection__token__version"))
        proves = models.ExpressionWrapper(
            Q(complete_since__isnull=False) & is_newer & is_checked, output_field=models.BooleanField()
        )
        return began.annotate(is_proved=proves)


class SyncRun(models.Model):
    """One run. `cursor` is written by the pull with each page; `lease_until` and `fence` keep out a second worker.
    `failure` is the last call that failed: `kind`, `code`, `service` and `message` of its error."""

    class State(models.TextChoices):
        OPEN = "open", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    class Trigger(models.TextChoices):
        SCHEDULE = "schedule", _("Schedule")
        PERSON = "person", _("Person")
        COMMAND = "command", _("Command")

    connection = models.ForeignKey(BlingConnection, models.CASCADE, related_name="runs", verbose_name=_("connection"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    trigger = models.CharField(_("started by"), max_length=10, choices=Trigger.choices, default=Trigger.SCHEDULE)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name=_("user"))
    is_full = models.BooleanField(_("full sweep"), default=False)
    due_at = models.DateTimeField(_("due at"))
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    step = models.CharField(_("step"), max_length=20, default="registers")
    cursor = models.JSONField(default=dict, editable=False)
    bling_requests = models.PositiveIntegerField(_("requests to Bling"), default=0)
    rows_seen = models.PositiveIntegerField(_("titles seen"), default=0)
    titles_read = models.PositiveIntegerField(_("titles read"), default=0)
    titles_changed = models.PositiveIntegerField(_("titles changed"), default=0)
    titles_gone = models.PositiveIntegerField(_("titles gone"), default=0)
    failures = models.PositiveIntegerField(_("failures"), default=0)
    failure_notes = models.JSONField(_("titles that failed"), default=list, blank=True)
    failure = models.JSONField(_("error"), default=dict, blank=True)
    not_before = models.DateTimeField(null=True, blank=True, editable=False)
    served_at = models.DateTimeField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    fence = models.PositiveBigIntegerField(default=0, editable=False)

    if TYPE_CHECKING:
        connection_id: int

    objects = RunQuerySet.as_manager()

    class Meta:
        verbose_name = _("sync run")
        verbose_name_plural = _("sync runs")
        ordering = ["-due_at", "-pk"]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="open"), name="open_runs"),
            models.Index(fields=["connection", "-due_at", "-id"], name="run_latest"),
            models.Index(fields=["-due_at", "-id"], name="run_by_due"),
            models.Index(fields=["state", "-due_at", "-id"], name="run_by_state"),
            models.Index(fields=["connection", "state", "-due_at", "-id"], name="run_state_of_company"),
            models.Index(fields=["trigger", "-due_at", "-id"], name="run_by_trigger"),
            models.Index(fields=["connection", "trigger", "-due_at", "-id"], name="run_trigger_of_company"),
            models.Index(fields=["connection", "-id"], condition=Q(state="done"), name="run_done"),
            models.Index(fields=["ended_at"], condition=Q(ended_at__isnull=False), name="run_age"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["connection"], condition=Q(state="open"), name="one_open_run_per_connection"
            )
        ]

    @property
    def is_failed(self) -> bool:
        """Say whether it failed for a reason that still stands, as far as is known (`with_authorization`)."""
        return self.state == self.State.FAILED and not self._was_authorized_since()

    @property
    def error(self) -> str:
        """The sentence for `failure`, empty when nothing failed in the end."""
        if self.state == self.State.DONE:
            return ""
        if self._was_authorized_since():
            return gettext("It was refused, and the connection was authorized again since then.")
        return failure_text(self.failure)

    def _was_authorized_since(self) -> bool:
        authorized_at = getattr(self, "authorized_at", None)
        was_refused = self.failure.get("kind") == ConfigError.kind
        return was_refused and authorized_at is not None and self.ended_at is not None and authorized_at > self.ended_at

    def __str__(self) -> str:
        return f"{self.connection} {moment(self.due_at)}"
