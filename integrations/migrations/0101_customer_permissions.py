"""Let finance and operation decide about customers of other systems, and everybody who works with Bling see them."""

from importlib import import_module

from django.db import migrations

_groups = import_module("integrations.migrations.0002_groups")
_GIVEN = {
    "Financeiro": ["view_customerwrite", "resolve_customer"],
    "Operação": ["view_customerwrite", "resolve_customer"],
    "Suporte": ["view_customerwrite"],
}


def give(apps, schema_editor):
    _groups.give_permissions(apps, schema_editor, _GIVEN)


class Migration(migrations.Migration):
    dependencies = [("integrations", "0100_customers")]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
