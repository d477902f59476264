"""Give the groups what came with closing companies and confidential categories."""

from importlib import import_module

from django.db import migrations

_groups = import_module("integrations.migrations.0002_groups")
GROUPS = {
    "Suporte": ["close_tenant"],
    "Financeiro": [
        "view_confidential", "view_confidentialcategory", "add_confidentialcategory", "change_confidentialcategory",
        "delete_confidentialcategory",
    ],
}  # fmt: skip


def add_permissions(apps, schema_editor):
    _groups.give_permissions(apps, schema_editor, GROUPS)


class Migration(migrations.Migration):
    dependencies = [("integrations", "0003_privacy")]
    operations = [migrations.RunPython(add_permissions, migrations.RunPython.noop)]
