import integrations.domain.discrepancies
from django.conf import settings
from django.db import migrations, models


OF_BODIES = """
UPDATE integrations_attempt SET value = (body ->> 'value')::numeric,
    paid = (body -> 'payment' ->> 'amount')::numeric, paid_on = (body -> 'payment' ->> 'date')::date
WHERE body ? 'value'
"""


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0051_wake_ups'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='attempt',
            name='paid',
            field=models.DecimalField(decimal_places=2, editable=False, max_digits=15, null=True, verbose_name='paid amount'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='paid_on',
            field=models.DateField(editable=False, null=True, verbose_name='paid on'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='value',
            field=models.DecimalField(decimal_places=2, editable=False, max_digits=15, null=True, verbose_name='value'),
        ),
        migrations.AddIndex(
            model_name='alert',
            index=models.Index(condition=models.Q(('closed_at__isnull', False)), fields=['closed_at'], name='alert_age'),
        ),
        migrations.AddIndex(
            model_name='attempt',
            index=models.Index(condition=models.Q(('body', {}), ('failure__isnull', True), ('message', ''), _negated=True), fields=['started_at'], name='attempt_with_body'),
        ),
        migrations.AddIndex(
            model_name='connectionevent',
            index=models.Index(fields=['at'], name='connection_event_age'),
        ),
        migrations.AddIndex(
            model_name='kaminosnapshot',
            index=models.Index(fields=['read_at'], name='snapshot_age'),
        ),
        migrations.AddIndex(
            model_name='listedspan',
            index=models.Index(fields=['read_at'], name='listed_span_age'),
        ),
        migrations.AddIndex(
            model_name='storeddiscrepancy',
            index=models.Index(condition=models.Q(('closed_at__isnull', False)), fields=['closed_at'], name='discrepancy_age'),
        ),
        migrations.AddIndex(
            model_name='storeddiscrepancy',
            index=models.Index(condition=models.Q(('closed_at', None), ('kind__in', (integrations.domain.discrepancies.DiscrepancyKind['DOUBLE_PAYMENT_RISK'], integrations.domain.discrepancies.DiscrepancyKind['DUPLICATED']))), fields=['posting'], name='discrepancy_risk'),
        ),
        migrations.AddIndex(
            model_name='syncrun',
            index=models.Index(condition=models.Q(('ended_at__isnull', False)), fields=['ended_at'], name='run_age'),
        ),
        migrations.RunSQL(OF_BODIES, migrations.RunSQL.noop),
    ]
