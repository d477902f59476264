"""The De/Para: which Kamino registers a Bling category or account stands for."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesRadioFilter
from unfold.widgets import UnfoldAdminSelectWidget

from integrations.admin import texts
from integrations.admin.autocomplete import ConnectedAutocomplete
from integrations.admin.base import HistoryAdmin
from integrations.admin.decorators import display
from integrations.admin.scope import TenantFilter, scoped
from integrations.models import BlingConnection, Mapping
from integrations.models.mappings import TARGETS, MappingKind
from integrations.pipeline import desk
from integrations.queue import enqueue_tick


class MappingForm(forms.ModelForm[Mapping]):
    """The second step: connection and kind are chosen, and limit what can be."""

    connection_chosen: BlingConnection | None = None
    kind_chosen = ""

    class Meta:
        model = Mapping
        fields = ["source", "chart_account", "cost_center", "business_unit", "bank_account"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding and self.connection_chosen is not None:
            self.instance.connection = self.connection_chosen
            self.instance.kind = self.kind_chosen
        if "source" in self.fields:
            self.fields["source"].required = not self.instance.bling_name

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or {}
        targets = TARGETS[self.instance.kind]
        if not self.errors and not self.instance.pending and not any(data.get(name) for name in targets):
            self.add_error(targets[0], _("Choose what it stands for in Kamino."))
        return data


class FirstStepForm(forms.ModelForm[Mapping]):
    """The first step of a new row: of which connection, and what."""

    class Meta:
        model = Mapping
        fields = ["connection", "kind"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("connection", "kind"):
            self.fields[name].widget.attrs.pop("disabled", None)


@admin.register(Mapping)
class MappingAdmin(HistoryAdmin):
    tenant_path = "connection__tenant"
    list_display = ["in_bling", "kind_label", "in_kamino", "cost_center", "business_unit", "open_names", "company"]
    list_filter = [TenantFilter, ("kind", ChoicesRadioFilter)]
    list_select_related = [
        "connection__tenant", "source", "chart_account", "cost_center", "business_unit", "bank_account",
    ]  # fmt: skip
    search_fields = ["bling_name", "source__name", "source__path", "chart_account__name", "bank_account__name"]
    ordering = ["connection", "kind", "source__path", "bling_name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("connection__tenant", "source")

    def _chosen(self, request: HttpRequest) -> tuple[BlingConnection | None, str]:
        pk, kind = request.GET.get("connection", ""), request.GET.get("kind", "")
        if not pk.isdigit() or kind not in MappingKind.values:
            return None, ""
        rows: QuerySet[Any] = scoped(BlingConnection.objects.select_related("tenant"), request)
        return rows.filter(pk=pk).first(), kind

    def get_form(self, request: HttpRequest, obj: Model | None = None, change: bool = False, **kwargs: Any) -> Any:
        connection, kind = self._chosen(request)
        if obj is None and connection is None:
            return super().get_form(request, obj, change, **{**kwargs, "form": FirstStepForm})
        form = super().get_form(request, obj, change, **{**kwargs, "form": MappingForm})
        form.connection_chosen, form.kind_chosen = connection, kind
        return form

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        connection, kind = self._chosen(request)
        if obj is None and connection is None:
            return ["connection", "kind"]
        targets = TARGETS[obj.kind if obj else kind]
        names = ["open_names"] if obj is not None and obj.pending else []
        return ["connection_text", "kind_text", "source", *targets, *names]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return ["connection_text", "kind_text", "open_names"]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        connection, kind = self._of_page(request)
        if connection is None or db_field.name == "connection":
            if db_field.name == "connection":
                kwargs["widget"] = UnfoldAdminSelectWidget()
            return super().formfield_for_foreignkey(db_field, request, **kwargs)
        rows = scoped(db_field.remote_field.model.objects.all(), request)
        if db_field.name == "source":
            rows = rows.filter(connection=connection, kind=kind)
        else:
            rows = rows.filter(connection__tenant=connection.tenant_id, is_active=True, takes_postings=True)
        kwargs["queryset"] = rows
        kwargs["widget"] = ConnectedAutocomplete(db_field, self.admin_site, connection=connection.pk, kind=kind)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def _of_page(self, request: HttpRequest) -> tuple[BlingConnection | None, str]:
        """Return connection and kind of the row that is edited, or those chosen for a new one."""
        match = request.resolver_match
        object_id = match.kwargs.get("object_id", "") if match else ""
        if not object_id:
            return self._chosen(request)
        row = self.get_queryset(request).filter(pk=object_id).first() if object_id.isdigit() else None
        return (row.connection, row.kind) if row else (None, "")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        chosen, _kind = self._chosen(request)
        if request.method == "POST" and chosen is None and self.has_add_permission(request):
            form = FirstStepForm(request.POST)
            form.fields["connection"].queryset = scoped(BlingConnection.objects.all(), request)  # type: ignore[attr-defined]
            if form.is_valid():
                query = {"connection": form.cleaned_data["connection"].pk, "kind": form.cleaned_data["kind"]}
                return HttpResponseRedirect(f"{request.path}?{urlencode(query)}")
        response: HttpResponse = super().add_view(request, form_url, extra_context)
        return response

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if obj.source is not None:
            obj.bling_name = str(obj.source)
        chosen = {name for name in TARGETS[obj.kind] if getattr(obj, name) is not None}
        obj.pending = {name: text for name, text in obj.pending.items() if name not in chosen}
        super().save_model(request, obj, form, change)
        self._replan(obj)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        self._replan(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            self.delete_model(request, row)

    def _replan(self, mapping: Mapping) -> None:
        desk.mapping_changed(mapping=mapping, now=timezone.now())
        enqueue_tick()

    @display(gettext_lazy("in Bling"), ordering="source__path")
    def in_bling(self, mapping: Mapping) -> str:
        return str(mapping.source or mapping.bling_name)

    @display(gettext_lazy("kind"), ordering="kind", label={"category": "info", "bank_account": "success"})
    def kind_label(self, mapping: Mapping) -> tuple[str, str]:
        return mapping.kind, mapping.get_kind_display()

    @display(gettext_lazy("in Kamino"))
    def in_kamino(self, mapping: Mapping) -> str:
        return str(mapping.chart_account or mapping.bank_account or texts.EMPTY)

    @display(gettext_lazy("names not found yet"))
    def open_names(self, mapping: Mapping) -> str:
        return ", ".join(str(name) for name in mapping.pending.values()) or texts.EMPTY

    @display(gettext_lazy("company"), ordering="connection__tenant__name")
    def company(self, mapping: Mapping) -> str:
        return str(mapping.connection)

    @display(gettext_lazy("connection"))
    def connection_text(self, mapping: Mapping) -> str:
        return str(mapping.connection)

    @display(gettext_lazy("kind"))
    def kind_text(self, mapping: Mapping) -> str:
        return str(mapping.get_kind_display())
