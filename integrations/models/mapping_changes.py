"""Changes of the De/Para that a person proposed, from a spreadsheet or on screen: shown first, then carried out."""

from collections.abc import Mapping as Params
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrations.models.mappings import MappingKind
from integrations.models.moments import moment
from integrations.models.registers import CatalogKind, KaminoKind
from integrations.models.tenants import Tenant
from integrations.words.spreadsheets import spreadsheet_text


class Reach(models.TextChoices):
    """Which titles a change may touch. Titles of closed months that Kamino has are never touched."""

    NEW = "new", _("Only titles not sent yet")
    OPEN = "open", _("Also open titles that Kamino has")
    SINCE = "since", _("All titles since a competence")


class MappingChange(models.Model):
    """One proposal: its rows with old and new values and errors, and what became of it.

    `rows` are the `to_json` forms of `pipeline.mapping.edits.ChangedRow`: changed ones and those with errors, of the
    `total_rows` that were looked at. `content` and `headers` are those of the uploaded file, the first until it was
    read, by the worker that holds `claimed_until`. `since` is the first competence that `Reach.SINCE` touches.
    `failure` says why it failed, as `fault` writes it.
    """

    class Origin(models.TextChoices):
        FILE = "file", _("Spreadsheet")
        SCREEN = "screen", _("On screen")
        SUGGESTIONS = "suggestions", _("Suggestions")
        COPY = "copy", _("Copy from another connection")

    class State(models.TextChoices):
        READING = "reading", _("Being read")
        PROPOSED = "proposed", _("To be confirmed")
        APPLYING = "applying", _("Being carried out")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        DISCARDED = "discarded", _("Discarded")

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="mapping_changes", verbose_name=_("company"))
    origin = models.CharField(_("origin"), max_length=12, choices=Origin.choices)
    file_name = models.CharField(_("file"), max_length=255, blank=True, default="")
    content = models.BinaryField(null=True, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State.choices)
    failure = models.JSONField(_("error"), default=dict, editable=False)
    headers = models.JSONField(default=list, editable=False)
    rows = models.JSONField(default=list, editable=False)
    total_rows = models.PositiveIntegerField(_("rows"), default=0)
    rows_done = models.PositiveIntegerField(_("rows done"), default=0)
    reach = models.CharField(_("may touch"), max_length=6, choices=Reach.choices, blank=True, default="")
    since = models.DateField(_("since competence"), null=True, blank=True)
    good_rows_only = models.BooleanField(_("good rows only"), default=False)
    titles_planned = models.PositiveIntegerField(_("titles planned again"), default=0)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("user"))
    claimed_until = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(_("proposed at"))
    applied_at = models.DateTimeField(_("carried out at"), null=True, blank=True)

    if TYPE_CHECKING:
        tenant_id: int
        user_id: int

    class Meta:
        verbose_name = _("change of the mappings")
        verbose_name_plural = _("changes of the mappings")
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(
                fields=["created_at"], condition=Q(state__in=["reading", "applying"]), name="mapping_change_due"
            ),
            models.Index(fields=["-created_at", "-id"], name="mapping_change_newest"),
            models.Index(fields=["tenant", "-created_at", "-id"], name="mapping_change_of_company"),
            models.Index(fields=["state", "tenant", "-created_at", "-id"], name="mapping_change_by_state"),
            models.Index(fields=["origin", "tenant", "-created_at", "-id"], name="mapping_change_by_origin"),
        ]

    def __str__(self) -> str:
        return f"{self.tenant} {moment(self.created_at)}"

    @property
    def error(self) -> str:
        """The sentence for `failure`; empty when nothing failed."""
        return fault_text(self.failure["code"], self.failure["params"]) if self.failure else ""


def fault(code: str, params: Params[str, Any]) -> dict[str, Any]:
    """Return the form in which a code of `words.spreadsheets` and its parameters are stored."""
    return {"code": code, "params": dict(params)}


def fault_text(code: str, params: Params[str, Any]) -> str:
    """Return the sentence for what is wrong with a spreadsheet or one of its cells; a `kind` gets its name."""
    names = dict([*KaminoKind.choices, *CatalogKind.choices, *MappingKind.choices])
    kinds = ", ".join(str(kind.label) for kind in MappingKind)
    return spreadsheet_text(code, {**params, "kind": names.get(params.get("kind", "")), "kinds": kinds})
