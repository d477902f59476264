"""The queue's own tables: schedules and failed tasks, to be looked at; the rest is noise and not shown."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext
from django_q.models import Failure, OrmQ, Schedule, Success

from integrations.admin.kit import texts
from integrations.admin.kit.base import ReadOnlyAdmin
from integrations.admin.kit.decorators import display

for model in (Success, Failure, Schedule, OrmQ):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


DAY = 24 * 60
"""Minutes."""
TASKS = {
    "integrations.tasks.tick": gettext_noop("Work that is due: reading, planning, sending"),
    "integrations.tasks.purge": gettext_noop("Delete what is past its time"),
    "integrations.tasks.open_runs": gettext_noop("Begin a sync of every company"),
}


@admin.register(Schedule)
class ScheduleAdmin(ReadOnlyAdmin):
    list_display = ["schedule_name", "function", "timing", "next_time"]
    fields = list_display
    readonly_fields = list_display

    @display(gettext_lazy("name"), ordering="name")
    def schedule_name(self, row: Any) -> str:
        return row.name or texts.EMPTY

    @display(gettext_lazy("task"), ordering="func")
    def function(self, row: Any) -> str:
        return str(_(TASKS[row.func]) if row.func in TASKS else row.func)

    @display(gettext_lazy("when"))
    def timing(self, row: Any) -> str:
        if row.cron or not row.minutes:
            return row.cron or str(row.get_schedule_type_display())
        if row.minutes % DAY == 0:
            return _("every day")
        return ngettext("every %(count)s minute", "every %(count)s minutes", row.minutes) % {"count": row.minutes}

    @display(gettext_lazy("next run"), ordering="next_run")
    def next_time(self, row: Any) -> str:
        return texts.moment(row.next_run)


@admin.register(Failure)
class FailureAdmin(ReadOnlyAdmin):
    empty_text = gettext_lazy("No task failed.")
    list_display = ["function", "started_at", "stopped_at", "cause"]
    fields = list_display
    readonly_fields = list_display
    show_full_result_count = False

    @display(gettext_lazy("task"), ordering="func")
    def function(self, row: Any) -> str:
        return str(row.func)

    @display(gettext_lazy("started at"), ordering="started")
    def started_at(self, row: Any) -> str:
        return texts.moment(row.started)

    @display(gettext_lazy("ended at"), ordering="stopped")
    def stopped_at(self, row: Any) -> str:
        return texts.moment(row.stopped)

    @display(gettext_lazy("error"))
    def cause(self, row: Any) -> str:
        lines = str(row.result or "").strip().splitlines()
        return lines[-1] if lines else texts.EMPTY
