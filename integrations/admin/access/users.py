"""Users and groups in the theme's dress, with permissions named in the reader's language."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Q, QuerySet
from django.forms import ModelMultipleChoiceField
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from integrations.admin.kit import actions
from integrations.admin.kit.audit_history import AuditHistory
from integrations.admin.kit.filters import BooleanColumn, ChoiceFilter
from integrations.admin.kit.lists import ClosedLists
from integrations.login.factors import remove_factor
from integrations.login.step_up import StepUpForm, stepped_up
from integrations.models import AuditEvent

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
    gettext_noop("Can look for titles in Bling"),
    gettext_noop("Can export titles"),
    gettext_noop("Can see titles of confidential categories"),
    gettext_noop("Can force a settlement in Kamino"),
    gettext_noop("Can decide about titles that need action"),
    gettext_noop("Can create titles again that are gone from Kamino"),
    gettext_noop("Can export discrepancies"),
    gettext_noop("Can export the audit record"),
    gettext_noop("Can let a Bling account be written to"),
    gettext_noop("Can enter payables into Bling"),
    gettext_noop("Can confirm payables above the limit"),
    gettext_noop("Can decide about payables for Bling"),
    gettext_noop("Can decide about customers of other systems"),
    gettext_noop("Can decide about bills of other systems"),
    gettext_noop("Can make, register and revoke keys of the bridge"),
    gettext_noop("Can confirm keys of the bridge, and that they may settle"),
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


class OnlyWhatIHave(AuditHistory):
    """Nobody grants what they do not have, and nobody changes somebody, or a group, that has more."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may: bool = super().has_change_permission(request, obj)  # type: ignore[misc] # the admin's
        return may and (obj is None or _has_no_more(obj, request.user))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may: bool = super().has_delete_permission(request, obj)  # type: ignore[misc] # the admin's
        return may and (obj is None or _has_no_more(obj, request.user))

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc] # the admin's
        giver: Any = request.user
        if field is None or giver.is_superuser:
            return field
        mine = _permissions_of(giver)
        if db_field.name in ("permissions", "user_permissions"):
            field.queryset = field.queryset.filter(pk__in=mine)
        elif db_field.name == "groups":
            field.queryset = field.queryset.exclude(permissions__in=Permission.objects.exclude(pk__in=mine))
        return field


def _permissions_of(user: Any) -> set[int]:
    """Return the keys of the permissions that somebody has, by themselves or by a group."""
    rows = Permission.objects.filter(Q(user=user) | Q(group__user=user))
    return set(rows.values_list("pk", flat=True))


def _has_no_more(row: Any, giver: Any) -> bool:
    """Say whether a user or a group has nothing that the person who would change it lacks."""
    if giver.is_superuser:
        return True
    if isinstance(row, Group):
        return set(row.permissions.values_list("pk", flat=True)) <= _permissions_of(giver)
    return not row.is_superuser and _permissions_of(row) <= _permissions_of(giver)


for stock in (User, Group, EmailAddress, Authenticator, UserSession):  # the last three: secrets, codes, addresses
    admin.site.unregister(stock)


@admin.register(User)
class UserAdmin(StepUpForm, OnlyWhatIHave, ClosedLists, PermissionFieldMixin, DjangoUserAdmin, ModelAdmin):  # type: ignore[misc, type-arg]
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "first_name", "last_name", "email", "is_staff", "is_active", "last_login"]
    list_filter = [("is_active", BooleanColumn), ("is_staff", BooleanColumn), GroupFilter]
    actions = ["remove_factor"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        own: Any = request.user
        return [*super().get_readonly_fields(request, obj), *([] if own.is_superuser else ["is_superuser"])]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever has a history keeps it with their name: they are deactivated."""
        may: bool = super().has_delete_permission(request, obj)
        return may and (obj is None or not (obj.last_login or AuditEvent.objects.filter(actor_id=obj.pk).exists()))

    def has_remove_factor_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    @stepped_up
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        response: HttpResponse = super().user_change_password(request, id, form_url)
        return response

    @admin.action(description=gettext_lazy("Remove the second factor"), permissions=["remove_factor"])
    @stepped_up
    def remove_factor(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        """Let people who have lost theirs set up a new one: never one's own."""
        people = list(queryset.exclude(pk=actions.user_of(request).pk))
        if "confirmed" in request.POST:
            for person in people:
                remove_factor(person)
            count = len(people)
            text = ngettext("Removed, for %(count)s person.", "Removed, for %(count)s persons.", count)
            messages.success(request, text % {"count": count})
            return None
        return actions.confirm(
            request, self, title=_("Remove the second factor"),
            text=_("Make sure by voice who asks. They are logged out, and set up a new one at their next log-in."),
            submit=_("Remove the second factor"), rows=people, action="remove_factor", dangerous=True,
        )  # fmt: skip


@admin.register(Group)
class GroupAdmin(StepUpForm, OnlyWhatIHave, ClosedLists, PermissionFieldMixin, DjangoGroupAdmin, ModelAdmin):  # type: ignore[misc] # fmt: skip
    """Groups; their permissions count for everybody in them."""
