"""Let finance and operation decide about bills of other systems, and everybody who works with Bling see them."""

from importlib import import_module

from django.db import migrations

_groups = import_module("integrations.migrations.0002_groups")
_GIVEN = {
    "Financeiro": ["view_orderwrite", "resolve_order"],
    "Operação": ["view_orderwrite", "resolve_order"],
    "Suporte": ["view_orderwrite"],
}


def give(apps, schema_editor):
    _groups.give_permissions(apps, schema_editor, _GIVEN)


class Migration(migrations.Migration):
    dependencies = [("integrations", "0102_bills")]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
