"""A company as flow tests see it: both sides in the sandbox, our mirror between them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from integrations.bling.auth import TokenPair
from integrations.models import (
    BlingConnection,
    BlingToken,
    Breaker,
    KaminoConnection,
    KaminoItem,
    KaminoSnapshot,
    ListedSpan,
    PersonPosting,
    Posting,
    RateLimit,
    SyncRun,
    Tenant,
    Title,
)
from integrations.pipeline.access import leases
from integrations.pipeline.access.tokens import store_tokens
from integrations.pipeline.company.provisioning import provision
from integrations.pipeline.desk.commands import request_resync, request_sync
from integrations.pipeline.read.steps.work import LEASE
from integrations.pipeline.report import sync_summary
from integrations.pipeline.run import tick
from sandbox.world import World


@dataclass
class Company:
    """Handles on one company: `bling` and `kamino` are the sandbox's two sides."""

    account: Any
    tenant: Tenant
    category: int = 0
    bank: int = 0
    kamino_bank: str = ""

    @property
    def bling(self) -> Any:
        return self.account.bling

    @property
    def kamino(self) -> Any:
        return self.account.kamino

    @property
    def connection(self) -> BlingConnection:
        return BlingConnection.objects.get(tenant=self.tenant)

    def sync(self, *, full: bool = False, waits: bool = True) -> None:
        """Run a whole sync in this process, or as much of it as can be done without waiting."""
        request_sync(connections=[self.connection], user=None, now=timezone.now(), is_full=full)
        self.work(waits=waits)

    def sync_and_report(self) -> sync_summary.Report:
        """Run a whole sync in this process and report what it did."""
        now, before = timezone.now(), sync_summary.counters(self.tenant)
        self.sync()
        return sync_summary.report_since(self.tenant, now, before)

    def work(self, *, waits: bool = True) -> None:
        """Do what is due without starting a run, as the workers' tick does. What is tried again within a minute and a
        half is waited for, unless `waits` is false."""
        mine = {"clock": timezone.now, "tenant_ids": [self.tenant.pk]}
        if waits:
            tick.work_until_idle(**mine)
        while not waits and tick.work_once(deadline=timezone.now() + timedelta(minutes=5), **mine):
            pass

    def now(self) -> datetime:
        return timezone.now()

    def forget_registers(self) -> None:
        """Let both sides' registers be old, as after a day."""
        BlingConnection.objects.update(registers_read_at=timezone.now() - timedelta(days=2))
        KaminoConnection.objects.update(registers_read_at=timezone.now() - timedelta(days=2))

    def forget_snapshots(self) -> None:
        """Let what was read from Kamino be old, as after ten minutes."""
        KaminoSnapshot.objects.all().delete()
        ListedSpan.objects.all().delete()

    def an_hour_later(self) -> None:
        """Do what is due after an hour, of what is stuck because of what Kamino shows."""
        self.forget_snapshots()
        KaminoItem.objects.update(locks_read_at=None)
        self.look_again()

    def look_again(self) -> None:
        """Let what is stuck be looked at again now, as after its pause."""
        for model in (Posting, PersonPosting):
            model.objects.filter(state="needs_human").update(ready_at=timezone.now() - timedelta(seconds=1))
        self.work()

    def forget_waits(self, *, silence: timedelta = timedelta(0)) -> None:
        """Let pauses after failures be over, as after an hour, and leases that were not renewed for `silence`."""
        now = timezone.now()
        past = now - timedelta(seconds=1)
        for model in (Posting, PersonPosting):
            model.objects.filter(state__in=("ready", "uncertain")).update(ready_at=past)
        KaminoConnection.objects.filter(lease_until__lte=now + leases.LEASE - silence).update(lease_until=None)
        open_runs = SyncRun.objects.filter(state="open")
        open_runs.update(not_before=None)
        open_runs.filter(lease_until__lte=now + LEASE - silence).update(lease_until=None)
        BlingToken.objects.update(retry_at=None)
        Breaker.objects.all().delete()
        RateLimit.objects.update(next_at=past)

    def reconnect(self) -> None:
        """Give the connection a new authorization, as a consent does."""
        store_tokens(self.connection, self.token_pair(self.bling.issue_tokens()), now=timezone.now())

    def token_pair(self, pair: dict[str, Any]) -> TokenPair:
        kind = "jwt" if pair["access_token"].count(".") == 2 else "opaque"
        return TokenPair(pair["access_token"], pair["refresh_token"], pair["expires_in"], kind, pair["scope"])

    @property
    def connection_pk(self) -> int:
        return int(BlingConnection.objects.filter(tenant=self.tenant).values_list("pk", flat=True)[0])

    def sync_once_without_lookup(self) -> None:
        """Run until something is uncertain, and stop before it is looked up."""
        request_sync(connections=[self.connection], user=None, now=timezone.now())
        for _ in range(10):
            tick.work_once(clock=timezone.now, deadline=timezone.now() + timedelta(seconds=1))
            if Posting.objects.filter(state="uncertain").exists():
                return

    def resync(self, bling_id: int, user: User) -> None:
        """Order what staff's "Ressincronizar" orders, and do it."""
        request_resync(titles=Title.objects.filter(bling_id=bling_id), user=user, now=timezone.now())
        self.work()

    def first_title(self) -> int:
        """Return the Bling id of the title that was added first."""
        return int(Title.objects.order_by("bling_id").values_list("bling_id", flat=True)[0])

    def to_shadow(self) -> None:
        Tenant.objects.filter(pk=self.tenant.pk).update(delivery_mode=Tenant.DeliveryMode.SHADOW)

    def go_live(self) -> None:
        Tenant.objects.filter(pk=self.tenant.pk).update(delivery_mode=Tenant.DeliveryMode.LIVE)

    def split_payments(self) -> None:
        """Let payments be titles of their own ("Desdobrar"), at a Kamino whose lists tell everything."""
        self.bling.world.generous = True
        KaminoConnection.objects.update(lists_are_complete=True, allow_unconfirmed=True)
        Tenant.objects.update(partial_policy=Tenant.PartialPolicy.SPLIT)

    def add_title(self, direction: str, **options: Any) -> int:
        """Add a title to Bling that can be delivered: a mapped category, a valid contact, due in ten days."""
        if "contact" not in options:
            options["contact"] = self.bling.add_contact(name="Fornecedor Exemplo", document="", kind="J")
        options.setdefault("value", "100.00")
        options.setdefault("due", self.bling.world.today + timedelta(days=10))
        options.setdefault("category", self.category)
        return int(self.bling.add_title(direction, **options))

    def title(self, bling_id: int) -> Title:
        return Title.objects.get(connection=self.connection, bling_id=bling_id)

    def posting(self, bling_id: int) -> Posting:
        return Posting.objects.get(title=self.title(bling_id))

    def problems(self, bling_id: int) -> list[str]:
        return [problem["code"] for problem in self.posting(bling_id).problems]

    def in_kamino(self, direction: str, bling_id: int) -> Any:
        """Return the one Kamino row of a Bling title; fails when there is more than one."""
        rows = self.kamino.find_all(direction, bling_id)
        assert len(rows) <= 1, f"{bling_id} stands {len(rows)} times in Kamino"
        return rows[0] if rows else None


def provision_company(
    world: World, slug: str, *, mappings: list[dict[str, str]] | None = None, **options: Any
) -> Company:
    """Add an account to the sandbox and provision it; it is live at once, without a checklist."""
    sandbox_options = {name: options.pop(name) for name in ("payables", "receivables", "unmapped") if name in options}
    account = world.add_account(slug, **sandbox_options)
    mode = options.pop("delivery_mode", "live")
    document = {**account.provision(), "mappings": mappings or [], **options}
    tenant = provision({"tenants": [document]}, now=timezone.now())[0].tenant
    Tenant.objects.filter(pk=tenant.pk).update(delivery_mode=mode)
    tenant.refresh_from_db()
    if world.lists_receivables_at == "none":
        KaminoConnection.objects.filter(tenant=tenant).update(receivable_list="absent")  # as a person says who looked
    account.kamino.add_chart_account("Categoria de Teste")
    return Company(
        account,
        tenant,
        category=account.bling.add_category("Categoria de teste", kind=3),
        bank=account.bling.add_account("Banco de Teste"),
        kamino_bank=account.kamino.add_bank_account("BANCO DE TESTE"),
    )


def in_days(world: World, days: int) -> date:
    return world.today + timedelta(days=days)


def soon() -> datetime:
    """Return a deadline that leaves room for whatever is due."""
    return timezone.now() + timedelta(seconds=30)


def payables(company: Company) -> int:
    """Return how many payables Kamino holds."""
    return len(company.kamino.titles("payable"))
