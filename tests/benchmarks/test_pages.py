"""Every list of the admin on a fleet's rows, small: what a page reads depends on the rows that it shows."""

import pytest
from django.db import connection

from benchmarks.fleet_rows import Fleet, fill
from benchmarks.pages import MOST_FOUND, MOST_OF_A_TITLE, MOST_QUERIES, is_bound
from benchmarks.pages_worker import opened
from benchmarks.plans import FREE

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True)]


COMPANIES = 100
READ_WHOLE = FREE + 3 * COMPANIES
"""PostgreSQL may read a table of so few companies whole, even twice: it has hardly more pages than its index. That
with a thousand of them it does not is what `python -m benchmarks pages` measures."""


def test_no_list_reads_more_than_it_shows() -> None:
    with connection.cursor() as cursor:
        for table, at in (("tenant", 50_000), ("blingconnection", 50_001), ("kaminoconnection", 50_002)):
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('integrations_{table}', 'id'), {at})")
    fill(Fleet(companies=COMPANIES, titles=300, runs=10))
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {connection.settings_dict['NAME']} SET random_page_cost = 1.1")
    try:
        pages = list(opened(rounds=1, free=READ_WHOLE))
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER DATABASE {connection.settings_dict['NAME']} RESET random_page_cost")
    lists = [page for page in pages if not page.name.startswith("title page")]
    assert [(page.name, page.queries) for page in lists if page.queries > MOST_QUERIES] == []
    assert [(page.name, page.queries) for page in pages if page.queries > MOST_OF_A_TITLE] == []
    assert [(page.name, page.dear) for page in pages if page.dear and is_bound(page.name)] == []
    assert [(page.name, page.worst) for page in pages if page.worst > MOST_FOUND] == []
