"""Orders for all titles of a filtered list: asked first with the count, then carried out in the background."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from integrations.admin.kit import actions, texts
from integrations.admin.kit.forms import PaidForm, bank_accounts
from integrations.admin.kit.lists import ClosedList, refuse_unread
from integrations.admin.kit.scope import change_url
from integrations.domain.seen import Seen
from integrations.login.step_up import asks_first
from integrations.models import BulkOrder, Tenant
from integrations.pipeline.desk import bulk
from integrations.pipeline.desk.refusal import Refused
from integrations.queue import enqueue_tick

Kind = BulkOrder.Kind
SAMPLE = 20
_ONE_COMPANY = gettext_lazy("A bank account belongs to one company: choose that one in the filter first.")


class BulkForm(forms.Form):
    """The mark of the titles that the page showed, and which page it was."""

    mark = forms.CharField(widget=forms.HiddenInput)
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

    def list_context(self, request: HttpRequest, listed: ClosedList) -> dict[str, Any]:
        context: dict[str, Any] = super().list_context(request, listed)  # type: ignore[misc]
        return context if listed.unread else {**context, "whole_list": self._links(request, listed.understood())}

    def _links(self, request: HttpRequest, understood: str) -> list[tuple[str, str]]:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_whole_list"
        return [
            (f"{reverse(name, args=[kind.value])}?{understood}", str(kind.label))
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
        changelist: ClosedList = self.get_changelist_instance(request)  # type: ignore[attr-defined]
        back = f"{actions.changelist_url(self)}?{request.GET.urlencode()}"
        if refuse_unread(request, changelist, _("Nothing was ordered.")):
            return HttpResponseRedirect(back)
        listed = self._titles(changelist.queryset)
        tenants = sorted({title.tenant for title in listed})
        try:
            if request.method != "POST":  # else the order itself refuses it: a second click finds what the first made
                bulk.refuse_size(len(listed))
            if kind == Kind.FORCE and len(tenants) > 1:
                raise Refused("companies", str(_ONE_COMPANY))
        except Refused as error:
            actions.refused(request, error)
            return HttpResponseRedirect(back)
        asked = asks_first(request) if kind == Kind.FORCE else None
        if asked is not None:
            return asked
        form = order_form(kind, request.POST or None, tenants=tenants)
        if request.method == "POST" and form.is_valid():
            try:
                orders = self._order(request, kind, listed, {**form.to_order(), "listed": changelist.understood()})
            except Refused as error:
                actions.refused(request, error)
                return HttpResponseRedirect(request.get_full_path())
            return HttpResponseRedirect(_page_of(orders))
        seen = bulk.look(listed)
        if request.method != "POST":
            form = order_form(kind, None, tenants=tenants, initial={"mark": seen.mark, "key": uuid4()})
        return self._ask(request, Kind(kind), tenants, seen, changelist.in_words(), form, back)

    def _titles(self, rows: QuerySet[Any]) -> list[bulk.ListedTitle]:
        """Return the titles of all pages of a list, one more than an order takes where there are as many."""
        columns = [f"{self.title_path}{name}" for name in (self.bulk_tenant_path, "pk", "value")]
        found = rows.order_by("pk").values_list(*columns)[: bulk.MOST_TITLES + 1]
        return [bulk.ListedTitle(*row) for row in found]

    def _order(
        self, request: HttpRequest, kind: str, titles: list[bulk.ListedTitle], data: dict[str, Any]
    ) -> list[BulkOrder]:
        orders = bulk.order(kind=kind, titles=titles, user=actions.user_of(request), now=timezone.now(), **data)
        small = len(orders) == 1 and orders[0].counted <= bulk.CHUNK
        if small:
            bulk.advance(orders[0].pk, now=timezone.now())
        enqueue_tick()
        return orders

    def _ask(
        self, request: HttpRequest, kind: Kind, tenants: Sequence[int], seen: Seen, words: list[str], form: forms.Form,
        back: str,
    ) -> HttpResponse:  # fmt: skip
        values = {"count": seen.count, "total": texts.money(seen.total)}
        names = Tenant.objects.filter(pk__in=tenants).order_by("name").values_list("name", flat=True)[:SAMPLE]
        in_background = _("Carried out in the background; a page shows how far it is, and what was left out and why.")
        return actions.confirm(
            request,
            self,
            title=_("%(action)s: the whole list") % {"action": kind.label},
            text=ngettext("%(count)s title, %(total)s.", "%(count)s titles, %(total)s.", seen.count) % values,
            note="\n".join(filter(None, [*words, _what_it_means(kind, tenants), in_background])),
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
        _("The settlement is made in Kamino only; in Bling nothing changes."),
    ]
    limit = Tenant.objects.filter(pk__in=tenants, force_limit__isnull=False).values_list("force_limit", flat=True)
    above = _("If they come to more than %(limit)s, somebody else has to approve each before it is sent.")
    return "\n".join([*lines, *(above % {"limit": texts.money(value)} for value in limit)])


def order_selected(
    request: HttpRequest, model_admin: Any, kind: Kind, queryset: QuerySet[Any], *, text: str = ""
) -> HttpResponse | None:
    """Order for the selected titles at once, after asking for a reason where one is needed, and say what came of it."""
    titles = list(queryset)
    listed = [bulk.ListedTitle(title.connection.tenant_id, title.pk, title.value) for title in titles]
    tenants = sorted({title.tenant for title in listed})
    if kind == Kind.FORCE and len(tenants) > 1:
        messages.error(request, _ONE_COMPANY)
        return None
    data: dict[str, Any] = {"mark": bulk.look(listed).mark, "key": uuid4(), "reason": ""}
    if kind in bulk.NEEDS_REASON or kind == Kind.UNDO:
        form = order_form(kind, request.POST if "confirmed" in request.POST else None, tenants=tenants, initial=data)
        if not form.is_valid():
            return actions.confirm(
                request, model_admin, title=str(kind.label), text=text or _what_it_means(kind, tenants),
                submit=str(kind.label), form=form, rows=titles, action=request.POST["action"], dangerous=True,
            )  # fmt: skip
        data = form.to_order()
    try:
        orders = bulk.order(kind=kind, titles=listed, user=actions.user_of(request), now=timezone.now(), **data)
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
