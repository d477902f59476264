"""Exports too large for one request: what was asked for, the rows made so far, and then the file itself.

All of it is in the database, so that any host may make it and any other one serve it.
"""

from array import array
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrations.models.moments import moment

if TYPE_CHECKING:
    from django_stubs_ext.db.models.manager import RelatedManager


class Export(models.Model):
    """One file for one person, who alone may fetch it, until `expires_at`.

    `packed_ids` are the rows of the list at the click, in its order (`pack_ids`; to write an array of so
    many takes hundreds of megabytes); the first `cursor` of them are in `chunks`. `failure` says why there is no file.
    `left_out` are the marks of the confidential categories of which nothing is in it; none, where it was ordered by
    somebody who sees them.
    """

    class Format(models.TextChoices):
        XLSX = "xlsx", "xlsx"
        CSV = "csv", "csv"

    class Failure(models.TextChoices):
        NOT_ALLOWED = "not_allowed", _("The person who ordered it may no longer export these rows.")
        CRASHED = "crashed", _("Internal error; tell support.")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("ordered by"))
    table = models.CharField(_("table"), max_length=20)
    file_format = models.CharField(_("format"), max_length=4, choices=Format.choices)
    created_at = models.DateTimeField(_("ordered at"))
    packed_ids = models.BinaryField()
    fingerprint = models.CharField(max_length=64, editable=False)
    tenant_ids = ArrayField(models.BigIntegerField(), editable=False)
    counted = models.PositiveIntegerField(_("rows"))
    left_out = ArrayField(models.CharField(max_length=60), default=list, db_default=[], editable=False)
    cursor = models.PositiveIntegerField(default=0, editable=False)
    tries = models.PositiveSmallIntegerField(default=0, editable=False)
    retry_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    expires_at = models.DateTimeField(_("can be downloaded until"), null=True, blank=True)
    failure = models.CharField(_("error"), max_length=12, choices=Failure.choices, blank=True, default="")

    if TYPE_CHECKING:
        user_id: int
        chunks: "RelatedManager[Any]"

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["created_at"], condition=Q(finished_at=None), name="export_due"),
            models.Index(fields=["user", "-created_at", "-id"], name="export_of_user"),
        ]

    @staticmethod
    def pack_ids(ids: Iterable[int]) -> bytes:
        return array("q", ids).tobytes()

    @property
    def ids(self) -> Sequence[int]:
        return array("q", bytes(self.packed_ids))

    def __str__(self) -> str:
        return f"{self.table} {moment(self.created_at)}"


class ExportChunk(models.Model):
    """A piece of an export: rows while it is being made (compressed), the file's bytes (`is_file`) afterwards."""

    export = models.ForeignKey(Export, models.CASCADE, related_name="chunks")
    is_file = models.BooleanField(default=False)
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["export", "is_file", "number"], name="export_chunk_once")]

    def __str__(self) -> str:
        return f"{self.number}"
