"""Sync runs: when each connection was read, how much there was, and what went wrong."""

from functools import partial
from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext_lazy

from integrations.admin.kit import texts
from integrations.admin.kit.base import ReadOnlyAdmin
from integrations.admin.kit.decorators import display
from integrations.admin.kit.filters import ChoiceColumn, ChoicesColumn, TenantFilter
from integrations.admin.kit.scope import told_connections
from integrations.admin.system.health import health_view
from integrations.models import SyncRun
from integrations.models.runs import RunQuerySet
from integrations.pipeline.report.estimate import outlook
from integrations.words.colours import RUN_COLOURS
from integrations.words.errors import note_text


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    tenant_path = "connection__tenant"
    list_display = [
        "due",
        "connection_link",
        "state_label",
        "trigger",
        "counters",
        "requests",
        "duration",
        "error_text",
    ]
    list_filter = [TenantFilter, ("state", ChoicesColumn), ("trigger", ChoiceColumn)]
    list_select_related = ["connection__tenant"]
    list_disable_select_all = True
    fields = [
        "connection_link", "state_label", "trigger", "asked_by", "is_full", "due_at", "started_at", "ended_at",
        "duration", "rows_seen", "titles_read", "titles_changed", "titles_gone", "failures", "requests", "left_to_do",
        "failed_titles", "error_text",
    ]  # fmt: skip
    readonly_fields = [
        "connection_link", "state_label", "asked_by", "duration", "requests", "left_to_do", "failed_titles",
        "error_text",
    ]  # fmt: skip

    def get_urls(self) -> list[Any]:
        """Add the page "Saúde", for users who may see runs."""
        view = partial(health_view, admin_site=self.admin_site)
        return [path("saude/", self.admin_site.admin_view(view), name="integrations_health"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = cast(RunQuerySet, super().get_queryset(request)).with_authorization()
        return told_connections(rows, request).select_related("connection__tenant", "user").defer("cursor")

    @display(gettext_lazy("due at"), ordering="due_at")
    def due(self, run: SyncRun) -> str:
        return texts.moment(run.due_at)

    @display(gettext_lazy("connection"), ordering="connection__tenant__name")
    def connection_link(self, run: SyncRun) -> str:
        link = texts.connection_link(run, run.connection, run.connection.label)
        return texts.two_lines(link, run.connection.tenant)

    @display(gettext_lazy("user"))
    def asked_by(self, run: SyncRun) -> str:
        return str(run.user or texts.EMPTY)

    @display(gettext_lazy("state"), ordering="state", label=RUN_COLOURS)
    def state_label(self, run: SyncRun) -> tuple[str, Any]:
        if run.state == SyncRun.State.DONE and run.failures:
            return "problems", gettext_lazy("Done, with failures")
        if run.state == SyncRun.State.OPEN and run.started_at is None:
            return "", gettext_lazy("Queued")
        return run.state, run.get_state_display()

    @display(gettext_lazy("seen / read / changed"))
    def counters(self, run: SyncRun) -> str:
        return f"{run.rows_seen} / {run.titles_read} / {run.titles_changed}"

    @display(gettext_lazy("requests to Bling"), ordering="bling_requests")
    def requests(self, run: SyncRun) -> int:
        return run.bling_requests

    @display(gettext_lazy("left to do"))
    def left_to_do(self, run: SyncRun) -> str:
        left = outlook(run.connection.tenant, now=timezone.now()) if run.state == SyncRun.State.OPEN else None
        return left.sentence() if left else texts.EMPTY

    @display(gettext_lazy("duration"))
    def duration(self, run: SyncRun) -> str:
        if run.started_at is None or run.ended_at is None:
            return texts.EMPTY
        seconds = int((run.ended_at - run.started_at).total_seconds())
        return texts.one_line(f"{seconds // 60} min {seconds % 60:02d} s" if seconds >= 60 else f"{seconds} s")

    @display(gettext_lazy("what could not be read"))
    def failed_titles(self, run: SyncRun) -> str:
        notes = run.failure_notes
        return texts.sentence_list(note_text(note) if isinstance(note, dict) else str(note) for note in notes)

    @display(gettext_lazy("error"))
    def error_text(self, run: SyncRun) -> str:
        return texts.sentence_list([run.error] if run.error else [])
