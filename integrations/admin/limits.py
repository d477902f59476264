"""Limits: how much of each service's allowance was used."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from integrations.admin import texts
from integrations.admin.base import ReadOnlyAdmin
from integrations.admin.decorators import display
from integrations.admin.scope import sees_every_tenant
from integrations.models import RateLimit


@admin.register(RateLimit)
class RateLimitAdmin(ReadOnlyAdmin):
    """Keys name connections of every company, so only people who see every company see them."""

    list_display = ["key", "used_today", "total", "next"]
    search_fields = ["key"]
    fields = ["key", "day", "used_today", "total", "next_at"]

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return sees_every_tenant(request) and bool(super().has_view_permission(request, obj))

    @display(gettext_lazy("next free slot"), ordering="next_at")
    def next(self, row: RateLimit) -> str:
        return texts.moment(row.next_at)
