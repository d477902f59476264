from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from integrations.management.owner import as_owner
from integrations.models.audit_tables import MonthError, drop_months, make_months
from integrations.pipeline.audit.verify import KEPT


class Command(BaseCommand):
    help = "Make the tables of the next months of the audit record, and drop those that are older than five years."

    def handle(self, *args: Any, **options: Any) -> None:
        with as_owner():
            make_months(using="default")
            try:
                dropped = drop_months(before=(timezone.now() - KEPT - timedelta(days=1)).date(), using="default")
            except MonthError as error:
                raise CommandError(str(error)) from error
        for line in dropped:
            self.stdout.write(line)
        self.stdout.write("the tables of the next months are there")
