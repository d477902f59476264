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


class Command(BaseCommand):
    help = "Write everything that is stored about a person for one company to a JSON file (LGPD: access)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        _person.add_arguments(parser)
        parser.add_argument("--output", type=Path, required=True, metavar="FILE")

    def handle(self, *args: Any, document: str, tenant: str, output: Path, **options: Any) -> None:
        with override("pt-br"):
            found = report(_person.tenant_named(tenant), _person.document_of(document))
        if not found:
            raise CommandError("nobody has this document in this company")
        text = json.dumps(found, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)
        try:
            with open_private(output) as file:
                file.write(text.encode())
        except OSError as error:
            raise CommandError(f"{output}: cannot be written ({error.strerror})") from error
        self.stdout.write(f"{sum(map(len, found.values()))} rows of {len(found)} tables written to {output}")
