from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations.words.reasons_page import with_tables
from project.local import BASE_DIR

PAGE = BASE_DIR / "docs" / "reasons.md"


class Command(BaseCommand):
    help = "Renew the tables of docs/reasons.md that are made from the words."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="only say whether the page is up to date")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        page = Path(PAGE)
        before = page.read_text(encoding="utf-8")
        after = with_tables(before)
        if check and after != before:
            raise CommandError("docs/reasons.md is not up to date: run manage.py reasons_page")
        page.write_text(after, encoding="utf-8")
