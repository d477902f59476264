"""Give the groups what came with restores."""

from importlib import import_module

from django.db import migrations

_groups = import_module("integrations.migrations.0002_groups")
GROUPS = {
    "Suporte": ["view_restorehold"],
    "Financeiro": ["view_restorehold"],
    "Operação": ["view_restorehold", "release_restorehold"],
}


def add_permissions(apps, schema_editor):
    _groups.give_permissions(apps, schema_editor, GROUPS)


class Migration(migrations.Migration):
    dependencies = [("integrations", "0027_restores")]
    operations = [migrations.RunPython(add_permissions, migrations.RunPython.noop)]
