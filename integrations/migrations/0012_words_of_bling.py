"""Bling's numbers and words become the domain's when a title is read, not each time it is looked at. Runs under way begin
again: their notes name Bling's numbers."""

from django.db import migrations, models

WORDS = """
UPDATE integrations_title SET
    shown_status = CASE status_number
        WHEN 1 THEN 'open' WHEN 2 THEN 'settled' WHEN 3 THEN 'partial' WHEN 4 THEN 'returned'
        WHEN 5 THEN 'cancelled' WHEN 6 THEN 'partly_returned' WHEN 7 THEN 'confirmed' ELSE 'unknown' END,
    origin = CASE
        WHEN lower(origin_kind) = 'venda' THEN 'sale'
        WHEN lower(origin_kind) ~ '(nota|nfe|nfce|nf-e|invoice)' THEN 'invoice' ELSE '' END
"""
INVOICES = """
UPDATE integrations_title SET invoice_status = CASE origin_status
    WHEN 3 THEN 'cancelled' WHEN 6 THEN 'authorised' WHEN 7 THEN 'danfe_issued' WHEN 10 THEN 'denied' ELSE '' END
WHERE origin = 'invoice'
"""
RESTART = """
UPDATE integrations_syncrun SET cursor = '{}', step = 'registers' WHERE state = 'open'
"""


class Migration(migrations.Migration):
    dependencies = [("integrations", "0011_due_work")]

    operations = [
        migrations.AddField(
            "title", "shown_status", models.CharField(default="unknown", editable=False, max_length=20),
            preserve_default=False,
        ),
        migrations.AddField(
            "title", "origin", models.CharField(blank=True, default="", editable=False, max_length=20)
        ),
        migrations.AddField(
            "title", "invoice_status", models.CharField(blank=True, default="", editable=False, max_length=20)
        ),
        migrations.RunSQL([WORDS, INVOICES, RESTART], migrations.RunSQL.noop),
    ]
