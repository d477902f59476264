"""Orders for all titles of a filtered list: asked first with the count, then carried out in the background."""

from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.admin import actions, texts
from integrations.admin.scope import change_url
from integrations.models import BulkOrder, Tenant
from integrations.pipeline import bulk
from integrations.pipeline.desk import Refused
from integrations.queue import enqueue_tick

Kind = BulkOrder.Kind
SAMPLE = 20


class BulkForm(forms.Form):
    """What the person was told of, and which page asked."""

    counted = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    key = forms.UUIDField(widget=forms.HiddenInput)


class BulkReasonForm(BulkForm, actions.ReasonForm):
    """The same, with why."""


class WholeList:
    """Buttons above a list that act on everything its filters show. `title_path` leads from a row to its title."""

    title_path = ""
    bulk_tenant_path = "connection__tenant"
    admin_site: Any
    opts: Any

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.whole_list)
        name = f"{self.opts.app_label}_{self.opts.model_name}_whole_list"
        return [path("lista-inteira/<slug:kind>/", view, name=name), *super().get_urls()]  # type: ignore[misc]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {**(extra_context or {}), "whole_list": self._links(request)}
        response: HttpResponse = super().changelist_view(request, context)  # type: ignore[misc]
        return response

    def _links(self, request: HttpRequest) -> list[tuple[str, str]]:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_whole_list"
        return [
            (f"{reverse(name, args=[kind.value])}?{request.GET.urlencode()}", str(kind.label))
            for kind in Kind
            if request.user.has_perm(bulk.PERMISSIONS[kind])
        ]

    def whole_list(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Ask with the count, and then order. Raises `PermissionDenied`, and `Http404` for no kind of order."""
        if kind not in Kind.values:
            raise Http404
        may_look = self.has_view_permission(request)  # type: ignore[attr-defined]
        if not (may_look and request.user.has_perm(bulk.PERMISSIONS[Kind(kind)])):
            raise PermissionDenied
        rows, back = self._filtered(request), f"{actions.changelist_url(self)}?{request.GET.urlencode()}"
        if rows is None:
            messages.error(request, _("This filter is not understood. Nothing was ordered."))
            return HttpResponseRedirect(actions.changelist_url(self))
        form_class = BulkReasonForm if kind in bulk.NEEDS_REASON else BulkForm
        form = form_class(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                orders = self._order(request, kind, rows, form.cleaned_data)
            except Refused as error:
                actions.refused(request, error)
                return HttpResponseRedirect(request.get_full_path())
            return HttpResponseRedirect(_page_of(orders))
        found = rows.order_by().aggregate(count=Count("pk"), total=Sum(f"{self.title_path}value"))
        if request.method != "POST":
            form = form_class(initial={"counted": found["count"], "key": uuid4()})
        return self._ask(request, Kind(kind), rows, found, form, back)

    def _filtered(self, request: HttpRequest) -> QuerySet[Any] | None:
        """Return what the list shows, all pages of it; `None` for a filter that the list refuses: it must never mean
        every title."""
        try:
            changelist = self.get_changelist_instance(request)  # type: ignore[attr-defined]
        except IncorrectLookupParameters:
            return None
        rows: QuerySet[Any] = changelist.get_queryset(request)
        return rows

    def _order(self, request: HttpRequest, kind: str, rows: QuerySet[Any], data: dict[str, Any]) -> list[BulkOrder]:
        pairs = rows.order_by().values_list(f"{self.title_path}{self.bulk_tenant_path}", f"{self.title_path}pk")
        orders = bulk.order(
            kind=kind, titles=pairs[: bulk.MOST_TITLES + 1], counted=data["counted"], reason=data.get("reason", ""),
            key=data["key"], user=actions.user_of(request), now=timezone.now(),
        )  # fmt: skip
        small = len(orders) == 1 and orders[0].counted <= bulk.CHUNK
        if small:
            bulk.advance(orders[0].pk, now=timezone.now())
        enqueue_tick()
        return orders

    def _ask(
        self, request: HttpRequest, kind: Kind, rows: QuerySet[Any], found: dict[str, Any], form: forms.Form, back: str
    ) -> HttpResponse:
        count = found["count"]
        values = {"count": count, "total": texts.money(found["total"])}
        companies = rows.order_by().values_list(f"{self.title_path}{self.bulk_tenant_path}").distinct()
        names = Tenant.objects.filter(pk__in=companies).values_list("name", flat=True)[:SAMPLE]
        return actions.confirm(
            request,
            self,
            title=_("%(action)s: the whole list") % {"action": kind.label},
            text=ngettext("%(count)s title, %(total)s.", "%(count)s titles, %(total)s.", count) % values,
            note=_("Carried out in the background; a page shows how far it is, and what was left out and why."),
            rows=[str(name) for name in names],
            submit=str(kind.label),
            form=form,
            back=back,
            dangerous=kind != Kind.RESYNC,
        )


def order_selected(
    request: HttpRequest, model_admin: Any, kind: Kind, queryset: QuerySet[Any], *, text: str = ""
) -> HttpResponse | None:
    """Order for the selected titles at once, after asking for a reason where one is needed, and say what came of it."""
    titles = list(queryset)
    data: dict[str, Any] = {"counted": len(titles), "key": uuid4(), "reason": ""}
    if kind in bulk.NEEDS_REASON:
        form = BulkReasonForm(request.POST if "confirmed" in request.POST else None, initial=data)
        if not form.is_valid():
            return actions.confirm(
                request, model_admin, title=str(kind.label), text=text, submit=str(kind.label), form=form,
                rows=titles, action=request.POST["action"], dangerous=True,
            )  # fmt: skip
        data = form.cleaned_data
    try:
        orders = bulk.order(
            kind=kind, titles=[(title.connection.tenant_id, title.pk) for title in titles],
            user=actions.user_of(request), now=timezone.now(), **data,
        )  # fmt: skip
    except Refused as error:
        actions.refused(request, error)
        return None
    for order in orders:
        bulk.advance(order.pk, now=timezone.now())
        order.refresh_from_db()
        say = messages.success if order.done else messages.warning
        what = f"{kind.label} · {order.tenant}" if len(orders) > 1 else str(kind.label)
        say(request, f"{what}: {bulk.progress(order).sentence}.")
    enqueue_tick()
    return None


def _page_of(orders: list[BulkOrder]) -> str:
    if len(orders) == 1:
        return change_url(orders[0])
    return reverse("admin:integrations_bulkorder_changelist")
