"""Files of names that are too large for a request: read and carried out by the tick, also after a killed worker."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.models import CatalogItem, Mapping, MappingChange
from integrations.models.confidential import WHOLE
from integrations.models.mapping_changes import Reach
from integrations.pipeline.mapping.changes import SMALL_CHANGE, advance_changes, confirm, propose_file
from integrations.pipeline.run import tick
from integrations.resources.mappings import mapping_csv
from tests.flows.helpers import Company
from tests.pipeline.mapping.edits import finance

NAMES = SMALL_CHANGE + 100


@pytest.fixture
def file(company: Company) -> bytes:
    """The company's spreadsheet with a chart account in every row of a new category."""
    company.add_title("payable")
    company.sync()
    CatalogItem.objects.bulk_create(
        CatalogItem(
            connection=company.connection, kind="category", bling_id=number, name=f"Nome {number}",
            path=f"{'Pai ' * 20}› Nome {number}", read_at=timezone.now(),
        )
        for number in range(1, NAMES + 1)
    )  # fmt: skip
    lines = mapping_csv(company.tenant.pk, WHOLE).decode().splitlines()
    place = lines[0].split(";").index("Plano de contas")
    edited = []
    for line in lines[1:]:
        cells = line.split(";")
        if "› Nome" in line:
            cells[place] = "Categoria de Teste"
        edited.append(";".join(cells))
    return "\n".join([lines[0], *edited]).encode()


def send(company: Company, file: bytes) -> MappingChange:
    return propose_file(tenant=company.tenant, name="x.csv", content=file, user=finance(), clock=timezone.now)


def test_a_large_file_is_read_and_carried_out_by_whoever_serves_people(company: Company, file: bytes) -> None:
    change = send(company, file)
    assert change.state == "reading"
    deadline = timezone.now() + timedelta(minutes=5)
    assert tick.serve_people(clock=timezone.now, deadline=deadline)
    change.refresh_from_db()
    assert (change.state, len(change.rows), change.content) == ("proposed", NAMES, None)
    confirm(change=change, reach=Reach.OPEN, since=None, good_rows_only=False, user=finance(), clock=timezone.now)
    change.refresh_from_db()
    assert change.state == "applying"
    assert not Mapping.objects.exists()
    assert tick.serve_people(clock=timezone.now, deadline=deadline)
    change.refresh_from_db()
    assert change.state == "done"
    assert Mapping.objects.count() == NAMES
    assert Mapping.history.filter(history_user=finance(), history_change_reason=f"#{change.pk}").count() == NAMES


def test_a_file_whose_reader_died_is_read_by_the_next_one(company: Company, file: bytes) -> None:
    change = send(company, file)
    MappingChange.objects.update(claimed_until=timezone.now() + timedelta(minutes=1), rows_done=200)
    assert not advance_changes(clock=timezone.now)
    MappingChange.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert advance_changes(clock=timezone.now)
    change.refresh_from_db()
    assert (change.state, change.rows_done) == ("proposed", change.total_rows)


def test_a_file_that_was_discarded_while_it_waited_is_not_read(company: Company, file: bytes) -> None:
    change = send(company, file)
    MappingChange.objects.filter(pk=change.pk).update(state="discarded", content=None)
    assert not advance_changes(clock=timezone.now)
