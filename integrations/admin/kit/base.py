"""What every page of ours shares: tenant scope, read-only tables, one-object actions, an honest list count."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Field, Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_noop
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin, TabularInline

from integrations.admin.kit.fields import FIELDS_OF_MODELS
from integrations.admin.kit.history_words import HistoryWords
from integrations.admin.kit.lists import ClosedLists
from integrations.admin.kit.scope import scoped
from integrations.admin.kit.texts import EMPTY

_SAID_BY_DJANGO = (
    gettext_noop("The {name} “{obj}” was added successfully."),
    gettext_noop("The {name} “{obj}” was changed successfully."),
    gettext_noop("The {name} “{obj}” was changed successfully. You may edit it again below."),
    gettext_noop("The %(name)s “%(obj)s” was deleted successfully."),
)
"""Django's own sentences, which in its Portuguese take every name for a masculine one."""


class ScopedFieldsMixin:
    """Limit the choices of every relation to the user's companies."""

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] | None = super().get_field_queryset(db, db_field, request)  # type: ignore[misc]
        return scoped(rows if rows is not None else db_field.remote_field.model._default_manager.all(), request)


class NoAdminLog:
    """An admin whose changes are in a history or in the audit record, with their values: Django's log adds nothing."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        pass

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        pass

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        pass


class TenantScopedAdmin(NoAdminLog, ClosedLists, ScopedFieldsMixin, ModelAdmin):  # type: ignore[misc]
    """A page whose rows belong to companies (`tenant_path`): users reach only those of their own companies."""

    tenant_path: str | None = None
    list_per_page = 50
    show_full_result_count = False
    show_facets = None
    compressed_fields = True
    formfield_overrides = FIELDS_OF_MODELS
    empty_value_display = EMPTY
    list_fullwidth = True
    list_filter_submit = True
    empty_text: Any = ""
    """Why an empty table is empty, and how something comes into it."""
    not_found_text: Any = ""
    """What to do when a search finds nothing."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return scoped(super().get_queryset(request), request, self.tenant_path)

    def get_object_or_deny(self, request: HttpRequest, object_id: str) -> Any:
        """Return the object of a page action. Raises `Http404` out of scope, `PermissionDenied` if not viewable."""
        found = self.get_object(request, unquote(object_id))
        if found is None:
            raise Http404
        if not self.has_view_permission(request, found):
            raise PermissionDenied
        return found


class ReadOnlyAdmin(TenantScopedAdmin):
    """A table that machines write: people look, and act only through actions. It has no history of edits."""

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        return super().changeform_view(request, object_id, form_url, {"show_history": False, **(extra_context or {})})

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class HistoryAdmin(SimpleHistoryAdmin, TenantScopedAdmin):  # type: ignore[misc]
    """Shows who changed what. Old versions can be looked at, never put back by a click.

    `decided_fields`: fields of no form that people decide by a button. simple-history compares only fields of forms.
    """

    decided_fields: tuple[str, ...] = ()

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # simple-history falls back to the newest historical row when the object is out of scope.
        self.get_object_or_deny(request, object_id)
        response: HttpResponse = super().history_view(request, object_id, extra_context)
        return response

    def set_history_delta_changes(
        self, request: HttpRequest, historical_records: Sequence[Any], foreign_keys_are_objs: bool = True
    ) -> None:
        super().set_history_delta_changes(request, historical_records, foreign_keys_are_objs)
        for record, before in pairwise(historical_records):
            record.history_delta_changes += HistoryWords(self.model, record).decisions(before, self.decided_fields)

    def get_historical_record_context_helper(self, request: HttpRequest, historical_record: Any) -> HistoryWords:
        return HistoryWords(self.model, historical_record)

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # A historical form is rebuilt from the current row's excluded fields, among them the secrets.
        raise Http404

    def revert_disabled(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True


class ReadOnlyInline(ScopedFieldsMixin, TabularInline):  # type: ignore[misc]
    """Rows of another table, to be looked at."""

    extra = 0
    can_delete = False
    hide_title = True
    show_change_link = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def field_names(model: type[Model], *without: str) -> list[str]:
    """Return a table's own columns, for a page that shows them all."""
    return [field.name for field in model._meta.get_fields() if isinstance(field, Field) and field.name not in without]
