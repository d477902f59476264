"""Let finance enter payables for Bling, operation follow them, and support switch that on."""

from importlib import import_module

from django.db import migrations

_groups = import_module("integrations.migrations.0002_groups")
_SEEN = ["view_payablewrite", "view_writebatch", "view_blingattempt"]
_GIVEN = {
    "Financeiro": [*_SEEN, "enter_payable", "approve_payable", "resolve_payable"],
    "Operação": [*_SEEN, "resolve_payable"],
    "Suporte": [*_SEEN, "activate_blingwriting"],
}


def give(apps, schema_editor):
    _groups.give_permissions(apps, schema_editor, _GIVEN)


class Migration(migrations.Migration):
    dependencies = [("integrations", "0085_bling_writing")]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
