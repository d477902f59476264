"""What Kamino's persons have as CPF/CNPJ, from what was really sent: until now the number of Bling was noted, also where
it had changed since and Kamino's was left as it was."""

from django.db import migrations

STALE = """
WITH told AS (
    SELECT DISTINCT ON (person_posting_id) person_posting_id AS pk,
        COALESCE(sent_body, body) ->> 'document' AS document
    FROM integrations_attempt
    WHERE person_posting_id IS NOT NULL AND outcome IN ('delivered', 'adopted')
    ORDER BY person_posting_id, (sent_body IS NULL),
        CASE WHEN sent_body IS NULL THEN extract(epoch FROM started_at) ELSE -extract(epoch FROM started_at) END
), stale AS (
    UPDATE integrations_personposting p
    SET delivered = p.delivered || jsonb_build_object('document', told.document), delivered_fingerprint = ''
    FROM told
    WHERE p.id = told.pk AND p.kamino_id IS NOT NULL AND p.delivered IS NOT NULL
        AND told.document IS NOT NULL AND p.delivered ->> 'document' IS DISTINCT FROM told.document
    RETURNING p.person_id
)
INSERT INTO integrations_planrequest (title_id, asked_at)
SELECT t.id, now() FROM integrations_title t JOIN stale ON stale.person_id = t.person_id
WHERE t.is_released AND t.replaced_by_id IS NULL
ON CONFLICT (title_id) DO UPDATE SET asked_at = excluded.asked_at
"""


class Migration(migrations.Migration):

    dependencies = [("integrations", "0041_person_decisions")]

    operations = [migrations.RunSQL(STALE, migrations.RunSQL.noop)]
