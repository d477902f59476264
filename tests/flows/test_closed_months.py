"""What a person asks for writes nothing into a month that is closed."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.models import Tenant
from integrations.pipeline.desk import commands
from tests.flows.helpers import Company
from tests.pipeline.desk.test_commands import code_of


def close(company: Company) -> None:
    """Close the months of everything that is due soon."""
    Tenant.objects.update(closed_until=company.bling.world.today + timedelta(days=60))


def there_now(company: Company, there: int) -> Any:
    """Return what Kamino has of a title, and whether it was deleted."""
    return dict(company.kamino.rows("payable")[there]), company.kamino.deleted.copy()


@pytest.mark.some(3)
@pytest.mark.parametrize("change", ["value", "due date", "restored"])
def test_a_resync_changes_nothing_of_a_closed_month(company: Company, user: User, change: str) -> None:
    title = company.add_title("payable", value="100.00")
    company.sync()
    there = company.in_kamino("payable", title)["ID"]
    later = company.bling.world.today + timedelta(days=12)
    if change == "restored":
        company.bling.cancel(title)
        company.sync()
        company.kamino.restore_title("payable", there)
    else:
        edit: dict[str, Any] = {"value": {"ValorVencimento": 120}, "due date": {"DataVencimento": later}}
        company.kamino.edit_title("payable", there, **edit[change])
    company.forget_snapshots()
    close(company)
    before = there_now(company, there)
    company.resync(title, user)
    assert there_now(company, there) == before
    assert company.posting(title).state == "delivered"
    Tenant.objects.update(closed_until=None)
    company.forget_snapshots()
    company.resync(title, user)
    assert there_now(company, there) != before, "it was the closed month that kept it"


def test_the_texts_of_a_closed_month_are_kept(company: Company, user: User) -> None:
    title = company.add_title("payable", value="100.00")
    company.sync()
    there = company.in_kamino("payable", title)["ID"]
    company.kamino.edit_title("payable", there, Descricao="Deles")
    company.forget_snapshots()
    order = {"posting": company.posting(title), "reason": "Voltar", "user": user, "now": timezone.now()}
    close(company)
    assert code_of(commands.use_bling, **order) == "closed"
    Tenant.objects.update(closed_until=None)
    commands.use_bling(**order)
    close(company)  # before it is sent
    company.work()
    assert company.kamino.rows("payable")[there]["Descricao"] == "Deles"
