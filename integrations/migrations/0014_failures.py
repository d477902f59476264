"""What failed is stored as codes and shown as a sentence; sentences of version 0.1 stay readable as `text`."""

from django.db import migrations, models

KEEP = """
UPDATE integrations_kaminoconnection SET failure = jsonb_build_object('text', error) WHERE error <> '';
UPDATE integrations_syncrun SET failure = jsonb_build_object('kind', error_kind, 'text', error)
    WHERE error <> '' OR error_kind <> '';
UPDATE integrations_alert SET params = jsonb_build_object('text', detail) WHERE cause <> '';
UPDATE integrations_export SET failure = CASE WHEN error LIKE 'The person%' THEN 'not_allowed' ELSE 'crashed' END
    WHERE error <> '';
"""
FAILURES = [
    ("not_allowed", "The person who ordered it may no longer export these rows."),
    ("crashed", "Internal error; tell support."),
]


class Migration(migrations.Migration):
    dependencies = [("integrations", "0013_connection_managers")]

    operations = [
        migrations.AddField(
            "kaminoconnection", "failure", models.JSONField(default=dict, editable=False, verbose_name="last error")
        ),
        migrations.AddField(
            "syncrun", "failure", models.JSONField(blank=True, default=dict, verbose_name="error")
        ),
        migrations.AddField("alert", "params", models.JSONField(default=dict, editable=False)),
        migrations.AddField(
            "export", "failure",
            models.CharField(blank=True, choices=FAILURES, default="", max_length=12, verbose_name="error"),
        ),
        migrations.RunSQL(KEEP, migrations.RunSQL.noop),
        migrations.RemoveField("kaminoconnection", "error"),
        migrations.RemoveField("historicalkaminoconnection", "error"),
        migrations.RemoveField("syncrun", "error"),
        migrations.RemoveField("syncrun", "error_kind"),
        migrations.RemoveField("alert", "detail"),
        migrations.RemoveField("export", "error"),
    ]  # fmt: skip
