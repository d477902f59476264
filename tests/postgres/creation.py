"""Test databases as copies of one that was migrated once: the next run of any test starts within seconds."""

import hashlib
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import management
from django.core.management.commands import flush
from django.db.backends.postgresql import creation

PREFIX = "migrated_"
LOCK = 7_203_115
"""The advisory lock that is held while the template is made: the workers of one run begin at the same time."""


class DatabaseCreation(creation.DatabaseCreation):
    def create_test_db(self, *arguments: Any, **options: Any) -> str:
        """Copy the template; make it first where the migrations or the models are not those it was made with."""
        template, name = PREFIX + fingerprint(), self._get_test_db_name()
        with self._nodb_cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            if not self._database_exists(cursor, template):
                self._drop_templates(cursor)
                self._make(template, *arguments, **options)
            cursor.execute(f"DROP DATABASE IF EXISTS {self._quote_name(name)} WITH (FORCE)")
            cursor.execute(f"CREATE DATABASE {self._quote_name(name)} TEMPLATE {self._quote_name(template)}")
        self._use(name)
        tables = sorted(self.connection.introspection.django_table_names(only_existing=True, include_views=False))
        with self.connection.cursor() as cursor:
            cursor.execute(self.connection.ops.make_empty(tables))
        flush.sql_flush = lambda style, connection, **_options: connection.ops.sql_flush(style, tables)
        # What migrations make comes with the template and is never emptied (`base.KEPT`). After each test with real
        # commits Django would make it again, also views and triggers, for which PostgreSQL forgets all its plans.
        flush.emit_post_migrate_signal = lambda *_arguments, **_options: None
        return name

    def _make(self, template: str, *arguments: Any, **options: Any) -> None:
        """Migrate a database under another name, so that a run that is killed meanwhile leaves no template."""
        test = self.connection.settings_dict["TEST"]
        before, test["NAME"] = test["NAME"], f"{template}_unfinished"
        try:
            unfinished = super().create_test_db(*arguments, **{**options, "autoclobber": True, "serialize": False})
        finally:
            test["NAME"] = before
        self.connection.close()
        with self._nodb_cursor() as cursor:
            cursor.execute(f"ALTER DATABASE {self._quote_name(unfinished)} RENAME TO {self._quote_name(template)}")

    def _drop_templates(self, cursor: Any) -> None:
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP DATABASE {self._quote_name(name)} WITH (FORCE)")

    def _use(self, name: str) -> None:
        self.connection.close()
        settings.DATABASES[self.connection.alias]["NAME"] = name
        self.connection.settings_dict["NAME"] = name
        self.connection.ensure_connection()


def fingerprint() -> str:
    """Return a hash of what the tables and the rows of a migrated database come from: migrations, and the models, whose
    permissions are rows."""
    found = hashlib.sha256(Path(management.__file__).read_bytes())
    for app in apps.get_app_configs():
        folder = Path(app.path)
        for file in sorted([*folder.glob("migrations/*.py"), *folder.glob("models/*.py"), *folder.glob("models.py")]):
            found.update(file.name.encode() + file.read_bytes())
    return found.hexdigest()[:16]
