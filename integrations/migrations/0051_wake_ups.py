import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0050_requests_of_connections'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='WakeUp',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=16)),
                ('due_at', models.DateTimeField()),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.AlterField(
            model_name='planrequest',
            name='connection',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='integrations.blingconnection'),
        ),
        migrations.AddIndex(
            model_name='planrequest',
            index=models.Index(fields=['connection', 'priority', 'asked_at', 'title'], name='plan_next'),
        ),
        migrations.AddIndex(
            model_name='syncrun',
            index=models.Index(fields=['connection', '-due_at'], name='run_latest'),
        ),
        migrations.AddIndex(
            model_name='syncrun',
            index=models.Index(condition=models.Q(('state', 'done')), fields=['connection', '-id'], name='run_done'),
        ),
        migrations.AddIndex(
            model_name='tenant',
            index=models.Index(condition=models.Q(('is_active', True), models.Q(('digest_emails', ''), _negated=True)), fields=['digested_at'], name='tenant_digest'),
        ),
        migrations.AddField(
            model_name='wakeup',
            name='tenant',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='integrations.tenant'),
        ),
        migrations.AddIndex(
            model_name='wakeup',
            index=models.Index(fields=['kind', 'due_at', 'tenant'], name='wake_up_due'),
        ),
        migrations.AddIndex(
            model_name='wakeup',
            index=models.Index(fields=['tenant', 'kind', 'due_at'], name='wake_up_tenant'),
        ),
    ]
