"""A peer that quotes the keys that it was sent: they get to no page, log or error."""

import json
from typing import Any

import pytest

from integrations.models import Attempt, KaminoConnection, Posting
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company


@pytest.mark.some(3)
@pytest.mark.parametrize("status", [200, 400, 401, 403, 422, 500])
@pytest.mark.parametrize("is_escaped", [False, True])
def test_a_key_that_kamino_quotes_is_shown_nowhere(
    company: Company, world: World, caplog: pytest.LogCaptureFixture, status: int, is_escaped: bool
) -> None:
    kamino: Any = KaminoConnection.objects.get()
    keys = [kamino.hash, kamino.usr, kamino.app]
    text = json.dumps({"Sucesso": False, "Mensagem": f"Acesso negado para {' e '.join(keys)}"})
    text = text.replace("/", "\\/") if is_escaped else text
    company.add_title("payable")
    world.faults.add(Fault("kamino", "answer", "POST", "/financeiro/pagamento", 50, status=status, answer=text))
    company.sync_once_without_lookup()
    rows = [*Attempt.objects.values(), *Posting.objects.values(), *KaminoConnection.objects.values("failure")]
    assert Attempt.objects.exists()
    shown = f"{caplog.text} {rows}"
    assert not [key for key in keys if len(key) >= 8 and key in shown]
