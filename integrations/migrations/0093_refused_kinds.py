"""Which kind of object Bling lets nobody write, and until when it is left alone."""

from django.db import migrations, models

NOTHING = models.Value({}, models.JSONField())


class Migration(migrations.Migration):
    dependencies = [("integrations", "0092_bling_apps")]

    operations = [
        operation
        for kind in ("payables", "contacts")
        for operation in (
            migrations.AddField(
                "blingwriting", f"{kind}_failure", models.JSONField(db_default=NOTHING, default=dict, editable=False)
            ),
            migrations.AddField(
                "blingwriting", f"{kind}_wait_until", models.DateTimeField(editable=False, null=True)
            ),
        )
    ]
