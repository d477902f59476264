"""Django's `migrate`, which leaves the view of discrepancies and the triggers that wake companies in place also where a
migration failed: alerts of double payments read the one, and no work is found without the others."""

from contextlib import suppress
from typing import Any

from django.core.management.commands.migrate import Command as MigrateCommand
from django.db import DatabaseError

from integrations.management.owner import as_owner
from integrations.models.open_reasons import make_view
from integrations.models.wake_up_triggers import make_triggers


class Command(MigrateCommand):
    def handle(self, *args: Any, **options: Any) -> None:
        with as_owner(options["database"]):
            try:
                super().handle(*args, **options)
            except BaseException:
                for make in (make_view, make_triggers):
                    with suppress(DatabaseError):  # a half migrated table may lack a column of it
                        make(using=options["database"])
                raise
