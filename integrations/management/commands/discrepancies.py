import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations.models import Discrepancy, Tenant
from integrations.resources.discrepancies import discrepancy_dataset
from integrations.resources.files import dataset_csv, dataset_xlsx


class Command(BaseCommand):
    help = "Write the open discrepancies of one or all companies to a file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", metavar="SLUG")
        parser.add_argument("--format", choices=["csv", "xlsx", "json"], default="xlsx")
        parser.add_argument("--output", type=Path, required=True, metavar="FILE")

    def handle(self, *args: Any, tenant: str | None, output: Path, **options: Any) -> None:
        rows = Discrepancy.objects.filter(closed_at=None)
        if tenant is not None:
            if not Tenant.objects.filter(slug=tenant).exists():
                raise CommandError(f"no company with the short name {tenant!r}")
            rows = rows.filter(posting__company__tenant__slug=tenant)
        dataset = discrepancy_dataset(rows)
        writers = {
            "csv": lambda: dataset_csv(dataset).encode(),
            "xlsx": lambda: dataset_xlsx(dataset),
            "json": lambda: json.dumps(dataset.dict, default=str, ensure_ascii=False, indent=1).encode(),
        }
        try:
            output.write_bytes(writers[options["format"]]())
        except OSError as error:
            raise CommandError(f"{output}: cannot be written ({error.strerror})") from error
        self.stdout.write(f"{len(dataset)} discrepancies written to {output}")
