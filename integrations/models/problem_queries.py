"""Problems as conditions on postings, for lists, counts and indexes."""

from collections.abc import Iterable

from django.db.models import F, Func, JSONField, Q, Value

from integrations.domain.reasons import BANK_REASONS, LACKS_NAMES, NAME_REASONS, Holds, Problem, Reason

WAITING_FOR_A_PERSON = [
    code for code in Reason if Problem(code).needs_human and Problem(code).holds is not Holds.NOTHING
]
OUT_CODES = (Reason.FILTERED, Reason.BEFORE_SETTLED_FROM, Reason.CANCELLED_BEFORE_SENDING)


CODES_OF_PROBLEMS = Func(
    F("problems"),
    Value("$[*].code"),
    function="jsonb_path_query_array",
    template="%(function)s(%(expressions)s::jsonpath)",
    output_field=JSONField(),
)
"""What `Posting.problem_codes` holds: a list counts thousands of postings by a dozen conditions on them."""


def has_problem(codes: Iterable[Reason]) -> Q:
    """Return the condition for one of some problems."""
    return Q(problem_codes__has_any_keys=[code.value for code in codes])


def first_problem(codes: Iterable[Reason]) -> Func:
    """Return the first of a posting's problems that has one of some codes, without the moment when it began."""
    wanted = " || ".join(f'@.code == "{code.value}"' for code in codes)
    return Func(
        F("problems"),
        Value(f"$[*] ? ({wanted})"),
        function="jsonb_path_query_first",
        template="(%(function)s(%(expressions)s::jsonpath) - 'since')",
        output_field=JSONField(),
    )


IS_ONLY_OUT = Q(problem_codes__contained_by=[code.value for code in OUT_CODES])
IS_OUT = has_problem(OUT_CODES)
"""No mapping would send these: history, filtered, or cancelled before they were sent."""
LACKS_ANY = has_problem(LACKS_NAMES) & ~IS_OUT
LACKS_NAME = has_problem(NAME_REASONS) & ~IS_OUT
LACKS_ACCOUNT = has_problem(BANK_REASONS) & ~IS_OUT
