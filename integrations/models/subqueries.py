"""Conditions on what hangs on a row, in the form that PostgreSQL looks up row by row."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, F, Func, Q, QuerySet, Subquery
from django.db.models.lookups import IsNull


def has_any(rows: QuerySet[Any], *order: str) -> Q:
    """Return the condition that an outer query's row has some of these rows; as its first row, since of an EXISTS
    PostgreSQL may make a table of the rows of all others. `order`: the columns by which an index finds them, in its
    order; without them a small table is read whole, once for each outer row."""
    return Q(IsNull(Subquery(rows.order_by(*order).values("pk")[:1]), False))


def is_among(field: str, rows: QuerySet[Any]) -> Func:
    """Return the condition that a column of the outer query is one of the values of these rows, which name one column.
    They are collected first: of an IN PostgreSQL may make a join that begins with the outer query, and reads it whole.
    """
    return Func(
        F(field), ArraySubquery(rows), arg_joiner=" = ANY(", template="(%(expressions)s))", output_field=BooleanField()
    )
