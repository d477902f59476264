"""A worker that runs one whole sync of one company, here and now, and prints what it cost."""

import sys

import django

from benchmarks.measure import report_cost


def main() -> None:
    django.setup()
    from django.utils import timezone

    from integrations.models import BlingConnection, Tenant
    from integrations.pipeline.desk.commands import request_sync
    from integrations.pipeline.run import tick

    tenant = Tenant.objects.get(slug=sys.argv[1])
    connections = BlingConnection.objects.filter(tenant=tenant).select_related("tenant")
    request_sync(connections=connections, user=None, now=timezone.now())
    report_cost(lambda: tick.work_until_idle(clock=timezone.now, tenant_ids=[tenant.pk]))


if __name__ == "__main__":
    main()
