"""Users and groups in the theme's dress, with permissions named in the reader's language."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.db.models import QuerySet
from django.forms import ModelMultipleChoiceField
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from integrations.admin.kit.filters import BooleanColumn, ChoiceFilter
from integrations.admin.kit.lists import ClosedLists

_VERBS = {
    "add": gettext_noop("add"),
    "change": gettext_noop("change"),
    "delete": gettext_noop("delete"),
    "view": gettext_noop("view"),
}
OWN_PERMISSIONS = [
    gettext_noop("Can see every company"),
    gettext_noop("Can start a sync"),
    gettext_noop("Can switch live delivery on and off"),
    gettext_noop("Can close a company's account"),
    gettext_noop("Can connect and disconnect a Bling account"),
    gettext_noop("Can test a Kamino connection"),
    gettext_noop("Can say that Kamino has no list of titles"),
    gettext_noop("Can release what waits after a restore"),
    gettext_noop("Can export mappings"),
    gettext_noop("Can import mappings"),
    gettext_noop("Can freeze the comparison of a month"),
    gettext_noop("Can see whole CPF numbers"),
    gettext_noop("Can resync a title"),
    gettext_noop("Can export titles"),
    gettext_noop("Can see titles of confidential categories"),
    gettext_noop("Can force a settlement in Kamino"),
    gettext_noop("Can decide about titles that need action"),
    gettext_noop("Can create titles again that are gone from Kamino"),
    gettext_noop("Can export discrepancies"),
]
SHOWN_APPS = ("integrations", "auth")


def permission_label(permission: Permission) -> str:
    """Name a permission: the table first, then what it allows."""
    model = permission.content_type.model_class()
    table = capfirst(str(model._meta.verbose_name)) if model else permission.content_type.model
    verb = permission.codename.split("_", 1)[0]
    words = _(_VERBS[verb]) if verb in _VERBS and permission.name.startswith("Can " + verb) else _(permission.name)
    return f"{table}: {words}"


class PermissionChoice(ModelMultipleChoiceField[Permission]):
    def label_from_instance(self, obj: Any) -> str:
        return permission_label(obj)


class PermissionFieldMixin:
    """Offer the permissions that mean something here, by readable names."""

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in ("permissions", "user_permissions"):
            rows = Permission.objects.filter(content_type__app_label__in=SHOWN_APPS)
            rows = rows.exclude(content_type__model__startswith="historical").select_related("content_type")
            kwargs |= {"form_class": PermissionChoice, "queryset": rows}
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]


class GroupFilter(ChoiceFilter):
    """Users of one group."""

    title = Group._meta.verbose_name
    parameter_name = "group"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(pk), name) for pk, name in Group.objects.order_by("name").values_list("pk", "name")]

    def narrowed(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(groups=int(self.choice)) if self.choice else queryset


admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(ClosedLists, PermissionFieldMixin, DjangoUserAdmin, ModelAdmin):  # type: ignore[misc, type-arg]
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "first_name", "last_name", "email", "is_staff", "is_active", "last_login"]
    list_filter = [("is_active", BooleanColumn), ("is_staff", BooleanColumn), GroupFilter]


@admin.register(Group)
class GroupAdmin(ClosedLists, PermissionFieldMixin, DjangoGroupAdmin, ModelAdmin):  # type: ignore[misc]
    pass
