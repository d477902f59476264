from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from integrations.management.commands._probe import print_lines
from integrations.models import KaminoConnection
from integrations.pipeline.company.probes import probe_kamino


class Command(BaseCommand):
    help = "Try each Kamino endpoint with a company's keys and print what was seen. Exit 1: something did not work."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--write", action="store_true", help="also create, change and cancel a title of R$ 0,01")

    def handle(self, *args: Any, slug: str, write: bool, **options: Any) -> None:
        connection = KaminoConnection.objects.filter(tenant__slug=slug).first()
        if connection is None:
            raise CommandError(f"no Kamino connection for the company {slug!r}")
        print_lines(self.stdout, probe_kamino(connection, clock=timezone.now, write=write))
