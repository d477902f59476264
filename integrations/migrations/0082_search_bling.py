"""Let who could look for titles in Bling go on doing so, by a permission of its own."""

from importlib import import_module

from django.db import migrations

_groups = import_module("integrations.migrations.0002_groups")


def give(apps, schema_editor):
    Group, User = apps.get_model("auth", "Group"), apps.get_model("auth", "User")
    able = Group.objects.filter(permissions__codename="resync_title", permissions__content_type__app_label="integrations")
    names = list(able.values_list("name", flat=True))
    _groups.give_permissions(apps, schema_editor, {name: ["search_bling"] for name in names})
    Permission = apps.get_model("auth", "Permission")
    found = Permission.objects.filter(codename="search_bling", content_type__app_label="integrations").first()
    users = User.objects.filter(
        user_permissions__codename="resync_title", user_permissions__content_type__app_label="integrations"
    )
    for user in users if found else ():
        user.user_permissions.add(found)


class Migration(migrations.Migration):
    dependencies = [("integrations", "0081_audit_times")]

    operations = [
        migrations.AlterModelOptions(
            name="title",
            options={
                "ordering": ["-due_date", "-pk"],
                "permissions": [
                    ("resync_title", "Can resync a title"),
                    ("search_bling", "Can look for titles in Bling"),
                    ("export_title", "Can export titles"),
                    ("view_confidential", "Can see titles of confidential categories"),
                ],
                "verbose_name": "title",
                "verbose_name_plural": "titles",
            },
        ),
        migrations.RunPython(give, migrations.RunPython.noop),
    ]
