"""One vocabulary for "why": what stopped a delivery becomes a reason with parameters and since when, in place of two codes
and a stored sentence; discrepancies that only said how a title stands are computed from then on (their stored rows are
closed, and kept)."""

import django.db.models.deletion
from django.db import migrations, models

import integrations.words.alerts
import integrations.words.discrepancies
import integrations.words.reasons
import integrations.words.states

UNITS = ("posting", "personposting", "partposting")
COMPUTED = "('unmapped', 'invalid_document', 'closed_period', 'held', 'refused', 'unconfirmed')"

# failure_code first, it is the narrower one; what had none is told by its failure.
REASON_OF = """
CASE
    WHEN failure_code = 'missing' THEN 'gone_from_kamino'
    WHEN failure_code = 'locked' THEN 'locked_period'
    WHEN failure_code = 'unconfirmed' THEN 'not_confirmed'
    WHEN failure_code IN ('paid_in_kamino', 'paid_differently', 'scheduled', 'reconciled', 'awaiting_approval',
        'possible_duplicate', 'ambiguous') THEN failure_code
    WHEN failure = 'rejected' THEN 'refused'
    WHEN failure = 'conflict' THEN COALESCE(problems -> -1 ->> 'code', 'internal')
    WHEN failure = 'config' THEN 'not_confirmed'
    WHEN failure IN ('exhausted', 'internal', 'ambiguous') THEN failure
    WHEN state = 'uncertain' THEN 'unconfirmed'
    WHEN failure = 'uncertain' THEN 'outcome_unknown'
    ELSE 'internal'
END
"""


def reasons_of(table):
    return f"""
UPDATE {table} SET
    reason = {REASON_OF},
    reason_params = CASE WHEN message = '' THEN '{{}}'::jsonb ELSE jsonb_build_object('message', message, 'ids', message) END,
    reason_since = planned_at
WHERE state IN ('needs_human', 'uncertain')
"""


# When a reason began was known of its open discrepancy only.
SINCE = """
UPDATE integrations_posting p SET problems = (
    SELECT jsonb_agg(
        entry
        || jsonb_build_object('since', COALESCE(oldest.at, p.planned_at))
        || CASE WHEN entry ->> 'code' IN ('person_refused', 'part_stuck') AND entry -> 'params' ? 'message'
            THEN jsonb_build_object('params', entry -> 'params' || '{"why": "refused"}'::jsonb)
            ELSE '{}'::jsonb END
        ORDER BY place
    ) FROM jsonb_array_elements(p.problems) WITH ORDINALITY AS listed (entry, place)
)
FROM integrations_posting q
LEFT JOIN LATERAL (
    SELECT min(opened_at) AS at FROM integrations_discrepancy d WHERE d.posting_id = q.id AND d.closed_at IS NULL
) oldest ON true
WHERE q.id = p.id AND p.problems <> '[]'::jsonb
"""
SINCE_OF_PERSONS = """
UPDATE integrations_personposting p SET problems = (
    SELECT jsonb_agg(entry || jsonb_build_object('since', p.planned_at)) FROM jsonb_array_elements(p.problems) entry
) WHERE p.problems <> '[]'::jsonb
"""
REASONS_SINCE = """
UPDATE integrations_posting p SET reason_since = oldest.at
FROM (SELECT posting_id, min(opened_at) AS at FROM integrations_discrepancy WHERE closed_at IS NULL GROUP BY 1) oldest
WHERE oldest.posting_id = p.id AND p.reason <> ''
"""
CLOSE_COMPUTED = f"UPDATE integrations_discrepancy SET closed_at = now() WHERE closed_at IS NULL AND kind IN {COMPUTED}"

DIFFERENCE = [
    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
    (
        "kind",
        models.CharField(
            choices=integrations.words.discrepancies.kind_choices, max_length=30, verbose_name="kind"
        ),
    ),
    ("bling_value", models.TextField(blank=True, default="", verbose_name="in Bling")),
    ("kamino_value", models.TextField(blank=True, default="", verbose_name="in Kamino")),
    ("difference", models.DecimalField(decimal_places=2, max_digits=15, null=True, verbose_name="difference")),
    ("days", models.IntegerField(null=True, verbose_name="days apart")),
    ("bordero_id", models.BigIntegerField(editable=False, null=True)),
    ("opened_at", models.DateTimeField(verbose_name="since")),
    ("seen_at", models.DateTimeField(verbose_name="last seen at")),
    ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="closed at")),
]

# The table stays as it is under another model's name; `Discrepancy` becomes the view over it.
RENAMED = [
    migrations.DeleteModel("Discrepancy"),
    migrations.CreateModel(
        name="StoredDiscrepancy",
        fields=[
            *DIFFERENCE,
            (
                "posting",
                models.ForeignKey(
                    on_delete=django.db.models.deletion.CASCADE,
                    related_name="+",
                    to="integrations.posting",
                    verbose_name="title",
                ),
            ),
        ],
        options={
            "db_table": "integrations_discrepancy",
            "default_permissions": (),
            "indexes": [
                models.Index(
                    condition=models.Q(("closed_at__isnull", True)),
                    fields=["-opened_at", "-id"],
                    name="discrepancy_open",
                )
            ],
            "constraints": [
                models.UniqueConstraint(
                    condition=models.Q(("closed_at__isnull", True)),
                    fields=("posting", "kind"),
                    name="one_open_discrepancy_per_kind",
                )
            ],
        },
    ),
    migrations.CreateModel(
        name="Discrepancy",
        fields=[
            *((name, field.clone()) for name, field in DIFFERENCE),
            (
                "posting",
                models.ForeignKey(
                    db_constraint=False,
                    on_delete=django.db.models.deletion.DO_NOTHING,
                    related_name="discrepancies",
                    to="integrations.posting",
                    verbose_name="title",
                ),
            ),
        ],
        options={
            "managed": False,
            "db_table": "integrations_discrepancies",
            "verbose_name": "discrepancy",
            "verbose_name_plural": "discrepancies",
            "ordering": ["-opened_at", "-pk"],
            "permissions": [("export_discrepancy", "Can export discrepancies")],
        },
    ),
]


class Migration(migrations.Migration):
    dependencies = [("integrations", "0008_kamino_connection")]

    operations = [
        *(
            migrations.AddField(model, name, field.clone())
            for model in UNITS
            for name, field in (
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=integrations.words.reasons.reason_choices,
                        default="",
                        max_length=40,
                        verbose_name="reason",
                    ),
                ),
                ("reason_params", models.JSONField(blank=True, default=dict, editable=False)),
                (
                    "reason_since",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="since"),
                ),
            )
        ),
        *(migrations.RunSQL(reasons_of(f"integrations_{model}"), migrations.RunSQL.noop) for model in UNITS),
        migrations.RunSQL(
            [REASONS_SINCE, SINCE, SINCE_OF_PERSONS, CLOSE_COMPUTED], migrations.RunSQL.noop
        ),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RemoveIndex("posting", "posting_may_need_action"),
        *(
            migrations.RemoveField(model, name)
            for model in UNITS
            for name in ("failure", "failure_code", "message")
        ),
        migrations.RemoveField("discrepancy", "cause"),
        migrations.AddField("discrepancy", "bordero_id", models.BigIntegerField(editable=False, null=True)),
        migrations.SeparateDatabaseAndState(state_operations=RENAMED),
        migrations.AddField("titleread", "failure", models.JSONField(null=True)),
        migrations.AddIndex(
            "posting",
            models.Index(
                condition=models.Q(
                    models.Q(("problems", []), _negated=True),
                    ("state__in", ["needs_human", "uncertain"]),
                    _connector="OR",
                ),
                fields=["kamino_connection", "state"],
                include=("id", "reason", "problem_codes"),
                name="posting_may_need_action",
            ),
        ),
        *(
            migrations.AlterField(
                model,
                "state",
                models.CharField(
                    choices=integrations.words.states.state_choices,
                    default="held",
                    max_length=12,
                    verbose_name="state",
                ),
            )
            for model in UNITS
        ),
        *(
            migrations.AddConstraint(
                model,
                models.CheckConstraint(
                    condition=models.Q(("state", "needs_human"), _negated=True) | ~models.Q(("reason", "")),
                    name=f"{model}_stuck_has_a_reason",
                ),
            )
            for model in UNITS
        ),
        migrations.AlterField(
            "alert",
            "cause",
            models.CharField(
                choices=integrations.words.alerts.alert_choices, max_length=20, verbose_name="cause"
            ),
        ),
    ]
