from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from integrations.management.commands._probe import print_lines
from integrations.models import BlingConnection
from integrations.pipeline.company.probes import probe_bling, probe_bling_writes


class Command(BaseCommand):
    help = "Try each Bling scope of a company's connections and print what was seen. Exit 1: something did not work."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument(
            "--write",
            action="store_true",
            help="also create payables of R$ 0,01, see what Bling makes of them, delete them",
        )

    def handle(self, *args: Any, slug: str, write: bool, **options: Any) -> None:
        connections = list(BlingConnection.objects.filter(tenant__slug=slug).order_by("label"))
        if not connections:
            raise CommandError(f"no Bling connection for the company {slug!r}")
        probes = (probe_bling, probe_bling_writes) if write else (probe_bling,)
        calls = ((probe, connection) for connection in connections for probe in probes)
        print_lines(
            self.stdout, (line for probe, connection in calls for line in probe(connection, clock=timezone.now))
        )
