"""Two companies with a row in every table, and one user per role; nobody talks to a network."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.admin.world import Rows, make_rows, make_user

ROLES = {"suporte": "Suporte", "financeiro": "Financeiro", "operacao": "Operação"}


@pytest.fixture(autouse=True)
def kamino_hosts(settings: Any) -> None:
    settings.KAMINO_ALLOWED_HOSTS = ["*.kamino.tech", "127.0.0.1"]


@pytest.fixture
def root(db: None) -> User:
    return make_user("root", is_superuser=True)


@pytest.fixture
def ours(root: User) -> Rows:
    return make_rows("nossa", 11, root)


@pytest.fixture
def theirs(root: User) -> Rows:
    return make_rows("alheia", 22, root)


@pytest.fixture
def users(ours: Rows, theirs: Rows, root: User) -> dict[str, User]:
    """One user per role, all of them members of our company; the group of support sees every company anyway."""
    made = {name: make_user(name, group) for name, group in ROLES.items()}
    made["nobody"] = make_user("nobody")
    ours.tenant.members.set(made.values())
    return {**made, "root": root}


@pytest.fixture
def login(users: dict[str, User]) -> Callable[[str], Client]:
    """Return a browser in Portuguese, logged in as a role."""

    def make(name: str) -> Client:
        client = Client(headers={"accept-language": "pt-BR,pt;q=0.9"})
        client.force_login(users[name])
        return client

    return make
