"""Fechamento do mês, Posição em aberto and exports: as many queries for many titles as for few."""

from collections.abc import Callable
from decimal import Decimal
from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.models import Payment, Posting
from integrations.models.confidential import WHOLE
from integrations.pipeline.report.month import month_of
from integrations.pipeline.report.month_numbers import numbers_of
from integrations.pipeline.report.position import open_on, sums_of
from integrations.resources import exporting, reports
from tests.admin.world import DAY, Rows, make_title


def add(ours: Rows, count: int, first: int) -> None:
    for number in range(first, first + count):
        title, posting = make_title(ours.bling, ours.kamino, ours.person, ours.category, 70_000 + number)
        Payment.objects.create(
            title=title,
            bordero_id=number,
            date=DAY,
            account_id=number,
            amount=Decimal("10"),
            interest=0,
            discount=0,
            surcharge=0,
            fee=0,
        )
        Posting.objects.filter(pk=posting.pk).update(kamino_id=number, delivered=posting.desired)


def of_month(ours: Rows) -> object:
    return numbers_of(month_of(ours.tenant, DAY.replace(day=1)))


def of_position(ours: Rows) -> object:
    reports.write_position(BytesIO(), ours.tenant, DAY, WHOLE)
    return sums_of(open_on(ours.tenant, DAY, WHOLE))


def of_exports(ours: Rows) -> object:
    found = []
    for resource in exporting.RESOURCES.values():
        made = resource()
        rows = made.every_row()
        found += list(exporting.cells_of(made, rows, list(rows.values_list("pk", flat=True))))
    return found


@pytest.mark.parametrize("work", [of_month, of_position, of_exports])
def test_many_titles_cost_no_more_queries_than_few(ours: Rows, work: Callable[[Rows], object]) -> None:
    add(ours, 3, 1)
    with CaptureQueriesContext(
        connection,
    ) as few:
        work(ours)
    add(ours, 15, 100)
    with CaptureQueriesContext(connection) as many:
        work(ours)
    assert len(many) <= len(few), [query["sql"][:200] for query in many.captured_queries]
