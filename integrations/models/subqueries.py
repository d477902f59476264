"""Conditions on what hangs on a row, in the form that PostgreSQL looks up row by row."""

from typing import Any

from django.db.models import Q, QuerySet, Subquery
from django.db.models.lookups import IsNull


def has_any(rows: QuerySet[Any], *order: str) -> Q:
    """Return the condition that an outer query's row has some of these rows; as its first row, since of an EXISTS
    PostgreSQL may make a table of the rows of all others. `order`: the columns by which an index finds them, in its
    order; without them a small table is read whole, once for each outer row."""
    return Q(IsNull(Subquery(rows.order_by(*order).values("pk")[:1]), False))
