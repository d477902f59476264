"""Let finance decide what is filtered, and support see it."""

from django.apps import apps as installed_apps
from django.contrib.auth.management import create_permissions
from django.db import migrations

_ALL = [f"{verb}_filterrule" for verb in ("add", "change", "delete", "view")]
GROUPS = {"Suporte": _ALL, "Financeiro": _ALL, "Operação": ["view_filterrule"]}


def add(apps, schema_editor):
    # Permissions are otherwise made after the last migration, too late for this one.
    config = installed_apps.get_app_config("integrations")
    create_permissions(config, apps=apps, verbosity=0, using=schema_editor.connection.alias)
    permissions = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="integrations")
    for name, codenames in GROUPS.items():
        # A group that somebody renamed or deleted stays as it is.
        for group in apps.get_model("auth", "Group").objects.filter(name=name):
            group.permissions.add(*permissions.filter(codename__in=codenames))


def remove(apps, schema_editor):
    for group in apps.get_model("auth", "Group").objects.filter(name__in=GROUPS):
        group.permissions.remove(*group.permissions.filter(codename__in=_ALL))


class Migration(migrations.Migration):
    dependencies = [("integrations", "0009_engine")]
    operations = [migrations.RunPython(add, remove)]
