"""Keep what is known of Kamino's lists, and let the rest be looked for; give support what came with them.

A company that was compared has a list of payables. Until this version receivables were listed at what is now the second
address, if at all; where none was ever seen, nobody knows.
"""

from importlib import import_module

from django.db import migrations
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

_groups = import_module("integrations.migrations.0002_groups")


def keep_what_is_known(apps, schema_editor):
    kaminos = apps.get_model("integrations", "KaminoConnection").objects.filter(reconciled_at__isnull=False)
    rows = apps.get_model("integrations", "KaminoSnapshot").objects.filter(
        kamino_connection=OuterRef("pk"), direction="receivable"
    )
    kaminos.update(payable_list="first", reconcile_asked_at=Now())
    kaminos.filter(Exists(rows)).update(receivable_list="second")


def add_permissions(apps, schema_editor):
    _groups.give_permissions(apps, schema_editor, {"Suporte": ["decide_titlelist"]})


class Migration(migrations.Migration):
    dependencies = [("integrations", "0030_title_lists")]
    operations = [
        migrations.RunPython(keep_what_is_known, migrations.RunPython.noop),
        migrations.RunPython(add_permissions, migrations.RunPython.noop),
    ]
