"""Proposed changes of the De/Para: the preview, what it may touch, and what became of it."""

from datetime import date
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from integrations.admin.kit import texts
from integrations.admin.kit.actions import user_of
from integrations.admin.kit.base import ReadOnlyAdmin
from integrations.admin.kit.decorators import display
from integrations.admin.kit.downloads import Taken, attachment
from integrations.admin.kit.fields import DAY_HINT
from integrations.admin.kit.filters import ChoiceColumn, TenantFilter, Unread
from integrations.admin.kit.scope import change_url, sight_for, told_counts
from integrations.admin.mapping.desk import desk_url
from integrations.domain.audit import AuditAction
from integrations.domain.typed import read_day
from integrations.models import MappingChange
from integrations.models.mapping_changes import Reach
from integrations.models.mappings import TARGETS
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.mapping.changes import confirm, discard, measures, rows_of, shown_rows
from integrations.pipeline.mapping.edits import ChangedRow
from integrations.pipeline.mapping.targets import KaminoTargets, labels
from integrations.queue import enqueue_tick
from integrations.resources.mappings import bad_rows_xlsx, error_texts, warning_texts
from integrations.words.colours import CHANGE_COLOURS
from integrations.words.spreadsheets import COLUMNS

State = MappingChange.State
ROWS_SHOWN = 200


@admin.register(MappingChange)
class MappingChangeAdmin(ReadOnlyAdmin):
    empty_text = gettext_lazy("Nobody changed the mappings yet. It is done under “Mappings”.")
    tenant_path = "tenant"
    list_display = ["when", "company", "origin", "state_label", "counts", "touched", "user"]
    list_filter = [TenantFilter, ("state", ChoiceColumn), ("origin", ChoiceColumn)]
    list_select_related = ["tenant", "user"]
    ordering = ["-created_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = told_counts(super().get_queryset(request), request).select_related("tenant", "user").defer("content")
        match = request.resolver_match
        return rows.defer("content", "rows") if match and (match.url_name or "").endswith("changelist") else rows

    def get_urls(self) -> list[Any]:
        errors = path(
            "<path:object_id>/linhas-com-erro/",
            self.admin_site.admin_view(self.errors_view),
            name="integrations_mappingchange_errors",
        )
        return [errors, *super().get_urls()]

    @display(gettext_lazy("proposed at"), ordering="created_at")
    def when(self, change: MappingChange) -> str:
        return texts.moment(change.created_at)

    @display(gettext_lazy("company"), ordering="tenant__name")
    def company(self, change: MappingChange) -> str:
        return str(change.tenant)

    @display(gettext_lazy("state"), ordering="state", label=CHANGE_COLOURS)
    def state_label(self, change: MappingChange) -> tuple[str, str]:
        return change.state, change.get_state_display()

    @display(gettext_lazy("rows"))
    def counts(self, change: MappingChange) -> str:
        return str(change.total_rows)

    @display(gettext_lazy("titles planned again"))
    def touched(self, change: Any) -> str:
        return str(change.titles_planned) if change.state == State.DONE and change.shows_counts else texts.EMPTY

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show one proposal, and take the decision about it."""
        change = self.get_object_or_deny(request, object_id)
        if request.method == "POST":
            return self._decide(request, change)
        good, bad = shown_rows(change, user_of(request))
        since = _since(request) or timezone.localdate().replace(day=1)
        waiting = change.state == State.PROPOSED
        targets = KaminoTargets.of_tenant(change.tenant_id)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Change of the mappings of %(name)s") % {"name": change.tenant},
            "change": change,
            "colour": CHANGE_COLOURS[change.state],
            "busy": change.state in (State.READING, State.APPLYING),
            "summary": _summary(change, good, bad),
            "touched": self.touched(change),
            "left_out": texts.left_out(change.tenant, request),
            "warned": _warned(good),
            "good": [_shown(row, targets) for row in sorted(good, key=lambda row: not row.warnings)[:ROWS_SHOWN]],
            "bad": [(row, error_texts(row.errors)) for row in bad[:ROWS_SHOWN]],
            "more_good": max(0, len(good) - ROWS_SHOWN),
            "more_bad": max(0, len(bad) - ROWS_SHOWN),
            "has_bad": bool(rows_of(change)[1]),
            "reaches": _reaches(change, since, request) if waiting and good else [],
            "since": since,
            "may_change": waiting and request.user.has_perm("integrations.change_mapping"),
            "may_download": bool(bad and change.headers) and request.user.has_perm("integrations.export_mapping"),
            "desk_url": desk_url(change.tenant_id),
        }
        return TemplateResponse(request, "admin/integrations/mapping/change.html", context)

    def errors_view(self, request: HttpRequest, object_id: str) -> HttpResponse | StreamingHttpResponse:
        """Return the rows with errors as a spreadsheet with a column of reasons."""
        change = self.get_object_or_deny(request, object_id)
        if not request.user.has_perm("integrations.export_mapping"):
            raise PermissionDenied
        name = f"linhas-com-erro-{change.pk}.xlsx"
        return attachment(
            request, bad_rows_xlsx(change, user_of(request)), name, action=AuditAction.DOWNLOAD_MAPPING, of=change,
            taken=Taken([change.tenant], {change.tenant_id: len(change.rows)}),
        )  # fmt: skip

    def _decide(self, request: HttpRequest, change: MappingChange) -> HttpResponse:
        if not request.user.has_perm("integrations.change_mapping"):
            raise PermissionDenied
        try:
            if request.POST.get("do") == "discard":
                discard(change=change, user=user_of(request))
                messages.info(request, _("Discarded. Nothing was changed."))
                return HttpResponseRedirect(desk_url(change.tenant_id))
            change = confirm(
                change=change,
                reach=request.POST.get("reach", ""),
                since=read_day(request.POST.get("since", "")),
                good_rows_only=request.POST.get("good_rows_only") == "yes",
                user=user_of(request),
                clock=timezone.now,
            )
        except Refused as error:
            messages.error(request, error.message)
            return HttpResponseRedirect(change_url(change))
        enqueue_tick()
        if change.state == State.DONE:
            count = len(rows_of(change)[0])
            done = ngettext("%(count)s row changed", "%(count)s rows changed", count) % {"count": count}
            plans = ngettext(
                "%(count)s title is planned again", "%(count)s titles are planned again", change.titles_planned
            ) % {"count": change.titles_planned}
            messages.success(request, f"{done}, {plans}." if getattr(change, "shows_counts", False) else f"{done}.")
            return HttpResponseRedirect(desk_url(change.tenant_id))
        return HttpResponseRedirect(change_url(change))


def _since(request: HttpRequest) -> date | None:
    """Return the day in the address; one that is not understood is said so, and the page counts from its own."""
    typed = request.GET.get("since", "").strip()
    since = read_day(typed)
    if typed and since is None:
        messages.error(request, Unread(_("Count since the competence"), typed, str(DAY_HINT)).text())
    return since


def _summary(change: MappingChange, good: list[ChangedRow], bad: list[ChangedRow]) -> str:
    total = change.total_rows - (len(change.rows) - len(good) - len(bad))
    values = {
        "total": total,
        "changed": len(good),
        "same": max(0, total - len(good) - len(bad)),
        "bad": len(bad),
    }
    return _("%(total)s rows: %(changed)s change something, %(same)s stay as they are, %(bad)s have errors.") % values


def _shown(row: ChangedRow, targets: KaminoTargets) -> dict[str, Any]:
    old, new = labels(targets, row.old), labels(targets, row.new)
    return {
        "row": row,
        "changes": [
            (COLUMNS[name], old[name], new[name], warning_texts(row.warnings, name))
            for name in TARGETS[row.kind]
            if row.old[name] != row.new[name]
        ],
    }


def _warned(good: list[ChangedRow]) -> str:
    """Say how many rows a person should look at one by one; "" for none."""
    count = sum(bool(row.warnings) for row in good)
    words = ngettext(
        "%(count)s row loses a value or names a code that is not certain: it is the first one below.",
        "%(count)s rows lose a value or name a code that is not certain: they are the first ones below.",
        count,
    )
    return words % {"count": count} if count else ""


def _reaches(change: MappingChange, since: date, request: HttpRequest) -> list[dict[str, Any]]:
    words = {
        Reach.NEW: _("Only new: titles that Kamino does not have yet"),
        Reach.OPEN: _("Open: new ones, and those that are open in Kamino"),
        Reach.SINCE: _("All since the competence %(day)s, also settled ones") % {"day": texts.day(since)},
    }
    return [
        {
            "value": reach,
            "words": words[Reach(reach)],
            "titles": found.titles,
            "total": texts.money(found.total),
            "in_kamino": found.in_kamino,
            "checked": reach == Reach.OPEN,
        }
        for reach, found in measures(change, since, sight_for(request)).items()
    ]
