"""What the two probe commands share: how lines are printed, and the exit code."""

import sys
from collections.abc import Iterable

from django.core.management.base import OutputWrapper

from integrations.pipeline.access.clients import CheckLine


def print_lines(stdout: OutputWrapper, lines: Iterable[CheckLine]) -> None:
    """Print one row per line as it comes; end with 1 when something did not work."""
    failed = False
    for line in lines:
        failed |= not line.ok
        stdout.write(f"{'ok    ' if line.ok else 'FAILED'}  {line.name:<34}  {line.detail}")
    if failed:
        sys.exit(1)
