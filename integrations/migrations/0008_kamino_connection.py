"""The foreign key to a company's Kamino connection is called what it is: `company` means the tenant everywhere else.

Indexes and constraints follow a renamed column in the database by themselves; only Django's record of them changes.
"""

from django.db import migrations, models

FOLLOW_THE_COLUMN = [
    migrations.RemoveConstraint(
        model_name='kaminosnapshot',
        name='one_snapshot_per_kamino_title',
    ),
    migrations.RemoveConstraint(
        model_name='partposting',
        name='one_part_per_kamino_title',
    ),
    migrations.RemoveConstraint(
        model_name='personposting',
        name='one_owner_per_kamino_person',
    ),
    migrations.RemoveConstraint(
        model_name='posting',
        name='one_posting_per_kamino_title',
    ),
    migrations.RemoveIndex(
        model_name='attempt',
        name='attempt_company',
    ),
    migrations.RemoveIndex(
        model_name='kaminosnapshot',
        name='snapshot_code',
    ),
    migrations.RemoveIndex(
        model_name='kaminosnapshot',
        name='snapshot_look',
    ),
    migrations.RemoveIndex(
        model_name='kaminosnapshot',
        name='snapshot_due',
    ),
    migrations.RemoveIndex(
        model_name='partposting',
        name='part_ready',
    ),
    migrations.RemoveIndex(
        model_name='personposting',
        name='person_ready',
    ),
    migrations.RemoveIndex(
        model_name='posting',
        name='posting_ready',
    ),
    migrations.RemoveIndex(
        model_name='posting',
        name='posting_state',
    ),
    migrations.RemoveIndex(
        model_name='posting',
        name='posting_lacks_names',
    ),
    migrations.RemoveIndex(
        model_name='posting',
        name='posting_may_need_action',
    ),
    migrations.AddIndex(
        model_name='attempt',
        index=models.Index(fields=['kamino_connection', 'started_at'], name='attempt_company'),
    ),
    migrations.AddIndex(
        model_name='kaminosnapshot',
        index=models.Index(condition=models.Q(('code', ''), _negated=True), fields=['kamino_connection', 'direction', 'code'], name='snapshot_code'),
    ),
    migrations.AddIndex(
        model_name='kaminosnapshot',
        index=models.Index(fields=['kamino_connection', 'direction', 'person_id', 'value'], name='snapshot_look'),
    ),
    migrations.AddIndex(
        model_name='kaminosnapshot',
        index=models.Index(fields=['kamino_connection', 'direction', 'due_date', 'value'], name='snapshot_due'),
    ),
    migrations.AddIndex(
        model_name='partposting',
        index=models.Index(condition=models.Q(('state', 'ready')), fields=['kamino_connection', 'ready_at'], name='part_ready'),
    ),
    migrations.AddIndex(
        model_name='personposting',
        index=models.Index(condition=models.Q(('state', 'ready')), fields=['kamino_connection', 'ready_at'], name='person_ready'),
    ),
    migrations.AddIndex(
        model_name='posting',
        index=models.Index(condition=models.Q(('state', 'ready')), fields=['kamino_connection', 'priority', 'due_date'], name='posting_ready'),
    ),
    migrations.AddIndex(
        model_name='posting',
        index=models.Index(fields=['kamino_connection', 'state'], name='posting_state'),
    ),
    migrations.AddIndex(
        model_name='posting',
        index=models.Index(condition=models.Q(('problem_codes__has_any_keys', ['category_unmapped', 'category_ambiguous', 'category_missing', 'account_not_usable', 'account_wrong_direction', 'mapping_target_unknown', 'bank_account_unmapped', 'bank_account_ambiguous', 'bank_account_missing', 'bank_account_not_usable']), models.Q(('problem_codes__has_any_keys', ['filtered', 'before_settled_from', 'cancelled_before_sending']), _negated=True)), fields=['kamino_connection'], name='posting_lacks_names'),
    ),
    migrations.AddIndex(
        model_name='posting',
        index=models.Index(condition=models.Q(models.Q(('problems', []), _negated=True), ('state__in', ['needs_human', 'uncertain']), _connector='OR'), fields=['kamino_connection', 'state'], include=('id', 'failure', 'problem_codes'), name='posting_may_need_action'),
    ),
    migrations.AddConstraint(
        model_name='kaminosnapshot',
        constraint=models.UniqueConstraint(fields=('kamino_connection', 'direction', 'kamino_id'), name='one_snapshot_per_kamino_title'),
    ),
    migrations.AddConstraint(
        model_name='partposting',
        constraint=models.UniqueConstraint(condition=models.Q(('kamino_id__isnull', False)), fields=('kamino_connection', 'kamino_id'), name='one_part_per_kamino_title'),
    ),
    migrations.AddConstraint(
        model_name='personposting',
        constraint=models.UniqueConstraint(condition=models.Q(('kamino_id__isnull', False), ('owns_person', True)), fields=('kamino_connection', 'kamino_id'), name='one_owner_per_kamino_person'),
    ),
    migrations.AddConstraint(
        model_name='posting',
        constraint=models.UniqueConstraint(condition=models.Q(('kamino_id__isnull', False)), fields=('kamino_connection', 'direction', 'kamino_id'), name='one_posting_per_kamino_title'),
    ),
]


class Migration(migrations.Migration):
    dependencies = [("integrations", "0007_open_discrepancies")]

    operations = [
        *(
            migrations.RenameField(model_name=model, old_name="company", new_name="kamino_connection")
            for model in ("posting", "personposting", "partposting", "attempt", "kaminosnapshot")
        ),
        migrations.SeparateDatabaseAndState(state_operations=FOLLOW_THE_COLUMN),
    ]
