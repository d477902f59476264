"""Due: kinds of work, and the one question whether anything of them is due.

A kind names the rows that make it due and the step that works on them. The gate asks for all of them in one statement,
so work without such rows cannot be added. Rows are found in small tables or partial indexes, never in history. Building
the statement and planning it are expensive, so both are done once: it is prepared on each database connection.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import count
from typing import Any, cast
from weakref import WeakKeyDictionary

from django.core.exceptions import EmptyResultSet
from django.db import connection as database
from django.db.models import BooleanField, DateTimeField, Expression, F, Field, Func, QuerySet

from integrations.models import Tenant

Clock = Callable[[], datetime]
Tenants = tuple[int, ...] | None
Rows = Callable[[datetime, Any], Sequence[QuerySet[Any]]]
Query = Callable[[datetime, Any], QuerySet[Any]]


@dataclass(frozen=True)
class Turn:
    """What a step may use: the clock, when to stop, and whose work to do (`None`: everybody's)."""

    clock: Clock
    deadline: datetime
    tenant_ids: Tenants = None


@dataclass(frozen=True)
class Kind:
    """One kind of work. `rows` are what makes it due at a moment: any row of any of these queries. `step` does some of
    it and says whether it did. While `is_attended`, a thread of this process waits to do it: no other is needed."""

    name: str
    rows: Rows
    step: Callable[[Turn], bool]
    is_attended: Callable[[], bool] = lambda: False


class Given(Expression):
    """A value that is given each time a statement is run; `sql_type` is PostgreSQL's name of its type."""

    def __init__(self, name: str, sql_type: str, output_field: Field[Any, Any]) -> None:
        super().__init__(output_field=output_field)
        self.name = name
        self.sql_type = sql_type

    def value(self, _now: datetime, given: Mapping[str, Any]) -> Any:
        return given[self.name]

    def as_sql(self, _compiler: Any, _connection: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        return f"%s::{self.sql_type}", [self]


class Moment(Given):
    """A moment that follows from the one at which a statement is run.

    It stands for a datetime wherever a query is built: later and earlier ones are made by adding a timedelta.
    """

    def __init__(self, of: Callable[[datetime], datetime] = lambda now: now) -> None:
        super().__init__("now", "timestamptz", DateTimeField())
        self.of = of

    def __add__(self, other: Any) -> Any:
        return Moment(lambda now: self.of(now) + other) if isinstance(other, timedelta) else super().__add__(other)

    def __sub__(self, other: Any) -> Any:
        return self + -other if isinstance(other, timedelta) else super().__sub__(other)

    def value(self, now: datetime, _given: Mapping[str, Any]) -> Any:
        return self.of(now)


def derived(now: Any, of: Callable[[datetime], datetime]) -> datetime:
    """Return `of(now)`, also where `now` stands for a moment that is not known yet."""
    return cast(datetime, Moment(of)) if isinstance(now, Moment) else of(now)


_SOME_TENANTS = Tenant.objects.filter(
    Func(
        F("pk"), Given("tenants", "bigint[]", Field()), arg_joiner=" = ANY(", template="(%(expressions)s))",
        output_field=BooleanField(),
    )
)  # fmt: skip


def due(kinds: tuple[Kind, ...], now: datetime, tenant_ids: Tenants = None) -> frozenset[str]:
    """Return the names of those of some kinds that are due. One statement."""
    about = None if tenant_ids is None else _SOME_TENANTS
    answers = ask(tuple(kind.rows for kind in kinds), now, about, tenants=list(tenant_ids or ()))
    return frozenset(kind.name for kind, is_due in zip(kinds, answers, strict=True) if is_due)


def names_of(kinds: Sequence[Kind]) -> frozenset[str]:
    return frozenset(kind.name for kind in kinds)


def ask(questions: tuple[Rows, ...], now: datetime, about: Any, **given: Any) -> Sequence[bool]:
    """Return for each question whether it has rows, in one statement. `about` is the argument of the questions:
    whose rows, or `Given` values, which `given` then names."""
    return _run(_asking(questions, about), now, given)[0]


def rows_of(query: Query, now: datetime, tenant_ids: Sequence[int]) -> Sequence[tuple[Any, ...]]:
    """Return the rows of a query about some companies."""
    return _run(_reading(query), now, {"tenants": list(tenant_ids)})


def _run(statement: "_Statement", now: datetime, given: Mapping[str, Any]) -> Sequence[tuple[Any, ...]]:
    with database.cursor() as cursor:
        prepared = _PREPARED.setdefault(database.connection, set())
        if statement.name not in prepared:
            cursor.execute(f"PREPARE {statement.name} AS {statement.sql}")
            prepared.add(statement.name)
        values = [param.value(now, given) for param in statement.givens]
        places = f" ({', '.join(['%s'] * len(values))})" if values else ""
        cursor.execute(f"EXECUTE {statement.name}{places}", values)
        rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
    return rows


@dataclass(frozen=True)
class _Statement:
    name: str
    sql: str
    givens: Sequence[Given]


_PREPARED: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()
"""The names of what was prepared on each database connection."""
_numbers = count()


@lru_cache(maxsize=64)
def _asking(questions: tuple[Rows, ...], about: Any) -> _Statement:
    parts, params = [], []
    for rows in questions:
        found = [_exists(query) for query in rows(cast(datetime, Moment()), about)]
        parts.append(" OR ".join(sql for sql, _params in found))
        params += [param for _sql, values in found for param in values]
    return _statement(f"SELECT {', '.join(parts)}", params)


@lru_cache(maxsize=64)
def _reading(query: Query) -> _Statement:
    return _statement(*query(cast(datetime, Moment()), _SOME_TENANTS).query.sql_with_params())


def _statement(sql: str, params: Sequence[Any]) -> _Statement:
    first, *rest = (text.replace("%%", "%") for text in sql.split("%s"))
    givens: list[Given] = []
    texts = [first]
    with database.cursor() as cursor:
        for param, text in zip(params, rest, strict=True):
            if isinstance(param, Given):
                givens.append(param)
            texts.append(f"${len(givens)}" if isinstance(param, Given) else cursor.mogrify("%s", [param]))
            texts.append(text)
    return _Statement(f"due_{next(_numbers)}", "".join(texts), givens)


def _exists(rows: QuerySet[Any]) -> tuple[str, list[Any]]:
    try:
        sql, params = rows.query.exists().get_compiler(database.alias).as_sql()
    except EmptyResultSet:
        return "false", []
    return f"EXISTS ({sql})", list(params)
