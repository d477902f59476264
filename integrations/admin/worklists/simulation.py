"""The page "Simulação": what would be sent to Kamino, filtered and summed up, and what exists there already."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from integrations.admin.kit import actions, texts
from integrations.admin.kit.decorators import display
from integrations.admin.kit.filters import ChoiceColumn, ChoiceFilter, DayRange, DropdownChoiceFilter, TenantFilter
from integrations.admin.kit.lists import ClosedList, refuse_unread
from integrations.admin.kit.scope import row_number, scoped, sees_every_tenant
from integrations.admin.kit.spreadsheet_export import SpreadsheetExport
from integrations.admin.worklists.posting_pages import PostingPages
from integrations.models import KaminoItem, PlannedWrite
from integrations.models.planned_writes import PlannedOperation
from integrations.models.registers import KaminoKind
from integrations.pipeline.compare.exact_matches import with_exact_match
from integrations.pipeline.desk.links import MOST_LINKS, link_exact_matches, look_at_matches
from integrations.pipeline.desk.refusal import Refused
from integrations.queue import enqueue_tick
from integrations.words.colours import OPERATION_COLOURS

SAMPLE = 20


class LinkExactMatchesForm(actions.ReasonForm):
    """The mark of the exact matches that the page showed, and why they are linked."""

    mark = forms.CharField(widget=forms.HiddenInput)


class OperationFilter(ChoiceFilter):
    title = gettext_lazy("operation")
    parameter_name = "operation"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(PlannedOperation.choices)

    def narrowed(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(operation=self.choice) if self.choice else queryset


class AccountFilter(DropdownChoiceFilter):
    """The bank account that a settlement goes to. Who sees every company chooses one first: names repeat."""

    title = gettext_lazy("bank account")
    parameter_name = "account"
    hint = gettext_lazy("Choose the company first.")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        tenant = row_number(request.GET.get("tenant"))
        if tenant is None and sees_every_tenant(request):
            return []
        rows = scoped(KaminoItem.objects.filter(kind=KaminoKind.BANK_ACCOUNT), request)
        if tenant is not None:
            rows = rows.filter(connection__tenant=tenant)
        return [(str(pk), name) for pk, name in rows.order_by("name").values_list("pk", "name")]

    def narrowed(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.choice:
            return queryset
        item = KaminoItem.objects.get(pk=int(self.choice))
        return queryset.filter(kamino_connection=item.connection_id, account=item.kamino_id)


class ExactMatchFilter(ChoiceFilter):
    title = gettext_lazy("exists in Kamino already")
    parameter_name = "twin"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", gettext_lazy("Yes")), ("0", gettext_lazy("No"))]

    def narrowed(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(exact_match__isnull=self.choice == "0") if self.choice else queryset


@admin.register(PlannedWrite)
class PlannedWriteAdmin(SpreadsheetExport, PostingPages):
    export_name = "simulacao"
    list_display = [
        "operation_label",
        "name",
        "person_name",
        "due",
        "amount",
        "payment",
        "chart_text",
        "exact_match_text",
    ]
    list_before_template = "admin/integrations/worklists/simulation.html"
    list_filter = [
        TenantFilter,
        OperationFilter,
        ExactMatchFilter,
        ("direction", ChoiceColumn),
        AccountFilter,
        ("due_date", DayRange),
    ]

    def get_urls(self) -> list[Any]:
        """Add the page that links what exists in Kamino already, and the sums of a long list."""
        link, sums = (self.admin_site.admin_view(view) for view in (self.link_exact_matches, self.sums))
        return [
            path("vincular/", link, name="integrations_plannedwrite_link_twins"),
            path("somas/", sums, name="integrations_plannedwrite_sums"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: Any = super().get_queryset(request)
        return with_exact_match(rows.ready().named())

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {"title": _("Simulation"), "page_header": _("Simulation"), "subtitle": None, **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, context)
        return response

    def list_context(self, request: HttpRequest, listed: ClosedList) -> dict[str, Any]:
        """Add the sums of a list of one page; those of a longer one are a page of their own, for all of it is read."""
        context = super().list_context(request, listed)
        links = {
            "may_link": self.has_resolve_permission(request) and not listed.unread,
            "link_url": f"{reverse('admin:integrations_plannedwrite_link_twins')}?{listed.understood()}",
        }
        if listed.multi_page:
            sums_url = f"{reverse('admin:integrations_plannedwrite_sums')}?{listed.understood()}"
            return {**context, **links, "sums_url": sums_url}
        return {**context, **links, **self._sums(listed.queryset)}

    def sums(self, request: HttpRequest) -> HttpResponse:
        """Show the sums of the whole list. Raises `PermissionDenied`."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        listed: ClosedList = self.get_changelist_instance(request)
        back = f"{actions.changelist_url(self)}?{request.GET.urlencode()}"
        if refuse_unread(request, listed, _("Nothing was added up.")):
            return HttpResponseRedirect(back)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Sums of the simulation"),
            "words": listed.in_words(),
            "back": back,
            "may_link": self.has_resolve_permission(request),
            "link_url": f"{reverse('admin:integrations_plannedwrite_link_twins')}?{listed.understood()}",
            **self._sums(listed.queryset),
        }
        return TemplateResponse(request, "admin/integrations/worklists/simulation_sums.html", context)

    def _sums(self, rows: Any) -> dict[str, Any]:
        totals = rows.totals(exact_matches=Count("exact_match"))
        return {
            "operations": [
                (PlannedOperation(row["operation"]).label, row["count"], texts.money(row["total"])) for row in totals
            ],
            "accounts": [
                (row["account_name"] or row["account"], row["count"], texts.money(row["total"]))
                for row in rows.settlements()
            ],
            "exact_matches": sum(row["exact_matches"] for row in totals),
        }

    def link_exact_matches(self, request: HttpRequest) -> HttpResponse:
        """Ask, then link the exact matches among the listed titles. Raises `PermissionDenied`."""
        if not (self.has_view_permission(request) and self.has_resolve_permission(request)):
            raise PermissionDenied
        changelist: ClosedList = self.get_changelist_instance(request)
        back = f"{actions.changelist_url(self)}?{request.GET.urlencode()}"
        if refuse_unread(request, changelist, _("Nothing was ordered.")):
            return HttpResponseRedirect(back)
        exact_matches = changelist.queryset.filter(exact_match__isnull=False)
        seen = look_at_matches(exact_matches)
        form = LinkExactMatchesForm(request.POST or None, initial={"mark": seen.mark})
        if request.method == "POST" and form.is_valid():
            self._link(request, exact_matches, form.cleaned_data)
            return HttpResponseRedirect(back)
        if not seen.count:
            messages.info(request, _("None of these titles exists in Kamino without a link."))
            return HttpResponseRedirect(back)
        return actions.confirm(
            request,
            self,
            title=_("Link titles that exist in Kamino already"),
            text=ngettext(
                "%(count)s title, %(total)s: Kamino has one with the same person, value, due date and document number.",
                "%(count)s titles, %(total)s: Kamino has one with the same person, value, due date and document number "
                "for each.",
                seen.count,
            )
            % {"count": seen.count, "total": texts.money(seen.total)},
            note="\n".join(changelist.in_words())
            + "\n"
            + _(
                "Linked titles are not created a second time; from then on they are kept like every other one. In "
                "simulation nothing is sent. At most %(most)s are linked at a time."
            )
            % {"most": MOST_LINKS},
            submit=_("Link"),
            form=form,
            rows=[f"{texts.title_line(row.title)} = Kamino {row.exact_match}" for row in exact_matches[:SAMPLE]],
            back=back,
            dangerous=True,
        )

    def _link(self, request: HttpRequest, exact_matches: QuerySet[Any], order: dict[str, Any]) -> None:
        """Link, then say how many were linked, why others were not, and how many are left."""
        try:
            linked = link_exact_matches(
                exact_matches=exact_matches, user=actions.user_of(request), now=timezone.now(), **order
            )
        except Refused as error:
            actions.refused(request, error)
            return
        enqueue_tick()
        parts = [ngettext("%(count)s linked", "%(count)s linked", linked.done) % {"count": linked.done}]
        parts += [
            ngettext("%(count)s not: %(why)s", "%(count)s not: %(why)s", count) % {"count": count, "why": why}
            for why, count in linked.refused.items()
        ]
        if linked.left:
            left = ngettext("%(count)s left: click again", "%(count)s left: click again", linked.left)
            parts.append(left % {"count": linked.left})
        (messages.success if linked.done else messages.warning)(request, "; ".join(parts))

    @display(gettext_lazy("operation"), ordering="operation", label=OPERATION_COLOURS)
    def operation_label(self, row: Any) -> tuple[str, Any]:
        return row.operation, PlannedOperation(row.operation).label

    @display(gettext_lazy("settlement"), ordering="paid_on")
    def payment(self, row: Any) -> str:
        if row.paid_on is None:
            return texts.EMPTY
        return texts.two_lines(f"{texts.day(row.paid_on)} · {texts.money(row.paid)}", row.account_name or row.account)

    @display(gettext_lazy("chart account"))
    def chart_text(self, row: Any) -> str:
        return str(row.chart_name or row.chart)

    @display(gettext_lazy("in Kamino already"), ordering="exact_match")
    def exact_match_text(self, row: Any) -> str:
        return texts.one_line(f"Kamino {row.exact_match}") if row.exact_match else texts.EMPTY
