import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0036_one_difference_of_payment")]

    operations = [
        migrations.AddField(
            model_name="monthclosing",
            name="as_sent_accepted_by",
            field=models.ForeignKey(
                editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+",
                to=settings.AUTH_USER_MODEL, verbose_name="accepted what was not read",
            ),
        ),
    ]
