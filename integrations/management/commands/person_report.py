import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.translation import override

from integrations.management.commands import _person
from integrations.management.files import open_private
from integrations.pipeline.company.privacy import report
from integrations.pipeline.company.subjects import namesakes, subject_of
from integrations.pipeline.desk.refusal import Refused


class Command(BaseCommand):
    help = "Write everything that is stored about a person for one company to a JSON file (LGPD: access)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        _person.add_arguments(parser)
        parser.add_argument("--output", type=Path, required=True, metavar="FILE")

    def handle(self, *args: Any, tenant: str, output: Path, **options: Any) -> None:
        company, who = _person.asked_for("report", tenant=tenant, **options)
        try:
            with override("pt-br"):
                found = report(company, who)
                others = list(namesakes(subject_of(company, who)).values_list("bling_id", flat=True))
        except Refused as error:
            raise CommandError(f"nothing was written: {error.message}") from error
        text = json.dumps(found, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)
        try:
            with open_private(output) as file:
                file.write(text.encode())
        except OSError as error:
            raise CommandError(f"{output}: cannot be written ({error.strerror})") from error
        self.stdout.write(f"{sum(map(len, found.values()))} rows of {len(found)} tables written to {output}")
        if others:
            self.stdout.write(f"of the same name, without CPF/CNPJ, not in it: {', '.join(map(str, others))}")
