"""What statements read: PostgreSQL's own plan of each statement that this process runs, with the rows it touched.

PostgreSQL's module `auto_explain` sends every plan to the client that ran the statement, so nothing is run twice.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.db.backends.signals import connection_created

FREE, EACH = 50, 20
"""A statement that recurs may read so many rows, and so many more for each row that it returns or writes."""

_SETTINGS = {
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_format": "json",
    "auto_explain.log_level": "notice",
    "auto_explain.log_nested_statements": "on",
    "client_min_messages": "notice",
}


@dataclass(frozen=True)
class Plan:
    """One statement that was run; `read` are the rows that its scans touched, `out` those that it returned or wrote."""

    sql: str
    milliseconds: float
    read: int
    out: int
    tree: dict[str, Any]

    @property
    def is_cheap(self) -> bool:
        return self.excess <= 0

    @property
    def excess(self) -> int:
        """How many rows it read beyond what it may."""
        return self.read - FREE - EACH * self.out

    @property
    def shape(self) -> str:
        """The statement without its values."""
        return re.sub(r"'[^']*'|\b\d+\b", "?", self.sql)


@contextmanager
def plans_of_all_threads() -> Iterator[list[Plan]]:
    """Collect the plans of what all threads run meanwhile. Threads that run already have to begin anew."""
    found: list[Plan] = []

    def listen(connection: Any, **_kwargs: Any) -> None:
        with connection.connection.cursor() as cursor:
            cursor.execute("LOAD 'auto_explain'")
            for name, value in _SETTINGS.items():
                cursor.execute(f"SET {name} = {value}")
        connection.connection.add_notice_handler(lambda notice: found.extend(_plan(notice.message_primary)))

    connections.close_all()
    connection_created.connect(listen)
    try:
        yield found
    finally:
        connection_created.disconnect(listen)
        connections.close_all()


def _plan(message: str) -> Iterator[Plan]:
    match = re.fullmatch(r"duration: ([\d.]+) ms\s+plan:\s*(\{.*\})", message, re.DOTALL)
    if match is None:
        return
    told = json.loads(match[2])
    tree = told["Plan"]
    if "Actual Rows" in tree:
        yield Plan(told["Query Text"], float(match[1]), rows_read(tree), _rows_out(tree), tree)


def rows_read(node: dict[str, Any]) -> int:
    touched = 0.0
    if "Relation Name" in node and node["Node Type"] != "ModifyTable":
        removed = sum(float(node.get(f"Rows Removed by {why}", 0)) for why in ("Filter", "Index Recheck"))
        touched = (float(node["Actual Rows"]) + removed) * float(node["Actual Loops"])
    return round(touched) + sum(rows_read(child) for child in node.get("Plans", ()))


def _rows_out(node: dict[str, Any]) -> int:
    shown = node["Plans"][0] if node["Node Type"] == "ModifyTable" and node.get("Plans") else node
    return round(float(shown["Actual Rows"]) * float(shown["Actual Loops"]))
