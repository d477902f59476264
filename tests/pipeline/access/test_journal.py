"""The journal of a host: whole lines only, and no note that is not on the disk."""

import resource
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from integrations.pipeline.access.journal import JournalError, last_number, note


@pytest.fixture
def journal(tmp_path: Path, settings: Any) -> Path:
    settings.JOURNAL_DIR = str(tmp_path)
    return tmp_path


def test_a_line_that_was_cut_off_spoils_no_other_one(journal: Path) -> None:
    """The disk was full: what came next was read as one number with it, and everything was held."""
    (journal / "key.journal").write_text("12")
    note("key", 123, timezone.now())
    assert last_number("key") == 123


def test_a_line_that_has_no_room_is_no_note(journal: Path) -> None:
    note("key", 1, timezone.now())
    size, limits = (journal / "key.journal").stat().st_size, resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 5, limits[1]))
    try:
        with pytest.raises(JournalError):
            note("key", 2, timezone.now())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
