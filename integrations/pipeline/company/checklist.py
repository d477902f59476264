"""Readiness: what has to be right before titles of a company are sent to Kamino, line by line, and what it means."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Max, OuterRef, Q, Subquery, Sum
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.domain.calendar import day_of
from integrations.domain.money import ZERO
from integrations.domain.title_lists import PROVED, TitleList
from integrations.domain.titles import Direction, TitleStatus
from integrations.models import (
    BlingConnection,
    CatalogItem,
    ConnectionEvent,
    KaminoConnection,
    KaminoItem,
    Payment,
    PlannedWrite,
    Posting,
    SyncRun,
    Tenant,
)
from integrations.models.confidential import Sight
from integrations.models.connections import ConnectionStatus
from integrations.models.planned_writes import PlannedOperation, PlannedWriteQuerySet
from integrations.models.registers import CatalogKind, KaminoKind
from integrations.pipeline.company.saving import save_tenant
from integrations.pipeline.compare.exact_matches import with_exact_match
from integrations.pipeline.report.coverage import coverage_of
from integrations.words.scopes import scope_names
from integrations.words.values import reais

KNOWN_FOR = timedelta(hours=24)
GREEN, AMBER, RED = "green", "amber", "red"


@dataclass(frozen=True)
class Line:
    """One line of the checklist: `colour` is green, amber or red; `text` ends with what to do."""

    code: str
    colour: str
    text: str


def checklist(tenant: Tenant, sight: Sight, *, now: datetime) -> list[Line]:
    """Judge a company from what is stored; nothing is requested. Red lines forbid to go live, amber ones ask first:
    these count the titles that the reader sees."""
    company = KaminoConnection.objects.filter(tenant=tenant).first()
    connections = list(tenant.bling_connections.all())
    return [
        _bling(connections),
        _scopes(connections),
        _first_sync(connections),
        _kamino(company),
        *_unconfirmed(tenant, company, sight),
        *_title_lists(tenant, company),
        _reconciled(company, now),
        _names(tenant, sight),
        _settled_from(tenant),
        _closed_until(tenant),
        _overdue(tenant, now, sight),
        _exact_matches(tenant, sight),
        _other_integration(tenant),
    ]


def worst(lines: list[Line]) -> str:
    """Return the colour that decides: red before amber before green."""
    colours = {line.colour for line in lines}
    return RED if RED in colours else AMBER if AMBER in colours else GREEN


def _bling(connections: list[BlingConnection]) -> Line:
    away = [row.label for row in connections if row.status != ConnectionStatus.CONNECTED]
    if not connections:
        return Line("bling", RED, _("There is no Bling connection yet: add one."))
    if away:
        return Line(
            "bling", RED, _("Not connected to Bling: %(names)s. Connect or resume it.") % {"names": _list(away)}
        )
    return Line("bling", GREEN, _("Bling is connected."))


def _scopes(connections: list[BlingConnection]) -> Line:
    """Every authorization probes each scope; a scope that is lost later ends a run, which says so."""
    for connection in connections:
        refused = connection.status_cause in ("missing_scopes", "insufficient_scope")
        if refused:
            event = ConnectionEvent.objects.filter(connection=connection, code="missing_scopes").first()
            names = _list(scope_names(event.detail if event else ""))
            text = _("The Bling app of “%(label)s” lacks permissions: %(names)s. Tick them there and connect again.")
            return Line("scopes", RED, text % {"label": connection.label, "names": names or "–"})
    if not connections or all(connection.status == ConnectionStatus.NEVER for connection in connections):
        return Line("scopes", RED, _("The permissions of the Bling app are checked when it is connected."))
    return Line("scopes", GREEN, _("The Bling app has every permission that is needed."))


def _first_sync(connections: list[BlingConnection]) -> Line:
    missing, failed = [], []
    for connection in connections:
        runs = SyncRun.objects.filter(connection=connection).with_authorization().order_by("-pk")
        last = runs.exclude(state=SyncRun.State.OPEN).first()
        if not runs.filter(state=SyncRun.State.DONE).exists():
            missing.append(connection.label)
        elif last is not None and last.is_failed:
            failed.append(connection.label)
    if missing or not connections:
        text = _("No complete sync yet: %(names)s. Start one, or wait for it.")
        return Line("sync", RED, text % {"names": _list(missing) or "–"})
    if failed:
        return Line("sync", AMBER, _("The last sync failed: %(names)s. Read its error.") % {"names": _list(failed)})
    return Line("sync", GREEN, _("A complete sync was done."))


def _kamino(company: KaminoConnection | None) -> Line:
    if company is None:
        return Line("kamino", RED, _("There is no Kamino connection yet: add one."))
    if company.error:
        return Line("kamino", RED, _("Kamino: %(error)s") % {"error": company.error})
    if company.is_paused:
        return Line("kamino", RED, _("The Kamino connection is paused. Resume it."))
    if company.registers_read_at is None:
        return Line(
            "kamino", RED, _("Kamino's registers were not read yet: that comes with the first titles. Start a sync.")
        )
    usable = KaminoItem.objects.filter(connection=company, is_active=True).values_list("kind")
    counts = dict(usable.annotate(Count("pk")).order_by())
    values = {
        "charts": counts.get(KaminoKind.CHART_ACCOUNT, 0),
        "centers": counts.get(KaminoKind.COST_CENTER, 0),
        "banks": counts.get(KaminoKind.BANK_ACCOUNT, 0),
    }
    text = _("Kamino was read: %(charts)s chart accounts, %(centers)s cost centers, %(banks)s bank accounts.") % values
    if not values["charts"] or not values["banks"]:
        missing = _("Without chart and bank accounts nothing can be sent: add them there.")
        return Line("kamino", RED, f"{text} {missing}")
    return Line("kamino", GREEN, text)


def _unconfirmed(tenant: Tenant, company: KaminoConnection | None, sight: Sight) -> list[Line]:
    """Warn where Kamino never confirmed how payables are written, and nobody allowed it for this company."""
    if company is None or company.allow_unconfirmed:
        return []
    count = _ready(tenant, sight).filter(direction=Direction.PAYABLE).count()
    if not count:
        return []
    text = ngettext(
        "%(count)s payable would be refused: Kamino has not confirmed how payables are written. Allow it on the "
        "Kamino connection.",
        "%(count)s payables would be refused: Kamino has not confirmed how payables are written. Allow it on the "
        "Kamino connection.",
        count,
    )
    return [Line("unconfirmed", AMBER, text % {"count": count})]


def _title_lists(tenant: Tenant, company: KaminoConnection | None) -> list[Line]:
    """Say for each direction whether Kamino's list is read before something is created."""
    if company is None or company.reconciled_at is None:
        return []
    names = {Direction.PAYABLE: _("payables"), Direction.RECEIVABLE: _("receivables")}
    texts = {
        TitleList.UNKNOWN: _(
            "It is not known whether Kamino lists %(titles)s: nothing of them would be sent. Support tests the Kamino "
            "connection and, if there is no such list, says so there (“Kamino has no such list”)."
        ),
        TitleList.ABSENT: _(
            "Kamino has no list of %(titles)s, as a person said: they are created without a look at what is there."
        ),
    }
    read = _("Kamino's list of %(titles)s is read before something is created.")
    failing = _(
        "Kamino's list of %(titles)s cannot be read: nothing of them would be sent until it can. If it stays so, "
        "support tests the Kamino connection."
    )
    lines = []
    for direction in Direction:
        if tenant.syncs(direction):
            state = company.title_lists[direction]
            is_read = state in PROVED and direction not in company.failing_lists
            text = texts.get(state) or (read if is_read else failing)
            colour = GREEN if is_read else AMBER
            lines.append(Line(f"{direction}_list", colour, text % {"titles": names[direction]}))
    return lines


def _reconciled(company: KaminoConnection | None, now: datetime) -> Line:
    if company is None or company.reconciled_at is None:
        return Line("reconciled", RED, _("Kamino's titles were not compared yet. It happens after the first sync."))
    moment = formats.date_format(timezone.localtime(company.reconciled_at), "SHORT_DATETIME_FORMAT")
    if company.reconciled_at < now - KNOWN_FOR:
        text = _("Kamino's titles were last compared on %(moment)s, more than a day ago. Are the workers alive?")
        return Line("reconciled", RED, text % {"moment": moment})
    return Line("reconciled", GREEN, _("Kamino's titles were compared on %(moment)s.") % {"moment": moment})


def _names(tenant: Tenant, sight: Sight) -> Line:
    coverage = coverage_of(tenant, sight)
    held = bool(coverage.names or coverage.bank_accounts)
    if coverage.waiting <= 0:
        return Line("names", AMBER if held else GREEN, coverage.sentence())
    text = ngettext(
        "%(number)s title waits for another reason.", "%(number)s titles wait for other reasons.", coverage.waiting
    )
    return Line("names", AMBER, f"{coverage.sentence()} {text % {'number': coverage.waiting}}")


def _settled_from(tenant: Tenant) -> Line:
    day = tenant.settled_from
    if day is None:
        return Line("settled_from", RED, _("Decide from which payment day on settlements are sent."))
    text = _("Payments since %(day)s are settled in Kamino; older ones stay history.")
    return Line("settled_from", GREEN, text % {"day": _day(day)})


def _closed_until(tenant: Tenant) -> Line:
    if tenant.closed_until is not None:
        text = _("Closed until %(day)s: what would change these months waits for a person.")
        return Line("closed_until", GREEN, text % {"day": _day(tenant.closed_until)})
    if tenant.nothing_is_closed:
        return Line("closed_until", GREEN, _("No month is closed."))
    return Line("closed_until", RED, _("Decide until which day the books are closed, or that no month is."))


def _overdue(tenant: Tenant, now: datetime, sight: Sight) -> Line:
    """Warn that Kamino may remind customers by e-mail of open, overdue titles, also of those that others entered."""
    overdue = _ready(tenant, sight).filter(
        operation=PlannedOperation.CREATE, direction=Direction.RECEIVABLE, due_date__lt=day_of(now)
    )
    found = overdue.aggregate(count=Count("pk"), total=Sum("value"))
    if not found["count"]:
        return Line("overdue", GREEN, _("No overdue receivable would be created open."))
    text = ngettext(
        "%(count)s overdue receivable (%(total)s) would be created open: Kamino may send collection e-mails. "
        "Check the collection rules there first.",
        "%(count)s overdue receivables (%(total)s) would be created open: Kamino may send collection e-mails. "
        "Check the collection rules there first.",
        found["count"],
    )
    total = reais(found["total"])
    return Line("overdue", AMBER, text % {"count": found["count"], "total": total})


def _exact_matches(tenant: Tenant, sight: Sight) -> Line:
    postings = sight.of(Posting.objects.filter(kamino_connection__tenant=tenant))
    count = with_exact_match(postings).filter(exact_match__isnull=False).count()
    if not count:
        return Line("exact_matches", GREEN, _("No equal, unlinked title exists in Kamino, as far as its lists show."))
    text = ngettext(
        "%(count)s title exists in Kamino already and is not linked. Link it in the simulation.",
        "%(count)s titles exist in Kamino already and are not linked. Link them in the simulation.",
        count,
    )
    return Line("exact_matches", AMBER, text % {"count": count})


def _other_integration(tenant: Tenant) -> Line:
    if tenant.other_integration_off:
        return Line("other", GREEN, _("A person made sure that no other integration copies Bling's titles to Kamino."))
    text = _("Make sure that no other integration copies Bling's titles to Kamino, else they are there twice.")
    return Line("other", RED, text)


def _ready(tenant: Tenant, sight: Sight) -> PlannedWriteQuerySet:
    found: PlannedWriteQuerySet = PlannedWrite.objects.filter(kamino_connection__tenant=tenant).ready()
    return sight.of(found)


@dataclass(frozen=True)
class AccountPayments:
    """What was paid through one Bling account and is not in Kamino: since the day that was asked about, and before."""

    name: str
    count: int
    total: Decimal
    count_before: int
    total_before: Decimal


def payments_since(tenant: Tenant, day: date, sight: Sight) -> list[AccountPayments]:
    """Return, per Bling account, the payments of titles that would be settled with `settled_from` on `day`, of those
    that a reader sees."""
    last = Payment.objects.filter(title=OuterRef("title")).order_by().values("title").annotate(day=Max("date"))
    paid = Payment.objects.filter(
        title__connection__tenant=tenant, title__status=TitleStatus.SETTLED, title__posting__kamino_id=None
    )
    rows = (
        sight.of(paid)
        .alias(paid_on=Subquery(last.values("day")))
        .order_by()
        .values("title__connection", "account_id")
        .annotate(
            count=Count("title", distinct=True, filter=Q(paid_on__gte=day)),
            total=Sum("amount", filter=Q(paid_on__gte=day), default=ZERO),
            count_before=Count("title", distinct=True, filter=Q(paid_on__lt=day)),
            total_before=Sum("amount", filter=Q(paid_on__lt=day), default=ZERO),
        )
    )
    items = CatalogItem.objects.filter(connection__tenant=tenant, kind=CatalogKind.BANK_ACCOUNT)
    names = {(item.connection_id, item.bling_id): item.name for item in items}
    found = [
        AccountPayments(
            names.get((row["title__connection"], row["account_id"])) or f"#{row['account_id']}",
            **{name: row[name] for name in ("count", "total", "count_before", "total_before")},
        )
        for row in rows
    ]
    return sorted(found, key=lambda row: row.name)


@dataclass(frozen=True)
class Decisions:
    """What only people can say before a company goes live."""

    settled_from: date | None
    closed_until: date | None
    nothing_is_closed: bool
    other_integration_off: bool


def decide(*, tenant: Tenant, decisions: Decisions, user: User, now: datetime) -> bool:
    """Keep what was decided, with a row saying who; plan again where a date moved. False when nothing is new."""
    with transaction.atomic():
        locked = Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
        changed = [name for name, value in vars(decisions).items() if getattr(locked, name) != value]
        if not changed:
            return False
        for name in changed:
            setattr(locked, name, getattr(decisions, name))
        save_tenant(locked, changed, user=user, now=now)
    return True


def _list(names: list[str]) -> str:
    return ", ".join(names)


def _day(day: date) -> str:
    return formats.date_format(day, "SHORT_DATE_FORMAT")
