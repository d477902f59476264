"""Companies: what they decided, who may see them, and what they are connected to."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from integrations.admin.companies.checklist import ReadinessPages
from integrations.admin.companies.closing import ClosingPages
from integrations.admin.companies.coverage import CoveragePage
from integrations.admin.companies.limit import LimitPages, say_if_asked
from integrations.admin.kit import actions, texts
from integrations.admin.kit.base import HistoryAdmin
from integrations.admin.kit.decorators import display, page_action
from integrations.admin.kit.filters import BooleanColumn, ChoiceColumn
from integrations.admin.kit.scope import sees_every_tenant, sight_told, told_connections, told_sight
from integrations.domain.calendar import day_of
from integrations.models import BlingConnection, Tenant
from integrations.pipeline.company.saving import save_tenant
from integrations.pipeline.desk import commands
from integrations.pipeline.read.steps.listings import listed_days, odd_due_dates
from integrations.pipeline.report.estimate import outlook
from integrations.queue import enqueue_tick


@admin.register(Tenant)
class TenantAdmin(CoveragePage, ReadinessPages, ClosingPages, LimitPages, actions.PermittedActions, HistoryAdmin):
    tenant_path = "pk"
    list_display = ["name", "slug", "cnpj_text", "mode", "connections", "settled_from_text", "is_active"]
    list_filter = [("delivery_mode", ChoiceColumn), ("is_active", BooleanColumn)]
    search_fields = ["name", "slug", "cnpj"]
    ordering = ["name"]
    prepopulated_fields = {"slug": ("name",)}
    readonly_fields = [
        "created_at",
        "left_to_do",
        "delivery_mode",
        "coverage_text",
        "deletion",
        "odd_due_dates",
        "asked_limit_text",
    ]
    actions = ["sync_now", "reconcile_now"]
    actions_detail = [
        "sync_this", "coverage", "readiness", "activate",
        {"title": gettext_lazy("Limit"), "icon": "rule", "items": ["approve_limit", "refuse_limit"]},
        {
            "title": gettext_lazy("More"), "icon": "more_vert",
            "items": ["to_simulation", "close_company", "reopen_company"],
        },
    ]  # fmt: skip
    fieldsets = [
        (None, {"fields": ["name", "slug", "cnpj", "is_active", "delivery_mode", "left_to_do", "coverage_text"]}),
        (
            gettext_lazy("What is mirrored"),
            {"fields": ["sync_payables", "sync_receivables", "release", "sale_release", "sync_from"]},
        ),
        (gettext_lazy("Rules"), {"fields": ["settled_from", "closed_until", "cancel_deleted", "tolerance_cents"]}),
        (gettext_lazy("Settlement"), {"fields": ["partial_policy", "force_limit"]}),
        (gettext_lazy("Access"), {"fields": ["members", "alert_emails", "digest_emails", "created_at"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = told_sight(told_connections(super().get_queryset(request), request), request)
        return rows.prefetch_related("bling_connections").select_related("kamino_connection")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        fields = list(super().get_readonly_fields(request, obj))
        if not sees_every_tenant(request):
            fields.append("members")
        if isinstance(obj, Tenant) and obj.delete_on:
            fields.append("is_active")  # it is reopened, with a reason
        return fields

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Show only the switches that can be thrown."""
        tenant = Tenant.objects.filter(pk=object_id).first()
        is_live, is_closed = bool(tenant and tenant.is_live), bool(tenant and tenant.delete_on)
        useless = {"activate" if is_live or is_closed else "", "" if is_live else "to_simulation"}
        useless |= {"close_company", "sync_this"} if is_closed else {"reopen_company"}
        useless |= set() if tenant and tenant.is_limit_asked else {"approve_limit", "refuse_limit"}
        return [action for action in super().get_actions_detail(request, object_id) if action.path not in useless]

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        sets = super().get_fieldsets(request, obj)
        if isinstance(obj, Tenant) and obj.is_limit_asked:
            sets = [(gettext_lazy("To be decided"), {"fields": ["asked_limit_text"]}), *sets]
        if isinstance(obj, Tenant) and obj.delete_on:
            return [(gettext_lazy("Closed"), {"fields": ["deletion"]}), *sets]
        if isinstance(obj, Tenant) and _count_of_odd(obj):
            return [*sets, (gettext_lazy("To be looked at"), {"fields": ["odd_due_dates"]})]
        return sets

    def get_prepopulated_fields(self, request: HttpRequest, obj: Model | None = None) -> dict[str, Any]:
        return {} if obj else self.prepopulated_fields

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_manytomany(
            db_field, request, widget=UnfoldAdminCheckboxSelectMultipleWidget(), **kwargs
        )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            super().save_model(request, obj, form, change)
            return
        save_tenant(obj, form.changed_data, user=actions.user_of(request), now=timezone.now())
        if "force_limit" in form.changed_data:
            say_if_asked(request, obj)
        enqueue_tick()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if not change and not sees_every_tenant(request):
            form.instance.members.add(actions.user_of(request))

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False  # a company is closed, and deleted when its time is over

    @display(gettext_lazy("CNPJ"), ordering="cnpj")
    def cnpj_text(self, tenant: Tenant) -> str:
        return texts.document(tenant.cnpj, whole=True)

    @display(gettext_lazy("delivery"), ordering="delivery_mode", label={"live": "success", "shadow": "info"})
    def mode(self, tenant: Tenant) -> tuple[str, str]:
        return tenant.delivery_mode, tenant.get_delivery_mode_display()

    @display(gettext_lazy("connections"))
    def connections(self, tenant: Tenant) -> SafeString | str:
        rows = [
            (texts.connection_link(tenant, connection, f"{connection.label}: {connection.status_text()}"),)
            for connection in tenant.bling_connections.all()
        ]
        kamino = getattr(tenant, "kamino_connection", None)
        state = _("Error") if kamino and kamino.error else _("Paused") if kamino and kamino.is_paused else _("set up")
        rows.append((texts.connection_link(tenant, kamino, f"Kamino: {state}") if kamino else _("Kamino: missing"),))
        return format_html_join("", '<div class="ik-line">{}</div>', rows)

    @display(gettext_lazy("left to do"))
    def left_to_do(self, tenant: Tenant) -> str:
        left = outlook(tenant, now=timezone.now()) if tenant.pk else None
        return left.sentence() if left else texts.EMPTY

    @display(gettext_lazy("to be deleted on"))
    def deletion(self, tenant: Tenant) -> str:
        return texts.day(tenant.delete_on)

    @display(gettext_lazy("unlikely due dates"))
    def odd_due_dates(self, tenant: Tenant) -> str:
        count = _count_of_odd(tenant)
        first, last = (texts.day(day) for day in listed_days(day_of(timezone.now())))
        sentence = ngettext(
            "%(count)d title is due before %(first)s or after %(last)s, where no list of Bling is read: correct its "
            "due date in Bling.",
            "%(count)d titles are due before %(first)s or after %(last)s, where no list of Bling is read: correct "
            "their due dates in Bling.",
            count,
        )
        return sentence % {"count": count, "first": first, "last": last}

    @display(gettext_lazy("settle payments since"), ordering="settled_from")
    def settled_from_text(self, tenant: Tenant) -> str:
        return texts.day(tenant.settled_from)

    @admin.action(description=gettext_lazy("Sync now"), permissions=["sync"])
    def sync_now(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> None:
        actions.sync(request, BlingConnection.objects.filter(tenant__in=queryset).select_related("tenant"))

    @admin.action(description=gettext_lazy("Reconcile now"), permissions=["sync"])
    def reconcile_now(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> None:
        actions.carry_out(request, commands.request_reconciliation, _to_be_compared, tenants=queryset)

    @page_action(gettext_lazy("Sync now"), permissions=["sync"], icon="sync")
    def sync_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        tenant = self.get_object_or_deny(request, object_id)
        if request.method == "POST":
            actions.sync(request, tenant.bling_connections.select_related("tenant"))
            return actions.back_to(self, tenant.pk)
        return actions.confirm(
            request,
            self,
            title=_("Sync %(name)s now") % {"name": tenant},
            text=_("Reads what changed in Bling and sends it to Kamino. It may take some minutes."),
            submit=_("Sync now"),
            back=actions.page_url(self, tenant.pk),
        )


def _count_of_odd(tenant: Tenant) -> int:
    """Return how many titles have a due date that no list of Bling is read for; counted once for each page."""
    kept = vars(tenant)
    if "odd_due_dates" not in kept:
        kept["odd_due_dates"] = sight_told(tenant).of(odd_due_dates(tenant, today=day_of(timezone.now()))).count()
    return int(kept["odd_due_dates"])


def _to_be_compared(count: int) -> str:
    text = ngettext(
        "%(count)s company is compared with Kamino, as soon as nothing waits to be sent.",
        "%(count)s companies are compared with Kamino, as soon as nothing waits to be sent.",
        count,
    )
    return text % {"count": count}
