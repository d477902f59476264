"""Reasons in words of finance: what each one is called, what it says, what to do, and the worklist it belongs to."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.domain.reasons import Problem, Reason
from integrations.words.delivery_reasons import DELIVERY_WORDS
from integrations.words.errors import call_text, is_ours, live_call_text, note_text
from integrations.words.plan_reasons import PLAN_WORDS
from integrations.words.reason_words import Words
from integrations.words.settled_reasons import SETTLED_WORDS
from integrations.words.values import Values, readable

_WORDS: dict[Reason, Words] = PLAN_WORDS | SETTLED_WORDS | DELIVERY_WORDS

_OF_A_PERSON = (Reason.PERSON_REFUSED, Reason.PERSON_UNDECIDED)
"""What is to be done is what ends their cause: the buttons are the same on the page of the title."""

assert _WORDS.keys() == set(Reason), "a reason without words"


def reason_choices() -> list[tuple[str, Any]]:
    """Return the reasons with their names; a function, so that a new one needs no migration."""
    return [(reason.value, gettext_lazy(words.name)) for reason, words in _WORDS.items()]


def words_of(reason: Reason) -> Words:
    """Return the words for a reason, not translated yet."""
    return _WORDS[reason]


def of_worklist(worklist: str) -> list[Reason]:
    """Return the reasons that belong to a worklist."""
    return [reason for reason, words in _WORDS.items() if words.worklist == worklist]


def sentence(problem: Problem) -> str:
    """Return what a reason says in the active language, without what to do."""
    if "kind" in problem.params and "why" not in problem.params:
        # Read for a person who asked for it, once: nothing tries it again.
        of_call = live_call_text if problem.code is Reason.UNREAD else call_text
        said = note_text(problem.params) if "what" in problem.params else of_call(problem.params)
        return _(_WORDS[problem.code].sentence) % {"message": said} if problem.code is Reason.UNREAD else said
    values = Values({key: readable(text) for key, text in problem.params.items()})
    if "why" in problem.params:
        why, inner = Reason(problem.params["why"]), {key: text for key, text in problem.params.items() if key != "why"}
        # The sentence of a failure says that it is tried again, which has ended where a look-up is given up.
        ended = problem.code is Reason.LOOK_UP_FAILED
        values["why"] = _(_WORDS[why].name) if ended else sentence(Problem(why, inner))
    return _(_WORDS[problem.code].sentence) % values


def full_sentence(problem: Problem) -> str:
    """Return `sentence` where another one follows: what Kamino said itself often has no full stop."""
    said = sentence(problem)
    return said if said.endswith((".", "!", "?")) else f"{said}."


def advice(problem: Problem) -> str:
    """Return what to do about a reason in the active language, "" where nothing is to be done."""
    words = _WORDS[problem.code].advice
    if problem.code in _OF_A_PERSON and "why" in problem.params:
        why = Reason(problem.params["why"])
        words = words if why is Reason.GONE_FROM_KAMINO else _WORDS[why].advice or words
    return _(words) if words else ""


def problem_text(problem: Problem) -> str:
    """Return a reason's sentence and what to do about it, in the active language."""
    return " ".join(part for part in (full_sentence(problem), advice(problem)) if part)


def problem_sentences(problems: Iterable[Problem]) -> list[str]:
    """Return the sentences of problems, each once, with what to do."""
    return list(dict.fromkeys(problem_text(problem) for problem in problems))


_ANSWER = re.compile(r"^(?:(?P<service>Bling|Kamino)(?: [\w. /{}-]+)?: )?(?P<said>.*?)(?: \(HTTP \d+\))?$", re.DOTALL)
_IDS = re.compile(r"\d+(, \d+)*")


def answer_of(failure: Mapping[str, str] | None, message: str, outcome: str) -> str:
    """Return for people what ended an attempt: a reason by its name, an error by its sentence, "" for neither. Versions
    before 0.3 stored the message alone, in which nobody can tell English of ours from what Kamino said: that is quoted
    only after its refusals."""
    if failure:
        return _failure_text(failure)
    found = _ANSWER.match(message)
    said = found["said"] if found else message
    if not said:
        return ""
    if said in set(Reason):
        return _(_WORDS[Reason(said)].name)
    if _IDS.fullmatch(said):
        return call_text({"kind": "ambiguous", "message": said})
    if outcome not in ("rejected", "uncertain", "transient", "internal", "config"):
        return ""
    kind = "transient" if outcome == "config" else outcome
    if kind == "internal":
        return call_text({"code": "crash"})
    service = (found["service"] if found else "") or "Kamino"
    return call_text({"kind": kind, "service": service, "message": said if kind == "rejected" else ""})


def named_fields(failure: Mapping[str, Any] | None) -> list[str]:
    """Return what a refused write was told of each field, by namespace and code, as the other side wrote it."""
    return [_field_text(field) for field in (failure or {}).get("fields", ())]


def _field_text(field: Mapping[str, str]) -> str:
    place = f"{field['element']} ({field['index']})" if field["index"] else field["element"]
    return " · ".join(filter(None, (f"{field['namespace']} {field['code']}".strip(), place, field["text"])))


def _failure_text(failure: Mapping[str, str]) -> str:
    code = failure.get("code", "")
    if code in set(Reason) and not is_ours(code):
        name, ids = _(_WORDS[Reason(code)].name), failure.get("message", "")
        return f"{name} ({ids})" if failure.get("kind") == "ambiguous" and _IDS.fullmatch(ids) else name
    return call_text(failure)
