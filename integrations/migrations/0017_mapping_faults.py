"""What is wrong with a change of the mappings is stored as codes; sentences of version 0.1 stay readable as `said`."""

from typing import Any

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def keep(apps: StateApps, _editor: BaseDatabaseSchemaEditor) -> None:
    changes = apps.get_model("integrations", "MappingChange")
    for change in changes.objects.only("message", "rows").iterator(chunk_size=20):
        change.failure = _said(change.message) if change.message else {}
        for row in change.rows:
            row["errors"] = [{"column": error["column"], **_said(error["message"])} for error in row["errors"]]
        change.save(update_fields=["failure", "rows"])


def _said(sentence: str) -> dict[str, Any]:
    return {"code": "said", "params": {"text": sentence}}


class Migration(migrations.Migration):
    dependencies = [("integrations", "0016_parts_by_direction")]

    operations = [
        migrations.AddField(
            "mappingchange", "failure", models.JSONField(default=dict, editable=False, verbose_name="error")
        ),
        migrations.RunPython(keep, migrations.RunPython.noop),
        migrations.RemoveField("mappingchange", "message"),
    ]
