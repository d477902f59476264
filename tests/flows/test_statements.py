"""How many statements the engine's daily work takes: each costs CPU here, in the tests and on the database."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.models import BlingConnection
from integrations.pipeline.access import restores
from integrations.pipeline.desk.commands import request_sync
from integrations.pipeline.run import tick
from tests.flows.helpers import Company

FIRST_SYNC, UNCHANGED_SYNC, IDLE_TURN = 150, 60, 2


def kind_of(sql: str) -> str:
    """Return what a statement does to which table."""
    words = re.sub(r"\s+", " ", sql.replace('"', "")).strip()
    found = re.match(r"(SELECT|INSERT|UPDATE|DELETE|WITH)\b.*?\b(?:FROM|INTO|UPDATE) (integrations_\w+)", words)
    update = re.match(r"UPDATE (\w+)", words)
    return f"UPDATE {update[1]}" if update else " ".join(found.groups()) if found else words[:50]


def assert_at_most(most: int, work: Callable[[], object]) -> None:
    """Run `work`, which may take so many statements, begins and ends of transactions among them. What a connection
    prepares once is not counted."""
    with CaptureQueriesContext(connection) as captured:
        work()
    asked = [query["sql"] for query in captured if not query["sql"].startswith("PREPARE ")]
    kinds = Counter(map(kind_of, asked))
    lines = "\n".join(f"{count:5} {kind}" for kind, count in kinds.most_common(20))
    assert len(asked) <= most, f"{len(asked)} statements, at most {most} are allowed. The most frequent:\n{lines}"


def turn() -> bool:
    return tick.work_once(clock=timezone.now, deadline=timezone.now() + timedelta(minutes=1))


def people() -> bool:
    return tick.serve_people(clock=timezone.now, deadline=timezone.now() + timedelta(minutes=1))


def test_a_first_sync_an_unchanged_one_and_an_idle_turn(company: Company) -> None:
    def sync(connection: BlingConnection) -> None:
        request_sync(connections=[connection], user=None, now=timezone.now())
        company.work()

    restores.look(timezone.now())  # not the first work on this database
    bling_id = company.add_title("payable")
    assert_at_most(FIRST_SYNC, partial(sync, company.connection))
    assert company.in_kamino("payable", bling_id) is not None
    assert_at_most(UNCHANGED_SYNC, partial(sync, company.connection))
    assert company.connection.runs.filter(state="done").count() == 2
    assert not turn()
    assert_at_most(IDLE_TURN, turn)
    assert not people()
    assert_at_most(IDLE_TURN, people)
