"""A company whose Bling is written to, and who enters payables for it."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from integrations.models import BlingWriting, WriteMode
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
