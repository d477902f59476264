"""A company whose Bling is written to."""

import pytest
from django.contrib.auth.models import User

from integrations.models import BlingWriting
from tests.admin.world import Rows, make_rows


@pytest.fixture
def rows(db: None) -> Rows:
    """What there is of one company, whose account is switched on for writing."""
    found = make_rows("nossa", 1, User.objects.create_user("autora"))
    BlingWriting.objects.create(connection=found.bling, mode="live")
    return found
