"""What came of the last reading of a title in Bling, for its page."""

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from integrations.admin.kit import texts
from integrations.domain.reasons import Problem, Reason
from integrations.models import BlingToken, Title, Waiting
from integrations.pipeline.access import error_texts
from integrations.pipeline.access.token_line import turn_of
from integrations.rest.errors import IN_LINE
from integrations.words.reasons import problem_text


def unread(title: Title) -> list[str]:
    """Return why the last reading that somebody asked for failed, or what one that was asked for waits for."""
    failure = _failure(title)
    why = [problem_text(failure)] if failure else []
    asked_at = getattr(getattr(title, "last_read", None), "asked_at", None)
    if asked_at is None:
        return why
    waits = why or [_("Bling is asked next.")]
    return [
        _("Its reading was asked for at %(moment)s and waits: %(why)s")
        % {"moment": texts.moment(asked_at), "why": " ".join(waits)}
    ]


def not_in_bling(title: Title) -> Problem | None:
    """Return that Bling did not have the title when it was read last, by a person's order or by a sync."""
    failure = _failure(title)
    if failure is not None and failure.code is Reason.NOT_IN_BLING:
        return failure
    last_read = getattr(title, "last_read", None)
    if title.missing_in_run is None or last_read is None:
        return None
    return Problem(Reason.NOT_IN_BLING, {"at": texts.moment(last_read.read_at)})


def _failure(title: Title) -> Problem | None:
    failure = getattr(getattr(title, "last_read", None), "failure", None)
    problem = Problem.from_json(failure) if failure else None
    if problem is not None and problem.params.get("code") == IN_LINE:
        return _place_in_line(title)
    if problem is None or problem.code is not Reason.NOT_IN_BLING:
        return problem
    return Problem(problem.code, {"at": texts.moment(datetime.fromisoformat(problem.params["at"]))})


def _place_in_line(title: Title) -> Problem | None:
    """Return how many are before the title's company now, nothing once its turn has come."""
    token = BlingToken.objects.filter(connection=title.connection_id, waiting__gt=Waiting.NOBODY).first()
    return error_texts.unread(turn_of(token, timezone.now())) if token is not None else None
