from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone
from django_q.models import Schedule

from integrations import queue
from integrations.domain.calendar import BRASILIA
from integrations.pipeline.access import tokens


class Command(BaseCommand):
    help = "Create or correct the django-q schedules; to be run at every deploy."

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        wanted = [("tick", queue.TICK, 1, now), ("purge", queue.PURGE, 24 * 60, _next(now, 3))]
        wanted += [(f"sync-{hour:02d}h", queue.OPEN_RUNS, 24 * 60, _next(now, hour)) for hour in settings.SYNC_HOURS]
        for name, func, minutes, next_run in wanted:
            schedule, created = Schedule.objects.get_or_create(
                name=name,
                defaults={"func": func, "schedule_type": Schedule.MINUTES, "minutes": minutes, "next_run": next_run},
            )
            Schedule.objects.filter(pk=schedule.pk).update(
                func=func, schedule_type=Schedule.MINUTES, minutes=minutes, repeats=-1, next_run=next_run
            )
            self.stdout.write(f"{name}: {'created' if created else 'checked'}")
        tokens.find_apps_again(now)  # a deploy is what makes an app known
        stale = Schedule.objects.filter(name__startswith="sync-").exclude(name__in=[row[0] for row in wanted])
        stale.delete()


def _next(now: datetime, hour: int) -> datetime:
    """Return the next time it is `hour` o'clock in Brasília."""
    today = datetime.combine(now.astimezone(BRASILIA).date(), time(hour), BRASILIA)
    return today if today > now else today + timedelta(days=1)
