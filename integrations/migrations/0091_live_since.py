"""Since when an account is written to."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0090_payable_sheets")]

    operations = [
        migrations.AddField("blingwriting", "live_since", models.DateTimeField(editable=False, null=True)),
    ]
