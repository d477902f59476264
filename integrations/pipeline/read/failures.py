"""Failures of a run: what could not be read or stored, and stopped nothing else."""

from collections.abc import Sequence
from typing import Any

from django.db.models import F

from integrations.models import SyncRun
from integrations.pipeline.read.batch import Failed


def failed_in(run: SyncRun) -> list[int]:
    """Return the Bling ids of what failed in a run."""
    return list(run.cursor.get("failed", []))


def note_failures(run: SyncRun, failures: Sequence[Failed]) -> dict[str, Any]:
    """Return the changes that store failures on their run (at most 100 are described); the cursor keeps whom they were
    about: none of them comes back in this run."""
    run.cursor["failed"] = sorted({*run.cursor.get("failed", []), *(failed.bling_id for failed in failures)})
    notes = [{"what": failed.what, "bling_id": failed.bling_id, **failed.failure} for failed in failures]
    run.failure_notes = (run.failure_notes + notes)[:100]
    return {"failures": F("failures") + len(notes), "failure_notes": run.failure_notes}
