"""The order to create a title again that waits for a second person: known by the title, so that it ends with its cause.

Of the orders of before, those count whose title says now that it waits for somebody's approval."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models


def fill(apps: Any, schema_editor: Any) -> None:
    actions = apps.get_model("integrations", "PersonAction").objects
    orders = actions.filter(posting=models.OuterRef("pk"), kind__in=("ask_again", "create_again", "refuse_again"))
    last = orders.order_by("-at", "-pk")
    waiting = apps.get_model("integrations", "Posting").objects.filter(state="needs_human", reason="creation_awaits")
    waiting.annotate(last=models.Subquery(last.values("kind")[:1])).filter(last="ask_again").update(
        creation_asked=models.Subquery(last.values("pk")[:1])
    )


class Migration(migrations.Migration):
    dependencies = [("integrations", "0047_split_categories")]

    operations = [
        migrations.AddField(
            model_name="posting",
            name="creation_asked",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="integrations.personaction",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
