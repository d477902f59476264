"""A title settled by hand needs nobody any more; one that Bling no longer has says so at once."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from integrations.models import Discrepancy, Posting
from integrations.pipeline.report.needs_action import needing_action
from sandbox.world import World
from tests.admin.titles.test_answers import answer, force, page_of
from tests.flows.helpers import Company, in_days


def several(company: Company, world: World, title: int) -> None:
    company.bling.pay(title, amount="40.00", date=in_days(world, -4), account=company.bank)
    company.bling.pay(title, amount="60.00", date=in_days(world, -2), account=company.bank)


def without_account(company: Company, world: World, title: int) -> None:
    company.bling.pay(title, account=company.bling.add_account("Sem par", kind="caixa"))


@pytest.mark.parametrize("paid", [several, without_account])
@pytest.mark.some(2)
def test_a_forced_settlement_ends_what_kept_the_settlement_back(
    company: Company, user: User, world: World, paid: Callable[..., Any]
) -> None:
    title = company.add_title("payable", value="100.00")
    company.sync()
    paid(company, world, title)
    company.sync()
    assert needing_action(Posting.objects.all()).count() == 1
    force(company, title, user)
    company.work()
    assert company.in_kamino("payable", title)["Situacao"] == 2
    assert not needing_action(Posting.objects.all()).exists()
    assert company.problems(title) == []
    assert not Discrepancy.objects.filter(closed_at=None).exists()
    found = answer(company, title, user)
    assert found.startswith("Está baixado nos dois lados. Última leitura"), found
    assert "Dê baixa manualmente" not in page_of(company, title, user)


def test_a_resync_says_at_once_that_bling_has_no_such_title(company: Company, user: User) -> None:
    title = company.add_title("payable")
    company.sync()
    kept = company.bling.titles[title]
    company.bling.delete(title)
    company.resync(title, user)
    found = answer(company, title, user)
    assert found.startswith("O Bling não mostra mais este título. Motivo: O Bling respondeu em"), found
    assert "as próximas sincronizações confirmam" in found
    company.bling.titles[title] = kept
    company.bling.touch()
    company.resync(title, user)
    assert "não mostra mais" not in answer(company, title, user)


def test_one_that_a_sync_did_not_find_is_not_called_open_before_the_next(company: Company, user: User) -> None:
    title = company.add_title("payable")
    company.sync()
    company.bling.delete(title)
    company.sync()
    assert company.title(title).status == "open"
    assert answer(company, title, user).startswith("O Bling não mostra mais este título.")
    company.sync()
    assert company.title(title).status == "deleted"
    assert "não mostra mais este título" not in answer(company, title, user)
