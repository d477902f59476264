from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from integrations.models import RestoreHold
from integrations.pipeline.access import restores
from integrations.queue import enqueue_tick


class Command(BaseCommand):
    help = "Say that the database was restored: nothing is sent to a company before its Kamino was read again."

    def handle(self, *args: Any, **options: Any) -> None:
        restores.after_restore(timezone.now())
        enqueue_tick()
        kaminos = RestoreHold.objects.filter(RestoreHold.OPEN).values("kamino_connection").distinct().count()
        self.stdout.write(f"{kaminos} companies wait until their Kamino was read again")
        for signal in restores.unread_identity():
            self.stdout.write(f"this role may not read the database's {signal}: a change of it is not noticed")
