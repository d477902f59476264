"""What a hostile reading found in delivery: each test failed before its mend."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.domain.delivery import Operation
from integrations.models import Posting, Tenant
from integrations.models.deliveries import DeliveryState
from integrations.pipeline.deliver import drain
from integrations.pipeline.deliver.claim import claim
from integrations.pipeline.desk import tenant_changed
from tests.flows.helpers import Company


@pytest.fixture
def contact(company: Company) -> int:
    return int(company.bling.add_contact(name="Fornecedor Exemplo", document="11.222.333/0001-81", kind="J"))


def payables(company: Company) -> int:
    return len(company.kamino.titles("payable"))


def test_what_stood_ready_when_its_month_was_closed_is_not_sent(company: Company, contact: int) -> None:
    company.to_shadow()
    today = company.bling.world.today
    title = company.add_title("payable", contact=contact, due=today - timedelta(days=40))
    company.sync()
    company.go_live()
    before = company.posting(title)
    assert before.state == DeliveryState.READY
    Tenant.objects.filter(pk=company.tenant.pk).update(closed_until=today)
    tenant_changed(tenant_id=company.tenant.pk, now=timezone.now())
    drain(clock=timezone.now, deadline=timezone.now() + timedelta(seconds=10))
    assert payables(company) == 0
    assert claim(before, Operation.CREATE, settles=False, now=timezone.now()) is None  # chosen before, claimed after
    company.work()
    assert Posting.objects.get().state == DeliveryState.HELD
