"""Each event says by which connection of the database it was written, and none but the owner chooses its moment. What
happened to one row is found by an index."""

from django.db import migrations, models

EVENT = "integrations_auditevent"
ADD = f"""
ALTER TABLE {EVENT} ADD COLUMN role varchar(63) NOT NULL DEFAULT '',
    ADD COLUMN application varchar(63) NOT NULL DEFAULT '', ADD COLUMN backend integer;
CREATE INDEX audit_object ON {EVENT} (object_type, object_id, at DESC, id DESC);
CREATE FUNCTION integrations_audit_origin() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF NEW.at NOT BETWEEN clock_timestamp() - interval '5 minutes' AND clock_timestamp() + interval '5 minutes'
        AND NOT pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'MEMBER') THEN
        RAISE EXCEPTION 'an event is recorded when it happens, not at %', NEW.at
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    NEW.role := session_user;
    NEW.application := current_setting('application_name');
    NEW.backend := pg_backend_pid();
    RETURN NEW;
END $$;
CREATE TRIGGER audit_origin BEFORE INSERT ON {EVENT} FOR EACH ROW EXECUTE FUNCTION integrations_audit_origin();
"""
"""Refused and not put right: PostgreSQL has chosen the month's table before a trigger could change the moment."""
REMOVE = f"""
DROP TRIGGER audit_origin ON {EVENT};
DROP FUNCTION integrations_audit_origin();
DROP INDEX audit_object;
ALTER TABLE {EVENT} DROP COLUMN role, DROP COLUMN application, DROP COLUMN backend;
"""


class Migration(migrations.Migration):
    dependencies = [("integrations", "0083_audit_versions")]
    operations = [
        migrations.RunSQL(
            ADD,
            REMOVE,
            state_operations=[
                migrations.AddField(
                    "auditevent",
                    "role",
                    models.CharField(blank=True, db_default="", max_length=63, verbose_name="role of the database"),
                ),
                migrations.AddField(
                    "auditevent",
                    "application",
                    models.CharField(blank=True, db_default="", max_length=63, verbose_name="program"),
                ),
                migrations.AddField(
                    "auditevent",
                    "backend",
                    models.IntegerField(null=True, verbose_name="process of the database"),
                ),
            ],
        ),
    ]
