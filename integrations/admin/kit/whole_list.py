"""Orders for all titles of a filtered list: asked first with the count, then carried out in the background."""

from collections.abc import Sequence
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
from django.utils.translation import gettext_lazy, ngettext

from integrations.admin.kit import actions, texts
from integrations.admin.kit.forms import PaidForm, bank_accounts
from integrations.admin.kit.scope import change_url
from integrations.models import BulkOrder, Tenant
from integrations.pipeline.desk import bulk
from integrations.pipeline.desk.refusal import Refused
from integrations.queue import enqueue_tick

Kind = BulkOrder.Kind
SAMPLE = 20
MOST_COMPANIES = 1_000
_ONE_COMPANY = gettext_lazy("A bank account belongs to one company: choose that one in the filter first.")


class BulkForm(forms.Form):
    """The number of titles that the page showed, and which page it was."""

    counted = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    key = forms.UUIDField(widget=forms.HiddenInput)

    def to_order(self) -> dict[str, Any]:
        """Return what `bulk.order` takes of this form."""
        return {"reason": "", **self.cleaned_data}


class BulkReasonForm(BulkForm, actions.ReasonForm):
    """The same, with why."""


class BulkForceForm(BulkForm, PaidForm):
    """The same, with when and on which account all of them were paid."""

    def to_order(self) -> dict[str, Any]:
        data = super().to_order()
        terms = bulk.ForceTerms(data.pop("date"), data.pop("account"))
        return {**data, "terms": terms}


def order_form(kind: str, data: Any, *, tenants: Sequence[int], initial: dict[str, Any] | None = None) -> BulkForm:
    """Return the form of an order for titles of these companies."""
    if kind == Kind.FORCE:
        accounts = bank_accounts(connection__tenant__in=tenants)
        return BulkForceForm(data, accounts=accounts, initial=initial)
    return (BulkReasonForm if kind in bulk.NEEDS_REASON else BulkForm)(data, initial=initial)


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
        rows, back = self.filtered(request), f"{actions.changelist_url(self)}?{request.GET.urlencode()}"
        if rows is None:
            messages.error(request, _("This filter is not understood. Nothing was ordered."))
            return HttpResponseRedirect(actions.changelist_url(self))
        companies = rows.order_by().values_list(f"{self.title_path}{self.bulk_tenant_path}", flat=True).distinct()
        tenants = list(companies[:MOST_COMPANIES])
        if kind == Kind.FORCE and len(tenants) > 1:
            messages.error(request, _ONE_COMPANY)
            return HttpResponseRedirect(back)
        form = order_form(kind, request.POST or None, tenants=tenants)
        if request.method == "POST" and form.is_valid():
            try:
                orders = self._order(request, kind, rows, form.to_order())
            except Refused as error:
                actions.refused(request, error)
                return HttpResponseRedirect(request.get_full_path())
            return HttpResponseRedirect(_page_of(orders))
        found = rows.order_by().aggregate(count=Count("pk"), total=Sum(f"{self.title_path}value"))
        if request.method != "POST":
            form = order_form(kind, None, tenants=tenants, initial={"counted": found["count"], "key": uuid4()})
        return self._ask(request, Kind(kind), tenants, found, form, back)

    def filtered(self, request: HttpRequest) -> QuerySet[Any] | None:
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
            kind=kind, titles=pairs[: bulk.MOST_TITLES + 1], user=actions.user_of(request), now=timezone.now(), **data
        )
        small = len(orders) == 1 and orders[0].counted <= bulk.CHUNK
        if small:
            bulk.advance(orders[0].pk, now=timezone.now())
        enqueue_tick()
        return orders

    def _ask(
        self, request: HttpRequest, kind: Kind, tenants: Sequence[int], found: dict[str, Any], form: forms.Form,
        back: str,
    ) -> HttpResponse:  # fmt: skip
        count = found["count"]
        values = {"count": count, "total": texts.money(found["total"])}
        names = Tenant.objects.filter(pk__in=tenants).order_by("name").values_list("name", flat=True)[:SAMPLE]
        in_background = _("Carried out in the background; a page shows how far it is, and what was left out and why.")
        return actions.confirm(
            request,
            self,
            title=_("%(action)s: the whole list") % {"action": kind.label},
            text=ngettext("%(count)s title, %(total)s.", "%(count)s titles, %(total)s.", count) % values,
            note="\n".join(filter(None, [_what_it_means(kind, tenants), in_background])),
            rows=[str(name) for name in names],
            submit=str(kind.label),
            form=form,
            back=back,
            dangerous=kind != Kind.RESYNC,
        )


def _what_it_means(kind: Kind, tenants: Sequence[int]) -> str:
    """Return what has to be known before settlements are forced or taken back; "" for the other orders."""
    if kind == Kind.UNDO:
        return _("What Kamino already shows as paid is left out: it is looked up one by one, on the title's page.")
    if kind != Kind.FORCE:
        return ""
    lines = [
        _("Each title is settled with its whole value, on one day and one bank account."),
        _("The settlement is valid only in Kamino; in Bling the title stays open."),
    ]
    limit = Tenant.objects.filter(pk__in=tenants, force_limit__isnull=False).values_list("force_limit", flat=True)
    above = _("If they come to more than %(limit)s, somebody else has to approve each before it is sent.")
    return "\n".join([*lines, *(above % {"limit": texts.money(value)} for value in limit)])


def order_selected(
    request: HttpRequest, model_admin: Any, kind: Kind, queryset: QuerySet[Any], *, text: str = ""
) -> HttpResponse | None:
    """Order for the selected titles at once, after asking for a reason where one is needed, and say what came of it."""
    titles = list(queryset)
    tenants = sorted({title.connection.tenant_id for title in titles})
    if kind == Kind.FORCE and len(tenants) > 1:
        messages.error(request, _ONE_COMPANY)
        return None
    data: dict[str, Any] = {"counted": len(titles), "key": uuid4(), "reason": ""}
    if kind in bulk.NEEDS_REASON or kind == Kind.UNDO:
        form = order_form(kind, request.POST if "confirmed" in request.POST else None, tenants=tenants, initial=data)
        if not form.is_valid():
            return actions.confirm(
                request, model_admin, title=str(kind.label), text=text or _what_it_means(kind, tenants),
                submit=str(kind.label), form=form, rows=titles, action=request.POST["action"], dangerous=True,
            )  # fmt: skip
        data = form.to_order()
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
