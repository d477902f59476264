from argparse import ArgumentParser
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from integrations.management.commands._probe import print_lines
from integrations.models import BlingConnection
from integrations.pipeline.company.probes import probe_bling, probe_bling_writes, probe_v2_numbers


class Command(BaseCommand):
    help = "Try each Bling scope of a company's connections and print what was seen. Exit 1: something did not work."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument(
            "--write",
            action="store_true",
            help="also create payables of R$ 0,01, change and settle them, see what Bling makes of that, undo it all",
        )
        parser.add_argument("--v2-contact", type=int, help="a contact's id of API v2: see whom v3 shows by it")
        parser.add_argument(
            "--v2-payment-form", type=int, help="a payment form's id of API v2: see what v3 shows by it"
        )

    def handle(
        self, *args: Any, slug: str, write: bool, v2_contact: int | None, v2_payment_form: int | None, **options: Any
    ) -> None:
        connections = list(BlingConnection.objects.filter(tenant__slug=slug).order_by("label"))
        if not connections:
            raise CommandError(f"no Bling connection for the company {slug!r}")
        numbers = partial(probe_v2_numbers, contact_id=v2_contact, payment_form_id=v2_payment_form)
        probes = (probe_bling, numbers, probe_bling_writes) if write else (probe_bling, numbers)
        calls = ((probe, connection) for connection in connections for probe in probes)
        print_lines(
            self.stdout, (line for probe, connection in calls for line in probe(connection, clock=timezone.now))
        )
