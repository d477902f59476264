"""Limits: how much of each service's allowance was used, when the next call may go, and which breakers are open."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import BigIntegerField, Case, Model, OuterRef, QuerySet, Subquery, When
from django.db.models.functions import Cast, Coalesce, Substr
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.admin.kit import texts
from integrations.admin.kit.base import ReadOnlyAdmin
from integrations.admin.kit.decorators import display
from integrations.admin.kit.scope import sees_every_tenant
from integrations.models import BlingConnection, Breaker, KaminoConnection, RateLimit
from integrations.words.colours import BREAKER_COLOURS

_ITSELF = "bling:connection-"


def limits_told(rows: QuerySet[RateLimit]) -> QuerySet[Any]:
    """Add to each limit the company that it belongs to, and until when its breaker keeps calls back."""
    after_prefix = Substr(OuterRef("key"), len("bling:") + 1)
    bling = BlingConnection.objects.filter(company_id=after_prefix).exclude(company_id="")
    kamino = KaminoConnection.objects.filter(cn=Substr(OuterRef("key"), len("kamino:") + 1))
    # Before its company is known, a connection is counted by itself (pipeline/access/rate_limits.py, bling_key).
    itself = When(key__regex=rf"^{_ITSELF}\d{{1,18}}$", then=Cast(Substr("key", len(_ITSELF) + 1), BigIntegerField()))
    unknown = BlingConnection.objects.filter(pk=OuterRef("itself"))
    breaker = Breaker.objects.filter(key=OuterRef("key"))
    return rows.alias(itself=Case(itself)).annotate(
        company=Coalesce(
            Subquery(bling.order_by("pk").values("tenant__name")[:1]),
            Subquery(unknown.values("tenant__name")[:1]),
            Subquery(kamino.order_by("pk").values("tenant__name")[:1]),
        ),
        stopped_until=Subquery(breaker.values("open_until")[:1]),
        breaker_key=Subquery(breaker.values("key")[:1]),
    )


def limit_name(row: Any) -> str:
    """Say whose allowance a limit is."""
    kind, _colon, rest = row.key.partition(":")
    names = {
        "bling": _("Bling: %(name)s"),
        "kamino": _("Kamino: %(name)s"),
        "bling-egress": _("Bling: every call from the address “%(name)s”"),
        "bling-token": _("Bling: renewals of authorizations from the address “%(name)s”"),
    }
    return names[kind] % {"name": row.company or rest} if kind in names else str(row.key)


def next_slot(row: Any, now: datetime) -> str:
    """Say when the next call may go."""
    return _("now") if row.next_at <= now else texts.moment(row.next_at)


def breaker_state(row: Any, now: datetime) -> tuple[str, str]:
    """Return a limit's breaker as colour and words."""
    if row.breaker_key is None:
        return "none", texts.EMPTY
    if row.stopped_until is None:
        return "closed", _("Working normally")
    if row.stopped_until > now:
        return "open", _("Open until %(moment)s") % {"moment": texts.moment(row.stopped_until)}
    return "open", _("Waiting for one trial call")


@admin.register(RateLimit)
class RateLimitAdmin(ReadOnlyAdmin):
    """Keys name connections of every company, so only people who see every company see them."""

    list_display = ["name", "used_today_now", "total", "next", "breaker"]
    search_fields = ["key"]
    fields = ["name", "key", "used_today_now", "total", "next", "breaker"]
    readonly_fields = ["name", "used_today_now", "next", "breaker"]

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return sees_every_tenant(request) and bool(super().has_view_permission(request, obj))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return limits_told(super().get_queryset(request))

    @display(gettext_lazy("limit"), ordering="key")
    def name(self, row: Any) -> str:
        return limit_name(row)

    @display(gettext_lazy("used today"), ordering="used_today")
    def used_today_now(self, row: RateLimit) -> int:
        return used_today(row)

    @display(gettext_lazy("next free slot"), ordering="next_at")
    def next(self, row: Any) -> str:
        return next_slot(row, timezone.now())

    @display(gettext_lazy("breaker"), label=BREAKER_COLOURS)
    def breaker(self, row: Any) -> tuple[str, str]:
        return breaker_state(row, timezone.now())


def used_today(row: RateLimit) -> int:
    """Return today's count; a limit that nobody used today still carries an earlier day's."""
    return row.used_today if row.day == timezone.localdate() else 0
