"""The audit record, in tables of its own, and the group that reads it."""

from importlib import import_module

from django.db import migrations, models

import integrations.words.audit
from integrations.models.audit_tables import GUARDS, MAKE

_groups = import_module("integrations.migrations.0002_groups")
GROUPS = {"Auditoria": ["view_auditevent", "export_auditevent"]}
DROP = r"""
DROP TABLE integrations_auditevent, integrations_auditseal;
DO $$ DECLARE one regprocedure; BEGIN
    FOR one IN SELECT oid FROM pg_proc WHERE proname LIKE 'integrations\_audit%'
        AND pronamespace = current_schema()::regnamespace
    LOOP EXECUTE format('DROP FUNCTION %s CASCADE', one); END LOOP;
END $$;
"""
"""With the triggers of other tables, which would record into them."""


def add_group(apps, schema_editor):
    _groups.give_permissions(apps, schema_editor, GROUPS)


def remove_group(apps, schema_editor):
    apps.get_model("auth", "Group").objects.filter(name__in=GROUPS).delete()


class Migration(migrations.Migration):
    dependencies = [("integrations", "0076_kamino_cn")]
    operations = [
        migrations.CreateModel(
            name="AuditEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(db_default=models.functions.Now(), verbose_name="at")),
                ("action", models.CharField(choices=integrations.words.audit.action_choices, max_length=20, verbose_name="action")),
                ("actor_id", models.BigIntegerField(null=True)),
                ("actor", models.CharField(max_length=150, verbose_name="who")),
                ("address", models.CharField(blank=True, default="", max_length=45, verbose_name="address")),
                ("company_id", models.BigIntegerField(null=True)),
                ("company", models.CharField(blank=True, default="", max_length=50, verbose_name="company")),
                ("object_type", models.CharField(blank=True, default="", max_length=30, verbose_name="of what")),
                ("object_id", models.BigIntegerField(null=True, verbose_name="number")),
                ("filter", models.TextField(blank=True, default="", verbose_name="filter")),
                ("count", models.IntegerField(null=True, verbose_name="rows")),
                ("amount", models.DecimalField(decimal_places=2, max_digits=17, null=True, verbose_name="amount")),
                ("details", models.JSONField(default=dict, verbose_name="details")),
            ],
            options={
                "verbose_name": "event of the audit record",
                "verbose_name_plural": "audit record",
                "ordering": ["-at", "-pk"],
                "permissions": [("export_auditevent", "Can export the audit record")],
                "managed": False,
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="AuditPending",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("event_id", models.BigIntegerField()),
                ("event_at", models.DateTimeField()),
            ],
            options={"default_permissions": ()},
        ),
        migrations.CreateModel(
            name="AuditSeal",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("event_id", models.BigIntegerField()),
                ("event_at", models.DateTimeField()),
                ("digest", models.CharField(max_length=64)),
                ("previous", models.CharField(max_length=64)),
                ("hash", models.CharField(max_length=64)),
                ("sealed_at", models.DateTimeField()),
            ],
            options={"ordering": ["number"], "managed": False, "default_permissions": ()},
        ),
        migrations.RunSQL(f"{MAKE}{GUARDS}", DROP),
        migrations.RunPython(add_group, remove_group),
    ]
