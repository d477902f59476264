from django.db import migrations, models
from django.db.models import F, OuterRef, Subquery

KINDS = (
    "status", "payment", "missing_in_kamino", "settled_only_in_bling", "settled_only_in_kamino", "partial",
    "double_payment_risk", "forced_settlement",
)


def keep_one(apps, _schema_editor):
    """Close all but the newest of what contradicts each other, and let those titles be reviewed."""
    found = apps.get_model("integrations", "StoredDiscrepancy").objects.filter(
        closed_at=None, bordero_id=None, kind__in=KINDS
    )
    newest = found.filter(posting=OuterRef("posting")).order_by("-seen_at", "-pk").values("pk")[:1]
    older = found.alias(newest=Subquery(newest)).exclude(pk=F("newest"))
    postings = list(older.values_list("posting", flat=True).distinct())
    older.update(closed_at=F("seen_at"))
    apps.get_model("integrations", "Posting").objects.filter(pk__in=postings).update(is_review_due=True)


class Migration(migrations.Migration):
    dependencies = [("integrations", "0035_recreation_groups")]

    operations = [
        migrations.RunPython(keep_one, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="storeddiscrepancy",
            constraint=models.UniqueConstraint(
                condition=models.Q(("bordero_id__isnull", True), ("closed_at__isnull", True), ("kind__in", KINDS)),
                fields=("posting",),
                name="one_open_discrepancy_of_payment",
            ),
        ),
    ]
