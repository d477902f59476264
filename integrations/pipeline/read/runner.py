"""Runner: takes one leased run through its steps, from wherever it was left."""

from datetime import datetime
from typing import Any

from integrations.bling.client import BlingClient
from integrations.models import SyncRun
from integrations.pipeline.access import failpoints
from integrations.pipeline.read.finish import finish_run
from integrations.pipeline.read.steps import STEPS
from integrations.pipeline.read.steps.identity import identify
from integrations.pipeline.read.steps.step import Step
from integrations.pipeline.read.steps.work import Clock, Work
from integrations.rest.errors import ApiError

DONE = "done"


def work_on(run: SyncRun, client: BlingClient, *, clock: Clock, deadline: datetime) -> bool:
    """Run steps until the deadline; true when the run is through, complete or not. Raises `ApiError`
    kinds and `LostLeaseError`."""
    work = Work(run, client, clock=clock, deadline=deadline)
    identify(work)  # no run goes on without it
    steps = {step.name: step(work) for step in STEPS}
    following = dict(zip(steps, [*list(steps)[1:], DONE], strict=True))
    while run.step in steps:
        if work.is_over:
            work.hold_alone()
            return False
        if _advance(work, steps[run.step]):
            run.step = following[run.step]
            run.cursor.pop("tries", None)  # those of another step
        work.hold_if_due()
        failpoints.passed("pull.step")
    finish_run(work)
    failpoints.passed("pull.finished")
    return True


def _advance(work: Work, step: Step[Any, Any]) -> bool:
    """Do one piece of a step; true when it is through, or left out."""
    if step.needs & work.left_out.keys():
        return True
    try:
        return step.advance()
    except ApiError as error:
        if not work.gives_up(error):
            raise
        is_through = step.leave_out()
        work.leave_out(error)
        return is_through
