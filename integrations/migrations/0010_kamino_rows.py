"""Kamino's rows are read once, into columns. What was kept of older readings is dropped, and every company's lists are read
again before anything more is sent there: a delivery waits for a reconciliation (`live_kaminos`)."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0009_reasons'),
    ]

    operations = [
        migrations.RunSQL(
            [
                "DELETE FROM integrations_kaminosnapshot",
                "UPDATE integrations_kaminoconnection SET reconciled_at = NULL, reconcile_cursor = '{}'",
            ],
            migrations.RunSQL.noop,
        ),
        migrations.AddField(
            model_name='kaminosnapshot',
            name='awaits_approval',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='kaminosnapshot',
            name='business_unit',
            field=models.TextField(default=''),
        ),
        migrations.AddField(
            model_name='kaminosnapshot',
            name='chart_account',
            field=models.TextField(default=''),
        ),
        migrations.AddField(
            model_name='kaminosnapshot',
            name='competence_date',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='kaminosnapshot',
            name='cost_center',
            field=models.TextField(default=''),
        ),
        migrations.AddField(
            model_name='kaminosnapshot',
            name='description',
            field=models.TextField(default=''),
        ),
        migrations.AddField(
            model_name='kaminosnapshot',
            name='external_code',
            field=models.TextField(default=''),
        ),
        migrations.AddField(
            model_name='kaminosnapshot',
            name='is_in_force',
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name='kaminosnapshot',
            name='note',
            field=models.TextField(default=''),
        ),
        migrations.AddField(
            model_name='kaminosnapshot',
            name='paid_amount',
            field=models.DecimalField(decimal_places=2, max_digits=15, null=True),
        ),
        migrations.AddField(
            model_name='kaminosnapshot',
            name='payment_account',
            field=models.TextField(default=''),
        ),
        migrations.AddField(
            model_name='kaminosnapshot',
            name='payment_date',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='kaminosnapshot',
            name='person_name',
            field=models.TextField(default=''),
        ),
        migrations.AddField(
            model_name='kaminosnapshot',
            name='reconciled',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='kaminosnapshot',
            name='scheduled',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='kaminosnapshot',
            name='sent_to_bank',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='kaminosnapshot',
            name='status',
            field=models.CharField(default='pending', max_length=12),
        ),
        migrations.AlterField(
            model_name='kaminosnapshot',
            name='row',
            field=models.JSONField(default=dict),
        ),
    ]
