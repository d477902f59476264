"""What was changed since a company's last review is marked on the posting itself; keys are decrypted when used."""

from django.db import migrations, models
from django.db.models import Q

MARK = """
UPDATE integrations_posting p SET is_review_due = true FROM integrations_kaminoconnection k
WHERE k.id = p.kamino_connection_id AND (
    k.reviewed_at IS NULL OR p.planned_at >= k.reviewed_at OR EXISTS (
        SELECT 1 FROM integrations_attempt a WHERE a.posting_id = p.id AND a.ended_at >= k.reviewed_at
    )
)
"""


class Migration(migrations.Migration):
    dependencies = [("integrations", "0017_mapping_faults")]

    operations = [
        migrations.AddField("posting", "is_review_due", models.BooleanField(default=False, editable=False)),
        migrations.RunSQL(MARK, migrations.RunSQL.noop),
        migrations.AlterField("posting", "is_review_due", models.BooleanField(default=True, editable=False)),
        migrations.RemoveField("kaminoconnection", "reviewed_at"),
        migrations.AddIndex(
            "posting",
            models.Index(fields=["kamino_connection"], condition=Q(is_review_due=True), name="posting_to_review"),
        ),
        migrations.AlterModelOptions(
            "blingconnection",
            {
                "ordering": ["tenant__name", "label"],
                "permissions": [("connect_blingconnection", "Can connect and disconnect a Bling account")],
                "verbose_name": "Bling connection",
                "verbose_name_plural": "Bling connections",
            },
        ),
        migrations.AlterModelOptions(
            "kaminoconnection",
            {
                "ordering": ["tenant__name"],
                "permissions": [("test_kaminoconnection", "Can test a Kamino connection")],
                "verbose_name": "Kamino connection",
                "verbose_name_plural": "Kamino connections",
            },
        ),
    ]
