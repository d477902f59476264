"""Which app an authorization was given to, what it is for, and what a customer is asked for next.

The app of what is there stays empty: the connection's own, else the platform's, which no migration knows.
"""

from django.db import migrations, models
from django.db.models import F, OuterRef, Q, Subquery

import integrations.models.fields

ACCESS = [("read", "read only"), ("write", "read and write")]


def keep_writing(apps, schema_editor):
    """What is written to today was connected for it."""
    connections = apps.get_model("integrations", "BlingConnection").objects
    connections.filter(writing__mode="live").update(access="write")


def keep_checked(apps, schema_editor):
    """A run that was complete and began after the last consent has read whose account it opens."""
    complete = apps.get_model("integrations", "SyncRun").objects.filter(connection=OuterRef("connection"), state="done")
    tokens = apps.get_model("integrations", "BlingToken").objects.alias(
        read_since=Subquery(complete.order_by("-pk").values("started_at")[:1])
    )
    is_newer = Q(authorized_at=None, read_since__isnull=False) | Q(read_since__gt=F("authorized_at"))
    known = tokens.filter(is_newer).exclude(connection__company_id="").exclude(connection__status__in=("never", "held"))
    known.update(company_checked_version=F("version"))


def _text(**options):
    return {"blank": True, "db_default": "", "default": "", **options}


COLUMNS = {
    "access": models.CharField(
        choices=ACCESS, db_default="read", default="read", editable=False, max_length=5, verbose_name="access to Bling"
    ),
    "next_access": models.CharField(
        **_text(choices=ACCESS, editable=False, max_length=5), verbose_name="access that the customer is asked for"
    ),
    "next_client_id": models.CharField(
        **_text(editable=False, max_length=200), verbose_name="client id of the next app"
    ),
}


class Migration(migrations.Migration):
    dependencies = [("integrations", "0091_live_since")]

    operations = [
        *(
            migrations.AddField(model, name, column)
            for model in ("blingconnection", "historicalblingconnection")
            for name, column in COLUMNS.items()
        ),
        migrations.AddField(
            "blingconnection", "next_client_secret", integrations.models.fields.EncryptedTextField(**_text(editable=False))
        ),
        migrations.AddField("blingtoken", "client_id", models.CharField(**_text(max_length=200))),
        migrations.AddField("blingtoken", "scopes", models.TextField(**_text())),
        migrations.AddField("blingtoken", "company_checked_version", models.PositiveIntegerField(db_default=0, default=0)),
        migrations.AddField("authorizationrequest", "client_id", models.CharField(**_text(max_length=200))),
        migrations.AddField("authorizationrequest", "access", models.CharField(**_text(choices=ACCESS, max_length=5))),
        migrations.RunPython(keep_writing, migrations.RunPython.noop),
        migrations.RunPython(keep_checked, migrations.RunPython.noop),
    ]
