"""Each seal says which columns its digest holds, so that the record can get new ones; those of before are of version 1."""

from django.db import migrations, models

SEAL, LOCK = "integrations_auditseal", 7_203_180
NEXT = f"""
CREATE OR REPLACE FUNCTION integrations_audit_next() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE last record;
BEGIN
    PERFORM pg_advisory_xact_lock({LOCK});
    SELECT * INTO last FROM {SEAL} ORDER BY number DESC LIMIT 1;
    IF NEW.number <> coalesce(last.number, 0) + 1 OR NEW.previous <> coalesce(last.hash, repeat('0', 64)) THEN
        RAISE EXCEPTION 'seal % does not follow seal %', NEW.number, last.number;
    END IF;
    {{more}}
    RETURN NEW;
END $$
"""
NEVER_FALLING = """
    IF NEW.version < last.version THEN
        RAISE EXCEPTION 'seal % is of an older version than seal %', NEW.number, last.number;
    END IF;
    IF NEW.sealed_at < last.sealed_at THEN
        RAISE EXCEPTION 'seal % is dated before seal %', NEW.number, last.number;
    END IF;
"""
"""Rows of an older release that still runs are sealed by the next one. By their moments seals are dropped, in order."""


class Migration(migrations.Migration):
    dependencies = [("integrations", "0082_search_bling")]
    operations = [
        migrations.RunSQL(
            f"ALTER TABLE {SEAL} ADD COLUMN version smallint NOT NULL DEFAULT 1",
            f"ALTER TABLE {SEAL} DROP COLUMN version",
            state_operations=[
                migrations.AddField("auditseal", "version", models.SmallIntegerField(db_default=1)),
            ],
        ),
        migrations.RunSQL(NEXT.format(more=NEVER_FALLING), NEXT.format(more="")),
    ]
