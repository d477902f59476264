"""The first page: per company, whether it is connected, when it was last read, and what waits for a person."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Exists, OuterRef
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from integrations.admin.companies.coverage import coverage_url
from integrations.admin.connections.event_texts import cause_text
from integrations.admin.kit import texts
from integrations.admin.kit.scope import change_url, scoped
from integrations.domain.alerts import AlertCause
from integrations.domain.delivery import DeliveryState
from integrations.models import Alert, BlingConnection, Discrepancy, KaminoConnection, Posting, SyncRun, Tenant
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.report.alerts import Health, health_of
from integrations.pipeline.report.needs_action import needing_action
from integrations.words.colours import CONNECTION_COLOURS, RUN_COLOURS, STATE_COLOURS
from integrations.words.states import state_choices

TENANTS_SHOWN = 60
HEALTH_LABELS = {
    "red": ("danger", gettext_noop("Problem")),
    "yellow": ("warning", gettext_noop("Attention")),
    "grey": ("default", gettext_noop("Being set up")),
    "green": ("success", gettext_noop("Healthy")),
}
"""From the most urgent to the least; the cards stand in this order."""


@dataclass
class Card:
    """One company on the first page."""

    tenant: Tenant
    url: str
    connections: list[dict[str, Any]] = field(default_factory=list)
    kamino: dict[str, Any] = field(default_factory=dict)
    states: list[dict[str, Any]] = field(default_factory=list)
    needs_action: int = 0
    discrepancies: int = 0
    health: Health = field(default_factory=lambda: Health("grey", "", []))
    next_url: str = ""

    @property
    def health_label(self) -> tuple[str, str]:
        """The colour and the word for it."""
        return HEALTH_LABELS[self.health.colour][0], _(HEALTH_LABELS[self.health.colour][1])

    @property
    def rank(self) -> tuple[int, bool, str]:
        return list(HEALTH_LABELS).index(self.health.colour), not self.needs_action, self.tenant.name.casefold()


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the companies that the user may see to the first page."""
    user = request.user
    may_add = user.has_perm("integrations.add_tenant")
    if not user.has_perm("integrations.view_title") and not user.has_perm("integrations.view_tenant"):
        return {**context, "cards": [], "may_add": may_add, "title": _("Overview")}
    # Those in trouble first, so that they are never among the ones that are cut off.
    trouble = Alert.objects.filter(tenant=OuterRef("pk"), closed_at=None)
    wanted = Tenant.objects.for_user(user).filter(is_active=True).alias(trouble=Exists(trouble))
    tenants = list(wanted.order_by("-trouble", "name")[: TENANTS_SHOWN + 1])
    cards = {tenant.pk: Card(tenant, change_url(tenant)) for tenant in tenants[:TENANTS_SHOWN]}
    _add_connections(cards)
    _add_counts(cards, request)
    for card in cards.values():
        card.health = health_of(card.tenant, now=timezone.now())
        card.next_url = _next_url(card, request)
    return {
        **context,
        "title": _("Overview"),
        "cards": sorted(cards.values(), key=lambda card: card.rank),
        "more": len(tenants) > TENANTS_SHOWN,
        "may_add": may_add,
        "add_url": reverse("admin:integrations_tenant_add"),
        "tenants_url": reverse("admin:integrations_tenant_changelist"),
    }


def _add_connections(cards: dict[int, Card]) -> None:
    connections = list(BlingConnection.objects.filter(tenant__in=cards).order_by("label"))
    runs = SyncRun.objects.filter(connection__in=connections).without_planned(timezone.now()).with_authorization()
    runs = runs.order_by("connection_id", "-due_at")
    latest = {run.connection_id: run for run in runs.distinct("connection_id").defer("cursor", "failure_notes")}
    for connection in connections:
        run = latest.get(connection.pk)
        cards[connection.tenant_id].connections.append(
            {
                "label": connection.label,
                "url": change_url(connection),
                "status": connection.status_text(),
                "colour": CONNECTION_COLOURS[connection.status],
                "never": connection.status == ConnectionStatus.NEVER,
                "cause": cause_text(connection.status_cause) if connection.status_cause else "",
                "run": run,
                "run_url": change_url(run),
                "run_at": texts.moment(run.started_at or run.due_at) if run else "",
                "run_colour": RUN_COLOURS[run.state] if run else "",
                "run_state": run.get_state_display() if run else "",
            }
        )
    for kamino in KaminoConnection.objects.filter(tenant__in=cards):
        cards[kamino.tenant_id].kamino = {"url": change_url(kamino), "error": kamino.error, "paused": kamino.is_paused}


def _add_counts(cards: dict[int, Card], request: HttpRequest) -> None:
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    titles = reverse("admin:integrations_title_changelist")
    postings = Posting.objects.filter(kamino_connection__tenant__in=cards)
    for tenant, state, number in (
        postings.values_list("kamino_connection__tenant", "state").annotate(Count("pk")).order_by()
    ):
        counts[tenant][state] = number
    names = dict(state_choices())
    for tenant, states in counts.items():
        cards[tenant].states = [
            {
                "label": names[state],
                "count": states[state],
                "colour": STATE_COLOURS[state],
                "url": f"{titles}?tenant={tenant}&posting__state__exact={state}",
            }
            for state in DeliveryState
            if states[state]
        ]
    waiting = needing_action(postings).values_list("kamino_connection__tenant").annotate(Count("pk")).order_by()
    for tenant, number in waiting:
        cards[tenant].needs_action = number
    open_rows = scoped(
        Discrepancy.objects.filter(closed_at=None, posting__kamino_connection__tenant__in=cards), request
    )
    for tenant, number in open_rows.values_list("posting__kamino_connection__tenant").annotate(Count("pk")).order_by():
        cards[tenant].discrepancies = number


def _next_url(card: Card, request: HttpRequest) -> str:
    """Return where the next thing to do is done, if the user may do it."""
    may = request.user.has_perm
    query = f"?tenant={card.tenant.pk}"
    if not card.connections:
        url, permission = reverse("admin:integrations_blingconnection_add") + query, "add_blingconnection"
    elif (unconnected := _unconnected(card)) is not None:
        url, permission = unconnected, "connect_blingconnection"
    elif not card.kamino:
        url, permission = reverse("admin:integrations_kaminoconnection_add") + query, "add_kaminoconnection"
    elif card.health.findings:
        found = card.health.findings[0]
        if found.cause == AlertCause.UNMAPPED:
            return coverage_url(card.tenant) if may("integrations.view_tenant") else ""
        url = change_url(found.connection) if found.connection else card.kamino["url"]
        permission = "view_blingconnection" if found.connection else "view_kaminoconnection"
    else:
        return ""
    return url if may(f"integrations.{permission}") else ""


def _unconnected(card: Card) -> str | None:
    if all(connection["never"] for connection in card.connections):
        return str(card.connections[0]["url"])
    return None
