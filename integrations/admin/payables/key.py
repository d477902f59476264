"""Keys of programs: made, registered, changed and revoked by support; finance confirms them. A key is shown once, on
the page that answers."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from integrations.admin.kit import actions, texts
from integrations.admin.kit.audit_history import AuditHistory
from integrations.admin.kit.base import ReadOnlyAdmin
from integrations.admin.kit.decorators import display, page_action
from integrations.admin.kit.filters import TenantFilter
from integrations.admin.kit.scope import change_url, scoped
from integrations.admin.payables.attempts import register_name
from integrations.admin.payables.key_forms import ApiKeyForm, ChangeForm, ConfirmForm, KeyForm, LabelForm, OldKeyForm
from integrations.login.step_up import stepped_up
from integrations.models import ApiKey, BlingConnection
from integrations.models.api_keys import KeyKind
from integrations.models.registers import CatalogKind
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.payables import keys
from integrations.pipeline.payables.entry import registers_of

MAKE, REGISTER = "integrations_apikey_make", "integrations_apikey_register"
MAKE_API = "integrations_apikey_make_api"
OF_BRIDGE = (
    "parcel_value", "unknown_names", "window_hours", "success_status", "allows_query", "is_old", "limit_text",
    "settling", "settles_any", "settle_account",
)  # fmt: skip
OF_API = ("system", "customers", "prefers", "bills")
"""What is shown of a key of one kind alone."""
COLOURS = {"valid": "success", "awaiting": "warning", "revoked": "default"}


@admin.register(ApiKey)
class ApiKeyAdmin(AuditHistory, actions.PermittedActions, ReadOnlyAdmin):
    tenant_path = "connection__tenant"
    empty_text = gettext_lazy("No program may work with Bling. “New key” lets one.")
    list_before_template = "admin/integrations/payables/keys.html"
    list_display = ["name", "kind", "state", "used", "begins", "company"]
    list_filter = [TenantFilter]
    list_select_related = [
        "connection__tenant", "created_by", "revoked_by", "confirmed_by", "limit_asked_by", "settle_asked_by",
        "settle_approved_by",
    ]  # fmt: skip
    ordering = ["-created_at", "-pk"]
    readonly_fields = fields = [
        "name", "kind", "state", "begins", "address", "used", "made", "revoked", *OF_API, *OF_BRIDGE, "contact_email",
        "account", "company",
    ]  # fmt: skip
    actions_detail = ["confirm", "change_settings", "revoke"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related(*self.list_select_related)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("nova/", view(self.make), name=MAKE),
            path("nova-api/", view(self.make_api), name=MAKE_API),
            path("registrar/", view(self.register), name=REGISTER),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        links = {
            "make_url": reverse(f"admin:{MAKE}"), "register_url": reverse(f"admin:{REGISTER}"),
            "make_api_url": reverse(f"admin:{MAKE_API}"),
        }  # fmt: skip
        shown = links if self.has_manage_permission(request) else {}
        return super().changelist_view(request, {**shown, **(extra_context or {})})

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        return super().changeform_view(request, object_id, form_url, {**(extra_context or {}), "show_history": True})

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Leave out what says nothing of a key of this kind."""
        other = OF_BRIDGE if obj is not None and obj.kind == KeyKind.API else OF_API
        return [name for name in self.fields if name not in other]

    def has_manage_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm("integrations.manage_apikey"))

    def has_approve_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm("integrations.approve_apikey"))

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Show the buttons only while the key is valid, and a confirmation only where one is asked for."""
        key = ApiKey.objects.filter(pk=object_id, revoked_at=None).first()
        shown = super().get_actions_detail(request, object_id) if key is not None else []
        return [one for one in shown if one.path != "confirm" or (key is not None and key.awaits_approval)]

    @stepped_up
    def make(self, request: HttpRequest) -> HttpResponse:
        """Make a key, and show it once. Raises `PermissionDenied`."""
        return self._new(request, KeyForm, _("New key"))

    @stepped_up
    def make_api(self, request: HttpRequest) -> HttpResponse:
        """Make a key of our API for another system, and show it once. Raises `PermissionDenied`."""
        return self._new(request, ApiKeyForm, _("New key of the API"))

    @method_decorator(sensitive_post_parameters("key"))
    @stepped_up
    def register(self, request: HttpRequest) -> HttpResponse:
        """Register a key that a customer has for Bling's API v2. Raises `PermissionDenied`."""
        return self._new(request, OldKeyForm, _("Register a key of Bling's API v2"))

    @sensitive_variables("key")
    def _new(self, request: HttpRequest, kind: type[KeyForm] | type[ApiKeyForm], title: str) -> HttpResponse:
        if not self.has_manage_permission(request):
            raise PermissionDenied
        connections = scoped(BlingConnection.objects.filter(tenant__is_active=True), request)
        form = kind(request.POST or None, connections=connections.select_related("tenant").order_by("tenant__name"))
        if request.method == "POST" and form.is_valid():
            given = {**form.cleaned_data, "user": actions.user_of(request), "now": timezone.now()}
            given |= {"kind": KeyKind.API} if kind is ApiKeyForm else {}
            try:
                if kind is OldKeyForm:
                    row, key = keys.register(**given), ""
                else:
                    row, key = keys.make(**given)
                return self._page(request, title, {"row": row, "key": key})
            except Refused as error:
                actions.refused(request, error)
        return self._page(request, title, {"form": form})

    def _page(self, request: HttpRequest, title: str, context: dict[str, Any]) -> HttpResponse:
        context |= {
            **self.admin_site.each_context(request), "opts": self.opts, "title": title,
            "back": actions.changelist_url(self), "address": _address_of(context.get("row")),
            "is_api": isinstance(context.get("form"), ApiKeyForm),
            "key_url": change_url(context.get("row")),
        }  # fmt: skip
        response = TemplateResponse(request, "admin/integrations/payables/key.html", context)
        response["Cache-Control"] = "no-store"
        return response

    @page_action(gettext_lazy("Confirm"), permissions=["approve"], icon="verified", variant="primary")
    @stepped_up
    def confirm(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_object_or_deny(request, object_id)
        return actions.ask_then(
            request, self, row.pk, keys.confirm, _("Confirmed. It counts from the next request on."),
            given={"api_key": row}, form=ConfirmForm(request.POST or None, initial={"asked": keys.asked_of(row)}),
            title=_("Confirm the key"), note="\n".join([str(row), str(row.connection.tenant), *_what_it_may(row)]),
            text=_("Whoever has this key does this in the company's Bling from now on."), submit=_("Confirm"),
            dangerous=True,
        )  # fmt: skip

    @page_action(gettext_lazy("Change"), permissions=["manage"], icon="edit")
    @stepped_up
    def change_settings(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_object_or_deny(request, object_id)
        return actions.ask_then(
            request, self, row.pk, keys.change,
            _("Saved. It counts from the next request on, once finance confirmed what has to be confirmed."),
            given={"api_key": row}, form=_change_form(request, row), title=_("Change the key"), note=str(row),
            submit=_("Save"), text=_what_changes(row),
        )  # fmt: skip

    @page_action(gettext_lazy("Revoke"), permissions=["manage"], icon="key_off")
    @stepped_up
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_object_or_deny(request, object_id)
        return actions.ask_then(
            request, self, row.pk, keys.revoke, _("Revoked: no program enters anything with it any more."),
            given={"api_key": row}, form=actions.ReasonForm(request.POST or None), title=_("Revoke the key"),
            text=_("Requests with it are refused from now on. What it entered before stays."), note=str(row),
            submit=_("Revoke"), dangerous=True,
        )  # fmt: skip

    @display(gettext_lazy("what uses it"), ordering="label")
    def name(self, row: ApiKey) -> str:
        return row.label

    @display(gettext_lazy("state"), label=COLOURS)
    def state(self, row: ApiKey) -> tuple[str, str]:
        if row.awaits_approval:
            return "awaiting", _("Awaits confirmation")
        return ("revoked", _("Revoked")) if row.revoked_at else ("valid", _("Valid"))

    @display(gettext_lazy("last used at"), ordering="last_used_at")
    def used(self, row: ApiKey) -> str:
        return texts.moment(row.last_used_at) if row.last_used_at else _("Never")

    @display(gettext_lazy("address for the program"))
    def address(self, row: ApiKey) -> str:
        return _address_of(row)

    @display(gettext_lazy("begins with"))
    def begins(self, row: ApiKey) -> str:
        return f"{row.prefix}…"

    @display(gettext_lazy("made by"), ordering="created_at")
    def made(self, row: ApiKey) -> str:
        made = f"{row.created_by}, {texts.moment(row.created_at)}"
        if row.confirmed_by is None:
            return made
        other = _("confirmed by %(user)s, %(moment)s")
        return f"{made}; {other % {'user': row.confirmed_by, 'moment': texts.moment(row.confirmed_at)}}"

    @display(gettext_lazy("revoked"))
    def revoked(self, row: ApiKey) -> str:
        return f"{row.revoked_by}, {texts.moment(row.revoked_at)}: {row.reason}" if row.revoked_at else texts.EMPTY

    @display(gettext_lazy("limit of 24 hours"))
    def limit_text(self, row: ApiKey) -> str:
        return limit_of(row)

    @display(gettext_lazy("may settle payables"))
    def settling(self, row: ApiKey) -> str:
        if not row.settles:
            return _("No")
        if row.settle_approved_at is None:
            return _("Awaits confirmation; asked for by %(user)s") % {"user": row.settle_asked_by}
        names = {"user": row.settle_asked_by, "other": row.settle_approved_by}
        return _("Yes; asked for by %(user)s, confirmed by %(other)s") % names

    @display(gettext_lazy("bank account of settlements"))
    def settle_account(self, row: ApiKey) -> str:
        return account_name(row)

    @display(gettext_lazy("Bling connection"))
    def account(self, row: ApiKey) -> str:
        return str(row.connection)

    @display(gettext_lazy("company"), ordering="connection__tenant__name")
    def company(self, row: ApiKey) -> str:
        return str(row.connection.tenant)


def _address_of(row: ApiKey | None) -> str:
    """Return where a program sends its requests: those of the bridge what they had sent to Bling's API v2."""
    path = reverse("api:openapi-view") if row is not None and row.kind == KeyKind.API else "/Api/v2/contapagar/json/"
    return f"{settings.PUBLIC_URL.rstrip('/')}{path}"


def _change_form(request: HttpRequest, row: ApiKey) -> LabelForm:
    kind = LabelForm if row.kind == KeyKind.API else ChangeForm
    initial = {name: getattr(row, name) for name in kind.base_fields}
    if kind is LabelForm:
        return LabelForm(request.POST or None, initial=initial)
    return ChangeForm(request.POST or None, initial=initial, accounts=registers_of(row.connection).accounts)


def _what_changes(row: ApiKey) -> str:
    if row.kind == KeyKind.API:
        return _("What it may do stays as it is. For something else, make another key of the same system.")
    return _("What it may settle more than before counts once somebody of finance has confirmed it.")


def limit_of(row: ApiKey) -> str:
    """Return what a key may enter within 24 hours before a person is asked, and what somebody wants it to be."""
    now = _("No limit") if row.limit is None else texts.money(row.limit)
    if row.limit_asked_by_id is None:
        return now
    wanted = _("No limit") if row.next_limit is None else texts.money(row.next_limit)
    names = {"now": now, "wanted": wanted, "user": row.limit_asked_by}
    return _("%(now)s; %(user)s asks for: %(wanted)s") % names


def account_name(row: ApiKey) -> str:
    """Return the bank account that settlements of a key are booked on where a payable names none."""
    if not row.settle_account_id:
        return texts.EMPTY
    return register_name(row.connection_id, CatalogKind.BANK_ACCOUNT, row.settle_account_id)


def _what_it_may(row: ApiKey) -> list[str]:
    """Return what a key is to do, as sentences for who confirms it."""
    if row.kind == KeyKind.API:
        names = {"system": row.system, "customers": row.get_customers_display(), "prefers": row.get_prefers_display()}
        return [
            _("System %(system)s. Customers: %(customers)s.") % names,
            _("Where both sides changed a field: %(prefers)s.") % names,
            *([_("It sends bills, which become sales orders in Bling.")] if row.bills else []),
        ]
    enters = _("It enters payables. Limit of 24 hours: %(limit)s") % {"limit": limit_of(row)}
    if not row.settles:
        return [enters]
    which = _("It settles every open payable, except those of confidential categories.")
    if not row.settles_any:
        which = _("It settles payables that the bridge entered.")
    return [enters, which, _("Bank account where a payable names none: %(name)s") % {"name": account_name(row)}]
