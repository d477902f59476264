import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations.domain.audit import AuditAction
from integrations.management.files import open_private
from integrations.models import Discrepancy, Tenant
from integrations.models.confidential import without_confidential
from integrations.pipeline.audit.record import record
from integrations.resources.discrepancies import DiscrepancyResource
from integrations.resources.exporting import cells_of
from integrations.resources.files import write_file


class Command(BaseCommand):
    help = "Write the open discrepancies of one or all companies to a file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", metavar="SLUG")
        parser.add_argument("--format", choices=["csv", "xlsx", "json"], default="xlsx")
        parser.add_argument("--output", type=Path, required=True, metavar="FILE")

    def handle(self, *args: Any, tenant: str | None, output: Path, **options: Any) -> None:
        rows = Discrepancy.objects.filter(closed_at=None)
        company = Tenant.objects.filter(slug=tenant).first() if tenant is not None else None
        if tenant is not None:
            if company is None:
                raise CommandError(f"no company with the short name {tenant!r}")
            rows = rows.filter(posting__kamino_connection__tenant__slug=tenant)
        resource = DiscrepancyResource()
        ids = list(rows.values_list("pk", flat=True))
        cells = cells_of(resource, resource.prepared(rows), ids)
        count = without_confidential(rows).count()
        details = {"command": "discrepancies"} | ({"confidential": True} if count < len(ids) else {})
        record(AuditAction.DOWNLOAD_LIST, company=company, count=count, details=details)
        try:
            with open_private(output) as file:
                if options["format"] == "json":
                    headers = resource.headers()
                    found = [dict(zip(headers, row, strict=True)) for row in cells]
                    file.write(json.dumps(found, default=str, ensure_ascii=False, indent=1).encode())
                else:
                    write_file(file, resource, options["format"], cells)
        except OSError as error:
            raise CommandError(f"{output}: cannot be written ({error.strerror})") from error
        self.stdout.write(f"{len(ids)} discrepancies written to {output}")
