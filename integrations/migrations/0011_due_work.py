from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0010_kamino_rows'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='attempt',
            index=models.Index(fields=['kamino_connection', 'ended_at'], name='attempt_ended'),
        ),
        migrations.AddIndex(
            model_name='personposting',
            index=models.Index(condition=models.Q(('state', 'uncertain')), fields=['ready_at'], name='person_uncertain'),
        ),
        migrations.AddIndex(
            model_name='planrequest',
            index=models.Index(condition=models.Q(('priority', 0)), fields=['title'], name='plan_asked_by_person'),
        ),
    ]
