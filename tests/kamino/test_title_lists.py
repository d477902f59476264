"""Where Kamino lists receivables: proved by what it answers, and nothing concluded from a list that fails."""

from datetime import date, timedelta
from typing import Any

import pytest

from integrations.domain.title_lists import TitleList
from integrations.domain.titles import Direction
from integrations.kamino.client import KaminoClient, Keys
from integrations.rest import errors
from integrations.rest.limits import NoSlots
from sandbox.faults import Fault
from sandbox.kamino.state import LEFT_OUT, KaminoCompany
from sandbox.server import SandboxServer
from sandbox.world import World
from tests.addresses import local

FIRST, SECOND = "/financeiro/recebimentos/paginada", "/financeiro/recebimento/lista/paginada"


@pytest.fixture
def kamino(world: World) -> KaminoCompany:
    world.receivable_list = "first"
    return world.add_account("azul").kamino


@pytest.fixture
def client(server: SandboxServer, kamino: KaminoCompany) -> KaminoClient:
    return client_of(server, kamino, TitleList.FIRST)


def client_of(server: SandboxServer, kamino: KaminoCompany, state: TitleList, *, allowed: bool = True) -> KaminoClient:
    keys = Keys(kamino.app, kamino.cn, str(kamino.id_usr), kamino.usr, kamino.hash)
    return KaminoClient(
        address=local(server.kamino_url), keys=keys, slots=NoSlots(), allow_unconfirmed=allowed,
        title_lists=dict.fromkeys(Direction, state),
    )  # fmt: skip


def add(kamino: KaminoCompany, world: World, *days: int) -> list[int]:
    person = kamino.add_person("Pessoa")
    return [kamino.add_title("receivable", person, "1.00", world.today + timedelta(days=day), "À mão") for day in days]


def answers(world: World, status: int, path: str = "/financeiro/recebimento", times: int = 9) -> None:
    world.faults.add(Fault("kamino", "answer", "GET", path, times=times, status=status, answer="{}"))


@pytest.mark.parametrize("place", ["first", "second"])
@pytest.mark.parametrize("is_empty", [False, True])
def test_the_list_is_found_at_either_address(
    server: SandboxServer, kamino: KaminoCompany, world: World, place: Any, is_empty: bool
) -> None:
    world.receivable_list = place
    added = [] if is_empty else add(kamino, world, 1, 40)
    client = client_of(server, kamino, TitleList.UNKNOWN)
    found = client.find_title_list(Direction.RECEIVABLE)
    assert found.title_list == place
    assert list(found.answers.values()) == ["ok"] if place == "first" else ["404", "ok"]
    page = client.title_page(Direction.RECEIVABLE, 1)
    assert page is not None
    assert [row.kamino_id for row in page.rows] == added


def test_no_list_is_proved_where_each_address_is_unknown_to_kamino(
    server: SandboxServer, kamino: KaminoCompany, world: World
) -> None:
    world.receivable_list = "none"
    client = client_of(server, kamino, TitleList.UNKNOWN)
    found = client.find_title_list(Direction.RECEIVABLE)
    assert (found.title_list, list(found.answers.values())) == (TitleList.UNKNOWN, ["404", "404"])
    with pytest.raises(errors.UnusableListError):
        client.title_page(Direction.RECEIVABLE, 1)


def test_the_unconfirmed_address_is_asked_only_where_that_is_allowed(
    server: SandboxServer, kamino: KaminoCompany, world: World
) -> None:
    world.receivable_list = "second"
    found = client_of(server, kamino, TitleList.UNKNOWN, allowed=False).find_title_list(Direction.RECEIVABLE)
    assert (found.title_list, list(found.answers.values())) == (TitleList.UNKNOWN, ["404", "unconfirmed"])
    assert not kamino.calls[f"GET {SECOND}"]


ODD_LISTS: dict[str, tuple[dict[str, Any], str]] = {
    "no status": ({"SitConta": LEFT_OUT}, "no_list"),
    "no description": ({"Descri": LEFT_OUT}, "no_list"),
    "no due date": ({"DtaVenc": LEFT_OUT}, "no_list"),
    "no value": ({"VlrVenc": LEFT_OUT}, "no_list"),
    "no person": ({"IDPessoa": LEFT_OUT, "Pessoa": LEFT_OUT}, "no_list"),
    "no id": ({"ID": None}, "no_due_date"),
    "no day in its due date": ({"DtaVenc": "amanhã"}, "no_due_date"),
}


@pytest.mark.parametrize(("changes", "answer"), ODD_LISTS.values(), ids=ODD_LISTS)
def test_rows_that_do_not_say_enough_are_no_list_of_titles(
    server: SandboxServer, kamino: KaminoCompany, world: World, changes: dict[str, Any], answer: str
) -> None:
    """A title that carries our marker could not be told from another one."""
    for title in add(kamino, world, 1, 2):
        kamino.odd_rows[("receivable", title)] = changes
    found = client_of(server, kamino, TitleList.UNKNOWN).find_title_list(Direction.RECEIVABLE)
    assert (found.title_list, list(found.answers.values())) == (TitleList.UNKNOWN, [answer, "404"])


def test_a_list_that_understands_no_due_date_is_not_proved(
    server: SandboxServer, kamino: KaminoCompany, world: World
) -> None:
    add(kamino, world, 1, 2, 3)
    kamino.ignores_filters = True
    found = client_of(server, kamino, TitleList.UNKNOWN).find_title_list(Direction.RECEIVABLE)
    assert (found.title_list, found.answers["receivable.list"]) == (TitleList.UNKNOWN, "filter_ignored")


def test_a_list_whose_days_do_not_show_what_it_shows_is_not_proved(
    server: SandboxServer, kamino: KaminoCompany, world: World
) -> None:
    """It files its titles under another day than the one that it shows."""
    (title,) = add(kamino, world, 1)
    kamino.odd_rows[("receivable", title)] = {"DtaVenc": str(world.today + timedelta(days=5))}
    found = client_of(server, kamino, TitleList.UNKNOWN).find_title_list(Direction.RECEIVABLE)
    assert (found.title_list, found.answers["receivable.list"]) == (TitleList.UNKNOWN, "not_shown")


@pytest.mark.parametrize("status", [403, 405, 500, 302])
def test_an_address_that_refuses_is_neither_proved_nor_absent(
    server: SandboxServer, kamino: KaminoCompany, world: World, status: int
) -> None:
    answers(world, status)
    found = client_of(server, kamino, TitleList.UNKNOWN).find_title_list(Direction.RECEIVABLE)
    said = "redirect" if status == 302 else str(status)
    assert (found.title_list, set(found.answers.values())) == (TitleList.UNKNOWN, {said})


@pytest.mark.parametrize("status", [302, 400, 403, 404, 405, 500, 503])
def test_a_proved_list_that_fails_is_unusable_and_never_absent(
    client: KaminoClient, kamino: KaminoCompany, world: World, status: int
) -> None:
    answers(world, status, times=20)
    for ask in (lambda: client.title_page(Direction.RECEIVABLE, 1), lambda: due(client, world.today)):
        with pytest.raises(errors.UnusableListError) as caught:
            ask()
        assert caught.value.because.status == status


@pytest.mark.parametrize(("status", "kind"), [(401, errors.UnauthorizedError), (429, errors.RateLimitedError)])
def test_wrong_keys_and_limits_say_nothing_of_a_list(
    client: KaminoClient, kamino: KaminoCompany, world: World, status: int, kind: type[Exception]
) -> None:
    answers(world, status)
    for ask in (lambda: due(client, world.today), lambda: client.find_title_list(Direction.RECEIVABLE)):
        with pytest.raises(kind):
            ask()


def test_where_there_is_no_list_nothing_is_asked(server: SandboxServer, kamino: KaminoCompany, world: World) -> None:
    client = client_of(server, kamino, TitleList.ABSENT)
    assert client.title_page(Direction.RECEIVABLE, 1) is None
    assert due(client, world.today) is None
    assert not kamino.request_count


def due(client: KaminoClient, day: date) -> Any:
    return client.titles_due(Direction.RECEIVABLE, day, day)


def test_rows_of_other_days_are_dropped_and_counted(client: KaminoClient, kamino: KaminoCompany, world: World) -> None:
    titles = add(kamino, world, 3, 3, 3)
    kamino.odd_rows[("receivable", titles[1])] = {"DtaVenc": str(world.today + timedelta(days=9))}
    found = due(client, world.today + timedelta(days=3))
    assert [row.kamino_id for row in found.rows] == [titles[0], titles[2]]
    assert found.is_proof, "nothing that was asked for is missing from its only page"


def test_a_row_whose_due_date_cannot_be_read_is_there_all_the_same(
    client: KaminoClient, kamino: KaminoCompany, world: World
) -> None:
    (title,) = add(kamino, world, 3)
    kamino.odd_rows[("receivable", title)] = {"DtaVenc": "amanhã"}
    assert [row.kamino_id for row in due(client, world.today + timedelta(days=3)).rows] == [title]


def test_mostly_rows_of_other_days_are_no_answer(client: KaminoClient, kamino: KaminoCompany, world: World) -> None:
    add(kamino, world, 3, 4, 5)
    kamino.ignores_filters = True
    with pytest.raises(errors.UnusableListError) as caught:
        due(client, world.today + timedelta(days=3))
    assert caught.value.because.code == "filter_ignored"


def test_an_empty_list_proves_nothing_while_the_other_address_only_fails(
    server: SandboxServer, kamino: KaminoCompany, world: World
) -> None:
    """What the first address did not show for a moment would be created a second time."""
    world.receivable_list = "second"
    answers(world, 503, FIRST)
    found = client_of(server, kamino, TitleList.UNKNOWN).find_title_list(Direction.RECEIVABLE)
    assert (found.title_list, found.answers["receivable.list"]) == (TitleList.UNKNOWN, "503")


@pytest.mark.parametrize("is_empty", [False, True])
def test_a_list_that_fails_for_a_moment_is_not_replaced_by_another(
    server: SandboxServer, kamino: KaminoCompany, world: World, is_empty: bool
) -> None:
    """A person tests the connection while the list that is proved does not answer."""
    world.receivable_list = "second"
    if not is_empty:
        add(kamino, world, 1)
    answers(world, 503, FIRST)
    client = client_of(server, kamino, TitleList.FIRST)
    assert client.find_title_list(Direction.RECEIVABLE).title_list is TitleList.UNKNOWN
    assert client.title_lists[Direction.RECEIVABLE] is TitleList.FIRST


@pytest.mark.parametrize("known", [TitleList.FIRST, TitleList.SECOND])
def test_a_list_that_moved_is_found_where_it_is_now(
    server: SandboxServer, kamino: KaminoCompany, world: World, known: TitleList
) -> None:
    world.receivable_list = "second" if known is TitleList.FIRST else "first"
    found = client_of(server, kamino, known).find_title_list(Direction.RECEIVABLE)
    assert found.title_list == world.receivable_list
