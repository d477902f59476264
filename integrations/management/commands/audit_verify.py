import re
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from integrations.pipeline.audit.verify import MOST_NAMED, verify


class Command(BaseCommand):
    help = "Say whether rows of the audit record were changed or removed. Give it a head that was kept elsewhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--head", metavar="N:HASH", help="a head from the log stream or from an auditor's mail")

    def handle(self, *args: Any, head: str | None, **options: Any) -> None:
        verdict = verify(now=timezone.now(), head=_head_of(head))
        self.stdout.write(f"{verdict.sealed} events are chained; the head is {verdict.last or 'none'}")
        for text in verdict.notes:
            self.stdout.write(f"note: {text}")
        for text in verdict.problems[:MOST_NAMED]:
            self.stderr.write(f"PROBLEM: {text}")
        if verdict.problems:
            raise CommandError(f"the audit record is not whole: {len(verdict.problems)} problems")
        self.stdout.write("nothing was changed or removed" + (f" up to seal {verdict.last}" if head else ""))


def _head_of(text: str | None) -> tuple[int, str] | None:
    """Return number and hash. Raises `CommandError`."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d{1,18}):([0-9a-f]{64})", text.strip())
    if found is None:
        raise CommandError("--head is a number, a colon and 64 hexadecimal digits, as the mail says")
    return int(found[1]), found[2]
