"""Give the groups what they need of alerts, limits and breakers."""

from django.apps import apps as installed_apps
from django.contrib.auth.management import create_permissions
from django.db import migrations

GROUPS = {
    "Suporte": ["view_alert", "view_ratelimit", "view_breaker", "view_syncrun"],
    "Financeiro": ["view_alert"],
    "Operação": ["view_alert"],
}
ADDED = {"Suporte": ["view_alert", "view_breaker"], "Financeiro": ["view_alert"], "Operação": ["view_alert"]}


def _rows(apps, codenames):
    Permission = apps.get_model("auth", "Permission")
    rows = Permission.objects.filter(content_type__app_label="integrations", codename__in=codenames)
    missing = set(codenames) - {row.codename for row in rows}
    if missing:
        raise RuntimeError(f"No such permissions: {', '.join(sorted(missing))}")
    return rows


def add(apps, schema_editor):
    # Permissions are otherwise made after the last migration, too late for this one.
    config = installed_apps.get_app_config("integrations")
    create_permissions(config, apps=apps, verbosity=0, using=schema_editor.connection.alias)
    for name, codenames in GROUPS.items():
        # A group that somebody renamed or deleted stays as it is.
        for group in apps.get_model("auth", "Group").objects.filter(name=name):
            group.permissions.add(*_rows(apps, codenames))


def remove(apps, schema_editor):
    """Take away what `add` brought, and leave what 0002 gave."""
    for name, codenames in ADDED.items():
        for group in apps.get_model("auth", "Group").objects.filter(name=name):
            group.permissions.remove(*_rows(apps, codenames))


class Migration(migrations.Migration):
    dependencies = [("integrations", "0004_unresolved_attempts"), ("integrations", "0002_groups")]
    operations = [migrations.RunPython(add, remove)]
