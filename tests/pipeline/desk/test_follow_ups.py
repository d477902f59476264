"""Responsible persons and comments."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.pipeline.desk import follow_ups
from tests.flows.helpers import Company


@pytest.fixture
def user(transactional_db: None) -> User:
    return User.objects.create_superuser("maria", password="x")


def test_who_may_look_after_titles_is_asked_once_for_everybody(company: Company, user: User) -> None:
    member, stranger = (User.objects.create_user(name, is_staff=True) for name in ("bia", "zeca"))
    company.tenant.members.add(member, User.objects.create_user("cliente"))
    with CaptureQueriesContext(connection) as queries:
        assert follow_ups.may_look_after([company.tenant.pk]) == [member, user]
    assert len(queries) == 1
    assert stranger not in follow_ups.may_look_after([company.tenant.pk])
