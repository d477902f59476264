"""What ended an attempt, as a code with parameters: its sentence is made when somebody looks."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0048_creation_orders")]

    operations = [
        migrations.AddField(
            model_name="attempt", name="failure", field=models.JSONField(editable=False, null=True)
        ),
    ]
