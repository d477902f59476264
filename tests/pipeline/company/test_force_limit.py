"""More than a company's limit allows needs two people, whoever changes the limit."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.models import Tenant
from integrations.pipeline.company.force_limit import approve_limit, refuse_limit
from integrations.pipeline.company.saving import save_tenant
from integrations.pipeline.desk.refusal import Refused
from tests.admin.world import make_rows

HUNDRED, MORE = Decimal("100.00"), Decimal("100000.00")


@pytest.fixture
def maria(db: None) -> User:
    return User.objects.create_superuser("maria")


@pytest.fixture
def joana(db: None) -> User:
    return User.objects.create_superuser("joana")


@pytest.fixture
def tenant(maria: User) -> Tenant:
    tenant = make_rows("nossa", 11, maria).tenant
    Tenant.objects.update(force_limit=HUNDRED)
    tenant.refresh_from_db()
    return tenant


def change(tenant: Tenant, limit: Decimal | None, user: User) -> Tenant:
    tenant.force_limit = limit
    save_tenant(tenant, ["force_limit"], user=user, now=timezone.now())
    return Tenant.objects.get()


def decide(order: Any, tenant: Tenant, user: User) -> Tenant:
    order(tenant=tenant, user=user, now=timezone.now())
    return Tenant.objects.get()


@pytest.mark.parametrize("wanted", [MORE, None])
def test_more_counts_once_somebody_else_approves(
    tenant: Tenant, maria: User, joana: User, wanted: Decimal | None
) -> None:
    asked = change(tenant, wanted, maria)
    assert (asked.force_limit, asked.is_limit_asked, asked.asked_limit) == (HUNDRED, True, wanted)
    with pytest.raises(Refused) as caught:
        approve_limit(tenant=asked, user=maria, now=timezone.now())
    assert caught.value.code == "own"
    approved = decide(approve_limit, asked, joana)
    assert (approved.force_limit, approved.is_limit_asked, approved.limit_asked_by) == (wanted, False, None)
    assert approved.history.latest().history_user == joana
    with pytest.raises(Refused):
        approve_limit(tenant=asked, user=joana, now=timezone.now())


def test_what_was_seen_is_what_is_approved(tenant: Tenant, maria: User, joana: User) -> None:
    seen = change(tenant, Decimal("200.00"), maria)
    change(Tenant.objects.get(), MORE, maria)
    with pytest.raises(Refused) as caught:
        approve_limit(tenant=seen, user=joana, now=timezone.now())
    assert caught.value.code == "decided"
    assert Tenant.objects.get().force_limit == HUNDRED


def test_less_counts_at_once_and_ends_what_was_asked(tenant: Tenant, maria: User) -> None:
    change(tenant, MORE, maria)
    less = change(Tenant.objects.get(), Decimal("50.00"), maria)
    assert (less.force_limit, less.is_limit_asked) == (Decimal("50.00"), False)


def test_a_first_limit_counts_at_once(tenant: Tenant, maria: User) -> None:
    Tenant.objects.update(force_limit=None)
    assert change(Tenant.objects.get(), HUNDRED, maria).force_limit == HUNDRED


def test_it_stays_where_it_is_refused(tenant: Tenant, maria: User, joana: User) -> None:
    refused = decide(refuse_limit, change(tenant, None, maria), joana)
    assert (refused.force_limit, refused.is_limit_asked) == (HUNDRED, False)
