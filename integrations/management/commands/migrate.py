"""Django's `migrate`, which leaves the view of discrepancies in place also where a migration failed: alerts of double
payments read it."""

from contextlib import suppress
from typing import Any

from django.core.management.commands.migrate import Command as MigrateCommand
from django.db import DatabaseError

from integrations.models.open_reasons import make_view


class Command(MigrateCommand):
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            super().handle(*args, **options)
        except BaseException:
            with suppress(DatabaseError):  # a half migrated table may lack a column of it
                make_view(using=options["database"])
            raise
