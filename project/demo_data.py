"""What the demo writes to and reads from its database. Needs Django to be set up."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone, translation

from integrations import queue
from integrations.domain.delivery import DeliveryState
from integrations.models import (
    ApiKey,
    BlingAccess,
    BlingConnection,
    BlingWriting,
    KaminoConnection,
    PersonPosting,
    PlanRequest,
    Posting,
    SyncRun,
    Tenant,
    Title,
    WriteMode,
)
from integrations.models.api_keys import PREFIX, CustomersDirection, KeyKind, digests_of
from integrations.words.reasons import problem_sentences
from project.demo_check import OurTitle

USERS = {
    "suporte": ("Suporte", "demo-suporte-2026"),
    "financeiro": ("Financeiro", "demo-financeiro-2026"),
    "operacao": ("Operação", "demo-operacao-2026"),
    "admin": ("", "demo-admin-2026"),
}
API_KEY = "de0" * 24
"""The key by which the demo's first company is sent customers; nobody else's."""
UNFINISHED = (DeliveryState.READY, DeliveryState.SENDING, DeliveryState.UNCERTAIN)


@dataclass(frozen=True)
class Progress:
    """How far the first sync of some companies is. `failed` are runs that ended badly, with their errors."""

    waiting_runs: int
    titles: int
    to_plan: int
    to_send: int
    states: dict[str, int] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    interrupted: list[str] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        return not (self.waiting_runs or self.to_plan or self.to_send)

    def to_text(self) -> str:
        delivered = self.states.get(DeliveryState.DELIVERED, 0)
        waiting = self.states.get(DeliveryState.HELD, 0) + self.states.get(DeliveryState.NEEDS_HUMAN, 0)
        step = "done" if self.is_done else "reading Bling" if self.waiting_runs else "sending to Kamino"
        failures = f" – failed: {'; '.join(self.failed)}" if self.failed else ""
        failures += f" – waits: {'; '.join(self.interrupted)}" if self.interrupted else ""
        return (
            f"First sync: {step} – {self.titles} titles from Bling, {delivered} equal in Kamino, "
            f"{waiting} held with a reason, {self.to_plan + self.to_send} to go{failures}"
        )


def migrate() -> bool:
    """Bring the tables up to date; true when the database was empty."""
    is_new = "integrations_tenant" not in connection.introspection.table_names()
    call_command("migrate", interactive=False, verbosity=0)
    return is_new


def collect_static() -> None:
    """Gather the static files for whitenoise."""
    call_command("collectstatic", interactive=False, verbosity=0)


def prepare(provision_file: Path, *, is_new: bool) -> None:
    """Set up companies, users and schedules, take back what the last start left under way, and wake the worker. New
    companies are live at once: the demo shows the sending, and the checklist would wait for a first sync."""
    with Path(os.devnull).open("w") as silence:
        call_command("provision", str(provision_file), stdout=silence)
        call_command("ensure_schedules", stdout=silence)
    if is_new:
        Tenant.objects.update(delivery_mode=Tenant.DeliveryMode.LIVE)
        _let_write()
    _create_users()
    _make_key()
    _free_leases()
    queue.enqueue_tick()


def _let_write() -> None:
    """Let the first company's Bling take payables, and the others keep them in simulation."""
    first = Tenant.objects.order_by("pk").first()
    for bling in BlingConnection.objects.order_by("pk"):
        mode = WriteMode.LIVE if first and bling.tenant_id == first.pk else WriteMode.SIMULATION
        if mode == WriteMode.LIVE:  # the sandbox's apps may write from the start
            BlingConnection.objects.filter(pk=bling.pk).update(access=BlingAccess.WRITE)
        BlingWriting.objects.get_or_create(
            connection=bling,
            defaults={"mode": mode, "limit": Decimal("5000.00"), "only_writer": True, "changes_contacts": True},
        )


def _make_key() -> None:
    """Let a program send customers to the first company's Bling, and read them, as support and finance do together."""
    first = BlingConnection.objects.order_by("tenant_id", "pk").first()
    if first is None or ApiKey.objects.known(API_KEY, KeyKind.API) is not None:
        return
    now, people = timezone.now(), {user.username: user for user in User.objects.filter(username__in=USERS)}
    ApiKey.objects.create(
        connection=first, label="Demonstração", digest=digests_of(API_KEY)[0], prefix=API_KEY[:PREFIX],
        kind=KeyKind.API, system="demo", customers=CustomersDirection.BOTH, created_by=people["suporte"],
        created_at=now, confirmed_by=people["financeiro"], confirmed_at=now,
    )  # fmt: skip


def _create_users() -> None:
    with transaction.atomic():
        for name, (group, password) in USERS.items():
            user, is_new = User.objects.get_or_create(
                username=name, defaults={"is_staff": True, "is_superuser": not group, "first_name": name.capitalize()}
            )
            if is_new:
                user.set_password(password)
                user.save()
            if group:
                user.groups.set([Group.objects.get(name=group)])
        for tenant in Tenant.objects.all():
            tenant.members.add(*User.objects.filter(username__in=USERS))


def _free_leases() -> None:
    """End the leases of workers that were stopped in the middle of something: none of them is alive any more."""
    now = timezone.now()
    SyncRun.objects.filter(state=SyncRun.State.OPEN).update(lease_until=None, not_before=None)
    KaminoConnection.objects.filter(failure={}).update(lease_until=None)
    for model in (Posting, PersonPosting):
        model.objects.filter(state=DeliveryState.SENDING).update(lease_until=now)


def read_progress(slugs: Sequence[str]) -> Progress:
    """Count what the first sync of these companies has done and has left to do."""
    mine = {"kamino_connection__tenant__slug__in": slugs}
    done = SyncRun.objects.filter(state=SyncRun.State.DONE, connection__tenant__slug__in=slugs)
    runs = (
        SyncRun.objects.filter(connection__tenant__slug__in=slugs)
        .exclude(failure={})
        .select_related("connection__tenant")
    )
    finished = set(done.values_list("connection__tenant__slug", flat=True))
    errors = [(run.state, f"{run.connection.tenant.slug}: {run.error}") for run in runs]
    states = dict(Posting.objects.filter(**mine).values_list("state").annotate(count=Count("pk")).order_by())
    return Progress(
        waiting_runs=len(set(slugs) - finished),
        titles=Title.objects.filter(connection__tenant__slug__in=slugs).count(),
        to_plan=PlanRequest.objects.filter(title__connection__tenant__slug__in=slugs).count(),
        to_send=sum(states.get(state, 0) for state in UNFINISHED),
        states=states,
        failed=[text for state, text in errors if state == SyncRun.State.FAILED],
        interrupted=[text for state, text in errors if state == SyncRun.State.OPEN],
    )


def sync_from(slug: str) -> date:
    """Return the day from which a company's payments are mirrored."""
    return Tenant.objects.get(slug=slug).sync_from


def read_titles(slug: str) -> dict[tuple[str, str], OurTitle]:
    """Return what we know of a company's titles, by direction and Bling id, with reasons as people read them."""
    found = {}
    rows = Title.objects.filter(connection__tenant__slug=slug).select_related("posting")
    with translation.override("pt-br"):
        for title in rows:
            posting = getattr(title, "posting", None)
            if posting is None:
                found[title.direction, str(title.bling_id)] = OurTitle("unplanned", ())
                continue
            problems = posting.get_problems()
            found[title.direction, str(title.bling_id)] = OurTitle(
                state=posting.state,
                reasons=tuple(problem_sentences(posting.get_causes())),
                codes=tuple(problem.code.value for problem in problems)
                or ((posting.reason,) if posting.reason else ()),
                settlement_waits=any(problem.holds == "settlement" for problem in problems),
            )
    return found


def log_ins() -> str:
    """Return who may log in with which password, one below the other."""
    return "\n".join(
        f"    {name:<12}{password:<24}{group or 'everything'}" for name, (group, password) in USERS.items()
    )


def welcome(*, web: str, sandbox: str, folder: Path) -> str:
    """Return what a person needs to look around."""
    return f"""
  Admin      {web}/
  Sandbox    {sandbox}/   (edit Bling and Kamino by hand, then “Sincronizar agora” in the admin)

  Log-ins
{log_ins()}

  Companies  padaria-sol   healthy
             loja-azul     waits to be connected: Conexões Bling › Conectar ao Bling
             oficina-norte categories without a namesake in Kamino: map them under Classificação

  API        {web}/api/v1/docs   (customers of another system, to padaria-sol), for example:
             curl -X PUT {web}/api/v1/clientes/1 -H "Content-Type: application/json" \\
               -H "Authorization: Bearer {API_KEY}" -d '{{"versao": 1, "nome": "Padaria Lua"}}'

  Logs       {folder}/*.log
  manage.py  . {folder}/env.sh, then for example: .venv/bin/python manage.py sync --tenant padaria-sol --wait

  Ctrl-C stops everything; the next start keeps the data; make demo-reset deletes it."""
