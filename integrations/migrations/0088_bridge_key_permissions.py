"""Let support make and revoke keys of the bridge."""

from importlib import import_module

from django.db import migrations

_groups = import_module("integrations.migrations.0002_groups")
_GIVEN = {"Suporte": ["view_apikey", "manage_apikey"]}


def give(apps, schema_editor):
    _groups.give_permissions(apps, schema_editor, _GIVEN)


class Migration(migrations.Migration):
    dependencies = [("integrations", "0087_bridge_keys")]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
