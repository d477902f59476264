"""The backend's name for Django: `DatabaseWrapper`."""

from collections.abc import Sequence
from typing import Any

from django.db.backends.postgresql import base, operations

from tests.postgres.creation import DatabaseCreation

KEPT = {"django_content_type", "auth_permission", "auth_group", "auth_group_permissions"}
"""What migrations fill: no test with real commits changes it, and writing it again after each one costs more than most
of them."""


EMPTY = "tests.empty"


class DatabaseOperations(operations.DatabaseOperations):
    def sql_flush(self, style: Any, tables: Sequence[str], **_options: Any) -> list[str]:
        """Delete row by row: TRUNCATE makes new files for every table and index, however few rows there are. Foreign
        keys are deferred, so that the order does not matter."""
        return [f"SELECT {EMPTY}()"]

    def make_empty(self, tables: Sequence[str]) -> str:
        """Return what makes the function that empties these tables: it plans its statements once per connection."""
        rows = "".join(f"DELETE FROM {self.quote_name(table)};" for table in tables if table not in KEPT)
        schema, _dot, _name = EMPTY.partition(".")
        body = f"BEGIN {rows} END"
        return (
            f"CREATE SCHEMA IF NOT EXISTS {schema};"
            f"CREATE OR REPLACE FUNCTION {EMPTY}() RETURNS void LANGUAGE plpgsql AS $${body}$$"
        )


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations
    creation_class = DatabaseCreation
