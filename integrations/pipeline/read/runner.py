"""Runner: takes one leased run through its steps, from wherever it was left."""

from datetime import datetime

from integrations.bling.client import BlingClient
from integrations.models import SyncRun
from integrations.pipeline.access import failpoints
from integrations.pipeline.read import mirror
from integrations.pipeline.read.steps import STEPS
from integrations.pipeline.read.steps.work import Clock, Work

DONE = "done"


def work_on(run: SyncRun, client: BlingClient, *, clock: Clock, deadline: datetime) -> bool:
    """Run steps until the deadline; true when the run is complete. Raises `ApiError` kinds and `LostLeaseError`."""
    work = Work(run, client, clock=clock, deadline=deadline)
    steps = {step.name: step(work) for step in STEPS}
    following = dict(zip(steps, [*list(steps)[1:], DONE], strict=True))
    while run.step in steps:
        if work.is_over:
            work.hold_alone()
            return False
        if steps[run.step].advance():
            run.step = following[run.step]
        work.hold_if_due()
        failpoints.passed("pull.step")
    mirror.finish_run(run, now=clock(), requests=work.new_requests())
    failpoints.passed("pull.finished")
    return True
