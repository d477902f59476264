"""Moments of the audit record are such that Python can read them."""

import datetime

from django.db import migrations, models

EVENT, SEAL = "integrations_auditevent", "integrations_auditseal"
OURS = "({0} >= '2000-01-01 00:00+00' AND {0} < '2200-01-01 00:00+00')"


def only_ours(table, name, *columns):
    """Return the operation that lets a table of the record, and so all its months, keep no other moments."""
    checks = " AND ".join(OURS.format(column) for column in columns)
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({checks})", f"ALTER TABLE {table} DROP CONSTRAINT {name}"
    )


class Migration(migrations.Migration):
    dependencies = [("integrations", "0080_audit")]
    operations = [
        only_ours(EVENT, "event_is_of_our_time", "at"),
        only_ours(SEAL, "seal_is_of_our_time", "sealed_at", "event_at"),
        migrations.AddConstraint(
            model_name="auditpending",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("event_at__gte", datetime.datetime(2000, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)),
                    ("event_at__lt", datetime.datetime(2200, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)),
                ),
                name="pending_is_of_our_time",
            ),
        ),
    ]
