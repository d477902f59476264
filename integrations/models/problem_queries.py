"""Problems as conditions on postings, for lists, counts and indexes."""

from collections.abc import Iterable

from django.db.models import F, Func, JSONField, Q, Value

from integrations.domain.problems import BANK_CODES, LACKS_NAMES, NAME_CODES, ProblemCode

_OUT_CODES = (ProblemCode.FILTERED, ProblemCode.BEFORE_SETTLED_FROM, ProblemCode.CANCELLED_BEFORE_SENDING)


CODES_OF_PROBLEMS = Func(
    F("problems"),
    Value("$[*].code"),
    function="jsonb_path_query_array",
    template="%(function)s(%(expressions)s::jsonpath)",
    output_field=JSONField(),
)
"""What `Posting.problem_codes` holds: a list counts thousands of postings by a dozen conditions on them."""


def has_problem(codes: Iterable[ProblemCode]) -> Q:
    """Return the condition for one of some problems."""
    return Q(problem_codes__has_any_keys=[code.value for code in codes])


def first_problem(codes: Iterable[ProblemCode]) -> Func:
    """Return the first of a posting's problems that has one of some codes."""
    wanted = " || ".join(f'@.code == "{code.value}"' for code in codes)
    return Func(
        F("problems"),
        Value(f"$[*] ? ({wanted})"),
        function="jsonb_path_query_first",
        template="%(function)s(%(expressions)s::jsonpath)",
        output_field=JSONField(),
    )


IS_OUT = has_problem(_OUT_CODES)
"""No mapping would send these: history, filtered, or cancelled before they were sent."""
LACKS_ANY = has_problem(LACKS_NAMES) & ~IS_OUT
LACKS_NAME = has_problem(NAME_CODES) & ~IS_OUT
LACKS_ACCOUNT = has_problem(BANK_CODES) & ~IS_OUT
