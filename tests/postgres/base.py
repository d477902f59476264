"""The backend's name for Django: `DatabaseWrapper`."""

from collections.abc import Sequence
from typing import Any

from django.db.backends.postgresql import base, operations


class DatabaseOperations(operations.DatabaseOperations):
    def sql_flush(self, style: Any, tables: Sequence[str], **_options: Any) -> list[str]:
        """Delete row by row: TRUNCATE makes new files for every table and index, however few rows there are. Foreign
        keys are deferred, so that the order does not matter."""
        return [f"DELETE FROM {self.quote_name(table)};" for table in tables]


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations
