from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from integrations.management.commands._probe import print_lines
from integrations.models import BlingConnection
from integrations.pipeline.company.probes import probe_bling


class Command(BaseCommand):
    help = "Try each Bling scope of a company's connections and print what was seen. Exit 1: something did not work."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")

    def handle(self, *args: Any, slug: str, **options: Any) -> None:
        connections = list(BlingConnection.objects.filter(tenant__slug=slug).order_by("label"))
        if not connections:
            raise CommandError(f"no Bling connection for the company {slug!r}")
        lines = (line for connection in connections for line in probe_bling(connection, clock=timezone.now))
        print_lines(self.stdout, lines)
