"""A company as flow tests see it: both sides in the sandbox, our mirror between them."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from integrations.models import BlingConnection, Posting, Tenant, Title
from integrations.pipeline import report, run
from integrations.pipeline.desk import request_sync
from integrations.pipeline.provisioning import provision
from sandbox.world import World


@dataclass
class Company:
    """Handles on one company: `bling` and `kamino` are the sandbox's two sides."""

    account: Any
    tenant: Tenant

    @property
    def bling(self) -> Any:
        return self.account.bling

    @property
    def kamino(self) -> Any:
        return self.account.kamino

    @property
    def connection(self) -> BlingConnection:
        return BlingConnection.objects.get(tenant=self.tenant)

    def sync(self, *, full: bool = False) -> report.Report:
        """Run a whole sync in this process and report what it did."""
        now, before = timezone.now(), report.counters(self.tenant)
        request_sync(connections=[self.connection], user=None, now=now, is_full=full)
        run.work_until_idle(clock=timezone.now, tenant_ids=[self.tenant.pk])
        return report.report_since(self.tenant, now, before)

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


def provision_company(world: World, slug: str, *, mappings: list[dict[str, str]] | None = None, **options: Any) -> Company:
    """Add an account to the sandbox and provision it live."""
    sandbox_options = {name: options.pop(name) for name in ("payables", "receivables", "unmapped") if name in options}
    account = world.add_account(slug, **sandbox_options)
    document = {**account.provision(), "mappings": mappings or [], **options}
    tenant = provision({"tenants": [document]}, now=timezone.now())[0]
    return Company(account, tenant)


def in_days(world: World, days: int) -> date:
    return world.today + timedelta(days=days)
