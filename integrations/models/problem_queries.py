"""Problems as conditions on `Posting.problems`, for lists, counts and indexes."""

from collections.abc import Iterable
from functools import reduce
from operator import or_

from django.db.models import F, Func, JSONField, Q, Value

from integrations.domain.problems import BANK_CODES, LACKS_NAMES, NAME_CODES, ProblemCode

_OUT_CODES = (ProblemCode.FILTERED, ProblemCode.BEFORE_SETTLED_FROM, ProblemCode.CANCELLED_BEFORE_SENDING)


def has_problem(codes: Iterable[ProblemCode]) -> Q:
    """Return the condition for one of some problems."""
    return reduce(or_, (Q(problems__contains=[{"code": code.value}]) for code in codes))


def problem_path(codes: Iterable[ProblemCode]) -> str:
    """Return the JSON path to those problems of a posting that have one of some codes."""
    found = " || ".join(f'@.code == "{code.value}"' for code in codes)
    return f"$[*] ? ({found})"


def first_problem(codes: Iterable[ProblemCode]) -> Func:
    """Return the first of a posting's problems that has one of some codes."""
    return Func(
        F("problems"),
        Value(problem_path(codes)),
        function="jsonb_path_query_first",
        template="%(function)s(%(expressions)s::jsonpath)",
        output_field=JSONField(),
    )


IS_OUT = has_problem(_OUT_CODES)
"""No mapping would send these: history, filtered, or cancelled before they were sent."""
LACKS_ANY = has_problem(LACKS_NAMES) & ~IS_OUT
LACKS_NAME = has_problem(NAME_CODES) & ~IS_OUT
LACKS_ACCOUNT = has_problem(BANK_CODES) & ~IS_OUT
