import django.db.models.deletion
from django.db import migrations, models

OF_TITLE = """
UPDATE integrations_planrequest request SET connection_id = title.connection_id
FROM integrations_title title WHERE title.id = request.title_id
"""


class Migration(migrations.Migration):
    dependencies = [("integrations", "0049_failures_of_attempts")]

    operations = [
        migrations.RemoveIndex(model_name="planrequest", name="plan_asked_by_person"),
        migrations.AddField(
            model_name="planrequest",
            name="connection",
            field=models.ForeignKey(
                null=True,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="integrations.blingconnection",
            ),
        ),
        migrations.RunSQL(OF_TITLE, migrations.RunSQL.noop),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
    ]
