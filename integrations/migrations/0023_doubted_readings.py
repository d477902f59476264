"""A title's row is compared with its facts; readings that contradict a listing, and contacts to be read, are marked.

`Title.row_fingerprint` is no longer read: it could be that of another moment than the facts beside it. The column stays,
with a default, for workers of the version before; a later migration drops it.
"""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0022_payable_number'),
    ]

    operations = [
        migrations.AddField(
            model_name='titleread',
            name='is_doubted',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='person',
            name='is_stale',
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.RemoveField(model_name='title', name='row_fingerprint')],
            database_operations=[
                migrations.RunSQL(
                    "ALTER TABLE integrations_title ALTER COLUMN row_fingerprint SET DEFAULT ''",
                    "ALTER TABLE integrations_title ALTER COLUMN row_fingerprint DROP DEFAULT",
                )
            ],
        ),
    ]
