from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0038_gone_in_bling")]

    operations = [
        migrations.AddField(model_name="blingtoken", name="authorized_at", field=models.DateTimeField(null=True)),
    ]
