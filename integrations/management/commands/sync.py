import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from integrations.models import BlingConnection, Tenant
from integrations.pipeline.access import clocks
from integrations.pipeline.desk.commands import request_sync
from integrations.pipeline.report import sync_summary
from integrations.pipeline.run import tick
from integrations.pipeline.run.progress import Progress
from integrations.queue import enqueue_tick


class Command(BaseCommand):
    help = "Sync companies now. Exit 0: done; 1: something needs a person; 2: a company could not be synced."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", action="append", default=[], metavar="SLUG")
        parser.add_argument("--wait", action="store_true", help="run here until nothing more is due")
        parser.add_argument("--full", action="store_true", help="add the full sweep")
        parser.add_argument("--json", action="store_true", help="print one object per company, a line each")

    def handle(self, *args: Any, tenant: list[str], wait: bool, full: bool, **options: Any) -> None:
        tenants = _tenants(tenant)
        now = timezone.now()
        try:
            clocks.compare_with_database(now)
        except clocks.WrongClockError as error:
            raise CommandError(str(error)) from error
        before = {item.pk: sync_summary.counters(item) for item in tenants}
        connections = BlingConnection.objects.filter(tenant__in=tenants).select_related("tenant")
        request_sync(connections=connections, user=None, now=now, is_full=full)
        if not wait:
            enqueue_tick()
            self.stdout.write(f"{len(tenants)} queued")
            return
        self._work([item.pk for item in tenants])
        reports = [sync_summary.report_since(item, now, before[item.pk]) for item in tenants]
        for line in reports:
            self.stdout.write(json.dumps(line.to_json(), ensure_ascii=False) if options["json"] else line.to_text())
        sys.exit(max((line.exit_code for line in reports), default=0))

    def _work(self, tenant_ids: list[int]) -> None:
        with tqdm(disable=not sys.stderr.isatty(), unit=" títulos", file=sys.stderr) as bar:

            def show(progress: Progress) -> None:
                bar.total = progress.to_send + progress.delivered + progress.to_plan
                bar.n = progress.delivered
                bar.set_description("lendo do Bling" if progress.open_runs else "enviando à Kamino")

            tick.work_until_idle(clock=timezone.now, tenant_ids=tenant_ids, report=show)


def _tenants(slugs: list[str]) -> list[Tenant]:
    query = Tenant.objects.filter(is_active=True).order_by("slug")
    found = list(query.filter(slug__in=slugs) if slugs else query)
    missing = sorted(set(slugs) - {tenant.slug for tenant in found})
    if missing:
        raise CommandError(f"no active company with the short name {missing[0]!r}")
    return found
