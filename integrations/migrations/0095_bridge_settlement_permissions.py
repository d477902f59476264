"""Let finance confirm keys that may settle, and everybody who follows payables for Bling follow settlements."""

from importlib import import_module

from django.db import migrations

_groups = import_module("integrations.migrations.0002_groups")
_GIVEN = {
    "Financeiro": ["view_settlementwrite", "view_apikey", "approve_apikey"],
    "Operação": ["view_settlementwrite"],
    "Suporte": ["view_settlementwrite"],
}


def give(apps, schema_editor):
    _groups.give_permissions(apps, schema_editor, _GIVEN)


class Migration(migrations.Migration):
    dependencies = [("integrations", "0094_bridge_settlements")]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
