"""Parts know their direction: Kamino numbers payables and receivables apart, so one of each may have the same id."""

from django.db import migrations, models

DIRECTIONS = [('payable', 'Payable'), ('receivable', 'Receivable')]
FILL = """
UPDATE integrations_partposting part SET direction = posting.direction
FROM integrations_posting posting WHERE posting.id = part.posting_id
"""


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0015_outcome_choices'),
    ]

    operations = [
        migrations.AddField(
            model_name='partposting',
            name='direction',
            field=models.CharField(max_length=10, null=True, choices=DIRECTIONS, verbose_name='direction'),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name='partposting',
            name='direction',
            field=models.CharField(max_length=10, choices=DIRECTIONS, verbose_name='direction'),
        ),
        migrations.RemoveConstraint(model_name='partposting', name='one_part_per_kamino_title'),
        migrations.AddConstraint(
            model_name='partposting',
            constraint=models.UniqueConstraint(
                condition=models.Q(('kamino_id__isnull', False)),
                fields=('kamino_connection', 'direction', 'kamino_id'),
                name='one_part_per_kamino_title',
            ),
        ),
    ]
