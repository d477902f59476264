"""What a list of Kamino proves: one page with all of it, or two whole readings; else nothing is concluded from it."""

from collections.abc import Callable
from typing import Any

import pytest

from integrations.domain.titles import Direction
from integrations.kamino.client import KaminoClient, Keys
from integrations.kamino.listing import Listing, Page, asked
from integrations.rest.errors import FilterIgnoredError, IncompleteError, UnusableListError
from integrations.rest.limits import NoSlots
from sandbox.faults import Fault
from sandbox.kamino.state import LEFT_OUT, KaminoCompany
from sandbox.server import SandboxServer
from sandbox.world import World
from tests.addresses import local
from tests.kamino.lists import LISTS


def page(*rows: int, of: int | None = 1, total: int | None = None, **more: Any) -> Page[int]:
    values = {"unread": 0, "number": 1, "is_full": False} | more
    return Page(list(rows), total_pages=of, total_rows=total, **values)


def listing(*pages: Page[int]) -> Listing[int]:
    return Listing.of(pages, lambda row: row)


@pytest.mark.parametrize(
    ("found", "is_whole", "is_proof"),
    [
        (listing(page(1, 2)), True, True),
        (listing(page(1, 2, total=2)), True, True),
        (listing(page(of=0, total=0)), True, True),
        (listing(page(1, 2, total=3)), False, False),
        (listing(page(1, 1)), True, True),
        (listing(page(1, unread=1)), False, False),
        (listing(page(1, is_full=True)), True, False),
        (listing(page(1, of=None)), True, False),
        (listing(page(1, of=2)), False, False),
        (listing(page(1, of=2, total=2), page(2, of=2, total=2, number=2)), True, False),
        (listing(page(1, of=2, total=3), page(3, of=2, total=2, number=2)), False, False),
        (listing(page(1, of=2, total=2), page(1, of=2, total=2, number=2)), False, False),
    ],
)
def test_what_a_reading_proves(found: Listing[int], is_whole: bool, is_proof: bool) -> None:
    assert (found.is_whole, found.is_proof) == (is_whole, is_proof)


def answers(*listings: Listing[int] | None) -> Callable[[], Listing[int] | None]:
    given = iter(listings)
    return lambda: next(given)


PROOF, PAGED, ODD = listing(page(1)), listing(page(1, of=None)), listing(page(1, unread=1))


def test_absence_takes_a_proof_or_two_whole_readings() -> None:
    assert asked(answers(PROOF), lambda row: row == 2) == []
    assert asked(answers(PAGED, PAGED), lambda row: row == 2) == []
    assert asked(answers(PAGED, listing(page(1, 2, of=None))), lambda row: row == 2) == [2]
    assert asked(answers(ODD), lambda row: row == 1) == [1], "what is seen is there, whatever else is not"
    assert asked(answers(None), lambda row: row == 1) is None


@pytest.mark.parametrize("readings", [(ODD,), (PAGED, ODD)])
def test_a_row_that_nobody_read_may_be_the_one(readings: tuple[Listing[int], ...]) -> None:
    with pytest.raises(IncompleteError):
        asked(answers(*readings), lambda row: row == 2)


@pytest.fixture
def kamino(world: World) -> KaminoCompany:
    return world.add_account("azul").kamino


@pytest.fixture
def client(server: SandboxServer, kamino: KaminoCompany) -> KaminoClient:
    keys = Keys(kamino.app, kamino.cn, str(kamino.id_usr), kamino.usr, kamino.hash)
    return KaminoClient(
        address=local(server.kamino_url), keys=keys, slots=NoSlots(), allow_unconfirmed=True, title_lists=LISTS
    )


def payables(client: KaminoClient, world: World) -> Listing[Any]:
    return client.titles_due(Direction.PAYABLE, world.today, world.today)


def add(kamino: KaminoCompany, world: World, count: int) -> int:
    person = kamino.add_person("Pessoa")
    return [kamino.add_title("payable", person, "1.00", world.today, "À mão") for _ in range(count)][-1]


NO_TOTALS = {"left out": LEFT_OUT, "null": None, "zero": 0, "text": "muitas", "negative": -3}


@pytest.mark.parametrize("total", NO_TOTALS.values(), ids=NO_TOTALS)
def test_pages_without_a_total_are_read_until_one_is_not_full(
    client: KaminoClient, kamino: KaminoCompany, world: World, total: Any
) -> None:
    """Only the first page was read, and what stood on the second was believed absent."""
    last = add(kamino, world, 101)
    kamino.odd_envelope = {"TotalPaginas": total, "TotalLinhas": LEFT_OUT}
    found = payables(client, world)
    assert (len(found.rows), found.rows[-1].kamino_id) == (101, last)
    assert found.is_whole
    assert not found.is_proof


@pytest.mark.parametrize("envelope", [{}, {"TotalPaginas": 0}, {"TotalLinhas": 0, "TotalPaginas": LEFT_OUT}])
def test_no_rows_may_be_null(client: KaminoClient, kamino: KaminoCompany, world: World, envelope: Any) -> None:
    kamino.odd_envelope = {"Dados": None, **envelope}
    assert payables(client, world).is_proof == ("TotalPaginas" not in envelope or envelope["TotalPaginas"] == 0)
    assert payables(client, world).rows == []
    assert payables(client, world).is_whole


@pytest.mark.parametrize("envelope", [{"Dados": None}, {"Dados": None, "TotalLinhas": LEFT_OUT}, {"TotalLinhas": 5}])
def test_rows_that_are_missing_from_their_page_prove_nothing(
    client: KaminoClient, kamino: KaminoCompany, world: World, envelope: Any
) -> None:
    add(kamino, world, 3)
    kamino.odd_envelope = envelope
    assert not payables(client, world).is_whole


@pytest.mark.parametrize("rows", [LEFT_OUT, {}, "", 0])
def test_what_is_no_list_is_no_page(client: KaminoClient, kamino: KaminoCompany, world: World, rows: Any) -> None:
    kamino.odd_envelope = {"Dados": rows}
    with pytest.raises(UnusableListError):
        payables(client, world)


def test_pages_that_moved_prove_nothing(client: KaminoClient, kamino: KaminoCompany, world: World) -> None:
    add(kamino, world, 150)
    world.faults.add(Fault(side="kamino", kind="page_shift"))
    found = payables(client, world)
    assert len(found.rows) == 149
    assert not found.is_whole


def test_a_document_that_came_as_a_number_has_its_zeros(client: KaminoClient, kamino: KaminoCompany) -> None:
    person = kamino.add_person("Fornecedor", "04.252.011/0001-10")
    kamino.odd_rows["person", person] = {"CPFCNPJ": 4252011000110}
    assert [found.kamino_id for found in client.persons_with_document("04252011000110")] == [person]


def test_persons_of_other_documents_are_no_answer(client: KaminoClient, kamino: KaminoCompany) -> None:
    """The whole register was read, twice, for each new contact."""
    ids = [kamino.add_person("Fornecedor", document) for document in ("11444777000161", "04252011000110", "")]
    kamino.ignores_filters = True
    for ask in (lambda: client.persons_with_document("11222333000181"), lambda: client.person(ids[0])):
        with pytest.raises(FilterIgnoredError):
            ask()
