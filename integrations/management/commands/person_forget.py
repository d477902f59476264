from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from integrations.management.commands import _person
from integrations.pipeline.company.privacy import forget, note_refusal
from integrations.pipeline.desk.refusal import Refused


class Command(BaseCommand):
    help = "Erase what names a person from one company's data (LGPD: erasure). Erase in Bling and Kamino first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        _person.add_arguments(parser)
        parser.add_argument("--user", metavar="NAME", required=True, help="who decides this, by log-in name")
        parser.add_argument("--reason", required=True)

    def handle(self, *args: Any, tenant: str, user: str, reason: str, **options: Any) -> None:
        person = User.objects.filter(username=user).first()
        if person is None:
            note_refusal("forget", "user")
            raise CommandError(f"no user with the log-in name {user!r}")
        company, who = _person.asked_for("forget", tenant=tenant, **options)
        try:
            erased = forget(tenant=company, who=who, reason=reason, user=person, now=timezone.now())
        except Refused as error:
            raise CommandError(f"nothing was erased: {error.message}") from error
        self.stdout.write(f"{erased.persons} contacts and {erased.titles} titles emptied")
        if erased.namesakes:
            others = ", ".join(map(str, erased.namesakes))
            self.stdout.write(f"of the same name, without CPF/CNPJ, not touched: {others}")
