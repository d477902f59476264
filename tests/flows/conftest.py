"""A company whose Bling is written to, and who enters payables for it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.models import BlingConnection, BlingToken, BlingWriting, WriteMode
from integrations.pipeline.access import tokens
from tests.flows.customers import WRITE_SCOPES, Customer
from tests.flows.helpers import Company


@pytest.fixture
def ana(transactional_db: None) -> User:
    return User.objects.create_user("ana")


@pytest.fixture
def writing(company: Company, settings: Any) -> Company:
    settings.UNCERTAIN_WAIT_SECONDS = 0
    company.sync()
    BlingWriting.objects.create(connection=company.connection, mode=WriteMode.LIVE)
    return company


@pytest.fixture
def customer(company: Company, ana: User, settings: Any) -> Customer:
    """A company that reads by the platform's app; the platform has another one that writes."""
    reader = company.bling.add_app("contas-pagar:write", "contatos:write")
    writer = company.bling.add_app()
    settings.BLING_CLIENT_ID, settings.BLING_CLIENT_SECRET = reader.client_id, reader.client_secret
    settings.BLING_WRITE_CLIENT_ID, settings.BLING_WRITE_CLIENT_SECRET = writer.client_id, writer.client_secret
    settings.BLING_WRITE_SCOPES = WRITE_SCOPES
    settings.UNCERTAIN_WAIT_SECONDS = 0
    BlingConnection.objects.update(client_id="", client_secret="")
    pair = company.bling.world.grants.issue(reader.client_id, company.bling, "opaque")
    tokens.store_tokens(company.connection, company.token_pair(pair), now=timezone.now(), client_id=reader.client_id)
    company.sync()
    return Customer(company, ana, reader, writer)


@pytest.fixture
def stays(customer: Customer) -> Callable[[], None]:
    """Check that the authorization and what the connection is stay as they are now."""
    columns = ("access_token", "refresh_token", "version", "client_id", "scopes")

    def stands() -> tuple[Any, ...]:
        token, connection = BlingToken.objects.get(), customer.connection
        found = connection.access, connection.client_id, connection.status, connection.company_id
        return (*(getattr(token, name) for name in columns), *found)

    before = stands()
    return lambda: None if stands() == before else pytest.fail(f"{stands()} is not {before}")
