"""Let Operação create titles again that are gone from Kamino."""

from importlib import import_module

from django.db import migrations

_groups = import_module("integrations.migrations.0002_groups")


def give(apps, schema_editor):
    _groups.give_permissions(apps, schema_editor, {"Operação": ["recreate_posting"]})


class Migration(migrations.Migration):
    dependencies = [("integrations", "0034_stuck_in_kamino")]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
