"""`migrate`: a migration that fails takes nothing away from those who go on."""

import pytest
from django.core.management import call_command
from django.core.management.commands.migrate import Command as MigrateCommand
from django.db import connection

from integrations.models import Discrepancy
from integrations.models.open_reasons import drop_view


@pytest.mark.django_db
def test_discrepancies_can_be_read_after_a_migration_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_options: object) -> None:
        drop_view(using=connection.alias, plan=["a migration"])
        raise RuntimeError("a lock was not granted")

    monkeypatch.setattr(MigrateCommand, "handle", fail)
    with pytest.raises(RuntimeError):
        call_command("migrate")
    assert not Discrepancy.objects.exists()


@pytest.mark.django_db
def test_what_only_asks_for_the_plan_makes_no_table() -> None:
    """Tries of passwords are counted in one, which comes with the migrations and with nothing else."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE integrations_cache")
    call_command("migrate", plan=True, verbosity=0)
    assert "integrations_cache" not in connection.introspection.table_names()
    call_command("migrate", verbosity=0)
    assert "integrations_cache" in connection.introspection.table_names()
