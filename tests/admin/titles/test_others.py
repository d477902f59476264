"""Advices name buttons: who does not have one is told whom to ask."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import translation

from integrations.admin.kit.texts import money
from integrations.models import Posting, StoredDiscrepancy
from integrations.words.values import readable
from tests.admin.titles.test_page import page_of
from tests.admin.world import Rows

STUCK = {"state": "needs_human", "reason": "ambiguous", "reason_params": {}, "problems": []}


def test_who_may_not_decide_is_told_who_may(login: Callable[[str], Client], ours: Rows) -> None:
    Posting.objects.filter(pk=ours.posting.pk).update(**STUCK)
    page = page_of(login("financeiro"), ours.title)
    assert "“Decidir” não é do seu perfil: peça a quem é de" in page
    assert "Operação" in page.split("não é do seu perfil")[1][:60]
    assert "não é do seu perfil" not in page_of(login("operacao"), ours.title)


@pytest.mark.parametrize("kind", ["edited_in_kamino", "classification"])
def test_who_may_not_accept_a_difference_is_told_who_may(kind: str, login: Callable[[str], Client], ours: Rows) -> None:
    StoredDiscrepancy.objects.filter(posting=ours.posting).update(kind=kind)
    page = page_of(login("financeiro"), ours.title)
    for button in ("Aceitar divergências", "Usar os do Bling"):
        assert f"“{button}” não é do seu perfil: peça a quem é de" in page
    assert "não é do seu perfil" not in page_of(login("operacao"), ours.title)


def test_a_negative_amount_has_its_sign_first() -> None:
    with translation.override("pt-br"):
        assert money(Decimal("-40.40")) == "-R$\u00a040,40"
        assert readable("sobra -1234.50") == "sobra -R$\u00a01.234,50"
        assert money(Decimal("0.00")) == "R$\u00a00,00"
