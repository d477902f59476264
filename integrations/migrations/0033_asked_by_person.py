"""Who asks for a title to be read: a person also gets its contact and its sales order as Bling shows them now."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0032_clocks'),
    ]

    operations = [
        migrations.AddField(
            model_name='titleread',
            name='is_asked_by_person',
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
