import json
import os
import re
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from integrations.pipeline.company.provision_document import DocumentError
from integrations.pipeline.company.provisioning import provision

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Command(BaseCommand):
    help = "Create or update companies and their connections from a JSON file; ${NAME} comes from the environment."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file}: cannot be read ({error})") from error
        try:
            document = _with_variables(json.loads(text), "$")
            companies = provision(document, now=timezone.now())
        except json.JSONDecodeError as error:
            raise CommandError(f"{file}, line {error.lineno}, column {error.colno}: {error.msg}") from error
        except DocumentError as error:
            raise CommandError(f"{file}{_line_of(text, error.where)}: {error}") from error
        for made in companies:
            self.stdout.write("\n".join([f"{made.tenant.slug}: ok", *(f"  {text}" for text in made.kept)]))


def _with_variables(value: Any, where: str) -> Any:
    if isinstance(value, dict):
        return {key: _with_variables(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, list):
        return [_with_variables(item, f"{where}[{index}]") for index, item in enumerate(value)]
    if not isinstance(value, str):
        return value
    missing = [name for name in _VARIABLE.findall(value) if name not in os.environ]
    if missing:
        raise DocumentError(where, f"the environment variable {missing[0]} is not set")
    return _VARIABLE.sub(lambda match: os.environ[match.group(1)], value)


def _line_of(text: str, where: str) -> str:
    """Find the line of the innermost key of a path: the n-th object is sought where n-1 like it were passed."""
    position = 0
    for key, index in re.findall(r"\.(\w+)(?:\[(\d+)\])?", where):
        found = text.find(f'"{key}"', position)
        if found < 0:
            break
        position = found
        for _ in range(int(index or 0)):
            position = _after_object(text, text.find("{", position))
    return f", line {text.count(chr(10), 0, position) + 1}"


def _after_object(text: str, start: int) -> int:
    """Return the position after the object that begins at `start`."""
    try:
        return json.JSONDecoder().raw_decode(text, start)[1]
    except (ValueError, IndexError):
        return max(start, 0)
