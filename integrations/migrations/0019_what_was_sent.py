"""Attempts keep the body that was really sent and what was one too many; rows of an unknown status are called so."""

from django.db import migrations, models


def name_unknown_statuses(apps, schema_editor):
    """Rows with a status number that nobody knows were stored as pending."""
    rows = apps.get_model("integrations", "KaminoSnapshot").objects
    rows.filter(is_in_force=False, awaits_approval=False).update(status="unknown")


def call_them_pending(apps, schema_editor):
    apps.get_model("integrations", "KaminoSnapshot").objects.filter(status="unknown").update(status="pending")


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0018_reviews'),
    ]

    operations = [
        migrations.AddField(
            model_name='attempt',
            name='sent_body',
            field=models.JSONField(editable=False, null=True, verbose_name='what was sent'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='surplus_gone_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='removed at'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='surplus_id',
            field=models.BigIntegerField(editable=False, null=True, verbose_name='one too many'),
        ),
        migrations.AlterField(
            model_name='attempt',
            name='body',
            field=models.JSONField(verbose_name='what was to be sent'),
        ),
        migrations.AlterField(
            model_name='personaction',
            name='kind',
            field=models.CharField(choices=[('resync', 'Resync'), ('retry', 'Send to Kamino again'), ('ignore', 'Not to be synced'), ('unignore', 'Sync again'), ('force', 'Force settlement in Kamino'), ('undo_force', 'Take back a forced settlement'), ('approve_force', 'Approve a forced settlement'), ('refuse_force', 'Refuse a forced settlement'), ('link', 'Link to a title in Kamino'), ('create', 'Create in Kamino all the same'), ('happened', 'Confirmed: Kamino did it'), ('did_not_happen', 'Confirmed: Kamino did not do it'), ('replaces', 'Replaces a deleted title'), ('follow_up', 'Assigned or commented'), ('replaces_none', 'Replaces no other title'), ('surplus_gone', 'Confirmed: nothing is one too many in Kamino')], max_length=14, verbose_name='action'),
        ),
        migrations.AddIndex(
            model_name='attempt',
            index=models.Index(condition=models.Q(('surplus_gone_at', None), ('surplus_id__isnull', False)), fields=['kamino_connection'], name='attempt_has_surplus'),
        ),
        migrations.RunPython(name_unknown_statuses, call_them_pending),
    ]
