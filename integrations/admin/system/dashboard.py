"""The first page: per company, whether it is connected, when it was last read, and what waits for a person."""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, IntegerField, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from integrations.admin.companies.coverage import coverage_url
from integrations.admin.connections.event_texts import cause_text
from integrations.admin.kit import texts
from integrations.admin.kit.paging import COUNTED
from integrations.admin.kit.scope import change_url, scoped, sight_for
from integrations.domain.alerts import AlertCause
from integrations.domain.delivery import DeliveryState
from integrations.models import Alert, Discrepancy, KaminoConnection, Posting, SyncRun, Tenant
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.report.alerts import Health, health_from
from integrations.pipeline.report.causes import connections_of, runs_of, told_causes
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


@dataclass(frozen=True)
class Figure:
    """A count that stopped where it was one more than a list counts."""

    counted: int

    def __str__(self) -> str:
        return str(self.counted) if self.counted <= COUNTED else f"{COUNTED}+"

    def __bool__(self) -> bool:
        return bool(self.counted)


@dataclass
class Card:
    """One company on the first page."""

    tenant: Tenant
    url: str
    connections: list[dict[str, Any]] = field(default_factory=list)
    kamino: dict[str, Any] = field(default_factory=dict)
    states: list[dict[str, Any]] = field(default_factory=list)
    needs_action: Figure = field(default_factory=lambda: Figure(0))
    discrepancies: Figure = field(default_factory=lambda: Figure(0))
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
    _fill(cards, request)
    return {
        **context,
        "title": _("Overview"),
        "cards": sorted(cards.values(), key=lambda card: card.rank),
        "more": len(tenants) > TENANTS_SHOWN,
        "may_add": may_add,
        "add_url": reverse("admin:integrations_tenant_add"),
        "tenants_url": reverse("admin:integrations_tenant_changelist"),
    }


def _fill(cards: dict[int, Card], request: HttpRequest) -> None:
    """Add what cards show of their companies: as many statements for one as for all of them."""
    now = timezone.now()
    shown = SyncRun.objects.filter(connection=OuterRef("pk")).without_planned(now).order_by("-due_at", "-pk")
    connections: list[Any] = list(connections_of(cards).annotate(shown_run=Subquery(shown.values("pk")[:1])))
    runs = runs_of(key for row in connections for key in (row.last_run, row.shown_run))
    kaminos: list[Any] = list(_counted(KaminoConnection.objects.filter(tenant__in=cards), request))
    tenants = [card.tenant for card in cards.values()]
    causes = told_causes(tenants, connections=connections, runs=runs, kaminos=kaminos, now=now)
    for kamino in kaminos:
        _add_figures(cards[kamino.tenant_id], kamino)
    for pk, card in cards.items():
        mine = [row for row in connections if row.tenant_id == pk]
        card.connections = [_connection(row, runs.get(row.shown_run)) for row in mine]
        card.health = health_from(mine, has_kamino=bool(card.kamino), findings=causes[pk], sight=sight_for(request))
        card.next_url = _next_url(card, request)


def _connection(row: Any, run: SyncRun | None) -> dict[str, Any]:
    return {
        "label": row.label,
        "url": change_url(row),
        "status": row.status_text(),
        "colour": CONNECTION_COLOURS[row.status],
        "never": row.status == ConnectionStatus.NEVER,
        "cause": cause_text(row.status_cause) if row.status_cause else "",
        "run": run,
        "run_url": change_url(run),
        "run_at": texts.moment(run.started_at or run.due_at) if run else "",
        "run_colour": RUN_COLOURS[run.state] if run else "",
        "run_state": run.get_state_display() if run else "",
    }


class UpTo(Subquery):
    """How many rows a query has, counted no further than it is cut off."""

    template = "(SELECT count(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


def _counted(kaminos: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
    """Add to Kamino connections how many titles of each state they have (`count_…`), how many need a person, and how
    many discrepancies are open."""
    postings = scoped(Posting.objects.all(), request).filter(kamino_connection=OuterRef("pk")).order_by()
    told = (
        scoped(Discrepancy.objects.all(), request).filter(kamino_connection=OuterRef("pk"), closed_at=None).order_by()
    )
    figures: dict[str, QuerySet[Any]] = {
        f"count_{state.value}": postings.filter(state=state) for state in DeliveryState
    }
    figures |= {"waiting": needing_action(postings), "differing": told}
    counted: QuerySet[Any] = kaminos.annotate(
        **{name: UpTo(rows.values("pk")[: COUNTED + 1]) for name, rows in figures.items()}
    )
    return counted


def _add_figures(card: Card, kamino: Any) -> None:
    titles, names = reverse("admin:integrations_title_changelist"), dict(state_choices())
    card.kamino = {"url": change_url(kamino), "error": kamino.error, "paused": kamino.is_paused}
    card.needs_action, card.discrepancies = Figure(kamino.waiting), Figure(kamino.differing)
    card.states = [
        {
            "label": names[state],
            "count": Figure(count),
            "colour": STATE_COLOURS[state],
            "url": f"{titles}?tenant={card.tenant.pk}&posting__state__exact={state}",
        }
        for state in DeliveryState
        if (count := getattr(kamino, f"count_{state.value}"))
    ]


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
