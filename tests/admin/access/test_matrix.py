"""Every address with every body: nobody reads or writes another company's rows, nor what their role may not."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission, User
from django.test import Client

from tests.admin.matrix import Answer, Ask, answer, asks, signature
from tests.admin.world import Rows, make_user
from tests.drawn import seeded

CALLS_OUT = ("/test/", "/procurar-no-bling/")
"""Where somebody who may, asks Bling or Kamino."""
ALL = 100
"""More queries than an address is opened with."""
OWN_CODES = {
    code for model in apps.get_app_config("integrations").get_models() for code, _name in model._meta.permissions
} - {"access_all_tenants"}


@pytest.fixture(autouse=True)
def nobody_is_called(settings: Any) -> None:
    settings.KAMINO_ALLOWED_HOSTS = []


def logged_in(user: User) -> Client:
    client = Client(headers={"accept-language": "pt-BR,pt;q=0.9"}, raise_request_exception=False)
    client.force_login(user)
    return client


def answers(user: User, rows: Rows, root: User, *, queries: int = 0) -> list[tuple[Ask, Answer]]:
    # What a list can be asked is what somebody could ask who may do everything.
    asked = list(asks(rows, root, queries=queries))
    client, before = logged_in(user), signature(rows)
    return [(ask, answer(client, ask, rows, before)) for ask in asked]


def holding(user: User, codes: Callable[[str], bool]) -> User:
    """Give a user all permissions whose code fits."""
    user.user_permissions.set([one for one in Permission.objects.all() if codes(one.codename)])
    return user


def broken(found: Sequence[tuple[Ask, Answer]], words: str) -> list[str]:
    """Return the requests that showed the words, touched the company or ended in an error."""
    return [
        f"{ask}: {told.status} {'shown ' if words in told.text else ''}{'changed' if told.changed else ''}"
        for ask, told in found
        if words in told.text or told.changed or told.status >= 500
    ]


def member(ours: Rows, name: str, codes: Callable[[str], bool]) -> User:
    user = holding(make_user(name), codes)
    ours.tenant.members.add(user)
    return user


def almost_everything(code: str) -> bool:
    return code != "access_all_tenants"


def test_all_permissions_do_not_lead_to_another_company(ours: Rows, theirs: Rows, root: User) -> None:
    """Each address is opened, and each list told to do what it can; the long tests send to all of them."""
    user = member(ours, "quase", almost_everything)
    asked = [ask for ask in asks(theirs, root) if ask.method == "GET" or "action" in ask.body]
    client, before = logged_in(user), signature(theirs)
    assert len(asked) > 250
    assert broken([(ask, answer(client, ask, theirs, before)) for ask in asked], "alheia") == []


@pytest.mark.parametrize(
    ("groups", "queries"),
    [
        pytest.param([seeded("role").choice(["Financeiro", "Operação"])], 1, marks=pytest.mark.long),
        *(
            pytest.param(groups, ALL, marks=pytest.mark.soak)
            for groups in (["Financeiro"], ["Operação"], ["Financeiro", "Operação"])
        ),
    ],
)
def test_no_role_reaches_another_company(groups: list[str], queries: int, ours: Rows, theirs: Rows, root: User) -> None:
    user = make_user("papel", *groups)
    ours.tenant.members.add(user)
    assert broken(answers(user, theirs, root, queries=queries), "alheia") == []


@pytest.mark.soak
def test_without_a_company_no_company_is_reached(theirs: Rows, root: User) -> None:
    user = holding(make_user("sozinho"), almost_everything)
    assert broken(answers(user, theirs, root), "alheia") == []


@pytest.mark.soak
def test_nor_do_all_permissions_with_all_that_can_be_asked(ours: Rows, theirs: Rows, root: User) -> None:
    user = member(ours, "quase", almost_everything)
    assert broken(answers(user, theirs, root, queries=ALL), "alheia") == []


@pytest.mark.soak
@pytest.mark.parametrize("code", sorted(OWN_CODES))
def test_no_single_permission_reaches_another_company(code: str, ours: Rows, theirs: Rows, root: User) -> None:
    user = member(ours, "uma", lambda one: one in (code, "view_title", "view_tenant"))
    assert broken(answers(user, theirs, root, queries=ALL), "alheia") == []


@pytest.mark.long
def test_the_matrix_sees_what_is_shown_and_changed(theirs: Rows, root: User) -> None:
    """Asked by somebody who may: what holds the others can fail."""
    found = [(ask, told) for ask, told in answers(root, theirs, root) if not ask.path.endswith(CALLS_OUT)]
    shown = {ask.path for ask, told in found if ask.method == "GET" and "alheia" in told.text}
    changed = {str(ask) for ask, told in found if told.changed}
    assert len(shown) > 60
    assert len(changed) > 20
    assert [str(ask) for ask, told in found if told.status >= 500] == []


@pytest.mark.long
def test_without_permissions_nothing_of_one_s_own_company_is_shown(ours: Rows, root: User) -> None:
    found = answers(member(ours, "ninguem", lambda code: False), ours, root)
    assert broken(found, "nossa") == []


@pytest.mark.long
def test_who_may_only_look_changes_nothing(ours: Rows, root: User) -> None:
    user = member(ours, "leitor", lambda code: code.startswith("view_") or code == "access_all_tenants")
    found = answers(user, ours, root)
    assert [str(ask) for ask, told in found if told.wrote or told.status >= 500] == []
    assert sum("nossa" in told.text for _ask, told in found) > 40
