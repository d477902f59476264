"""Create the groups Suporte, Financeiro and Operação with their permissions."""

from django.apps import apps as installed_apps
from django.contrib.auth.management import create_permissions
from django.db import migrations

APPS = ["integrations", "django_q"]
TABLES = [
    "tenant", "blingconnection", "kaminoconnection", "connectionevent", "title", "payment", "person", "posting",
    "personposting", "attempt", "forcedsettlement", "mapping", "catalogitem", "kaminoitem", "syncrun", "discrepancy",
    "ratelimit", "breaker", "alert", "filterrule", "mappingchange", "plannedwrite",
    "bulkorder",
]  # fmt: skip
WORK = [
    "tenant", "title", "payment", "person", "posting", "personposting", "attempt", "forcedsettlement", "mapping",
    "catalogitem", "kaminoitem", "syncrun", "discrepancy", "alert", "filterrule",
    "mappingchange", "plannedwrite", "bulkorder", "export", "monthclosing",
]  # fmt: skip
FILTERS = ["add_filterrule", "change_filterrule", "delete_filterrule"]

GROUPS = {
    "Suporte": [
        *(f"view_{table}" for table in TABLES),
        "add_tenant", "change_tenant", "add_blingconnection", "change_blingconnection", "add_kaminoconnection",
        "change_kaminoconnection", "connect_blingconnection", "test_kaminoconnection", "access_all_tenants",
        "activate_tenant", "sync_tenant", "view_schedule", "view_failure", *FILTERS,
    ],
    "Financeiro": [
        *(f"view_{table}" for table in WORK),
        "change_mapping", "export_mapping", "import_mapping", "sync_tenant", "export_discrepancy", "export_title",
        "close_month", "view_personal_data", *FILTERS,
    ],
    "Operação": [
        *(f"view_{table}" for table in WORK),
        "sync_tenant", "resync_title", "force_settlement", "resolve_posting", "export_discrepancy", "export_title",
    ],
}  # fmt: skip


def create_groups(apps, schema_editor):
    give_permissions(apps, schema_editor, GROUPS)


def give_permissions(apps, schema_editor, groups):
    """Give each group its permissions; a later migration adds to these."""
    # Permissions are otherwise made after the last migration, too late for this one.
    for label in APPS:
        config = installed_apps.get_app_config(label)
        create_permissions(config, apps=apps, verbosity=0, using=schema_editor.connection.alias)
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    for name, codenames in groups.items():
        rows = Permission.objects.filter(content_type__app_label__in=APPS, codename__in=codenames)
        missing = set(codenames) - {row.codename for row in rows}
        if missing:
            raise RuntimeError(f"Group {name}: no such permissions: {', '.join(sorted(missing))}")
        group, _created = Group.objects.get_or_create(name=name)
        group.permissions.add(*rows)


def remove_groups(apps, schema_editor):
    apps.get_model("auth", "Group").objects.filter(name__in=GROUPS).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("django_q", "0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(create_groups, remove_groups)]
