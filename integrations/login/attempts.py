"""Where tries of passwords are counted: in a table that all web processes share, as Django's cache."""

from typing import Any

from django.core.management import call_command


def make_cache_table(*, using: str, **_signal: Any) -> None:
    """Make the table of the cache after migrations, where there is none."""
    call_command("createcachetable", database=using, verbosity=0)
