"""Programs that settle payables by the bridge: once, whole, and only what they may."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from integrations.domain.calendar import day_of
from integrations.models import ApiKey, BlingWriting
from tests.flows.bridged import KEY, ONCE, booked, bridge, error_of, ours
from tests.flows.helpers import Company

TODAY = f"{day_of(timezone.now()):%d/%m/%Y}"
XML = f"<contapagar><dataLiquidacao>{TODAY}</dataLiquidacao></contapagar>"


@pytest.fixture
def bridged(company: Company, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Company:
    found = bridge(company, settings, monkeypatch)
    may_settle()
    return found


def may_settle(**values: Any) -> None:
    """Let the account and its keys settle, as support and finance do together."""
    BlingWriting.objects.update(settles=True)
    finance, _is_new = User.objects.get_or_create(username="financeiro")
    ApiKey.objects.update(
        settles=True, settle_asked_by=User.objects.get(username="suporte"), settle_approved_by=finance,
        settle_approved_at=timezone.now(), **values,
    )  # fmt: skip


def put(title_id: int, xml: str = XML, *, key: str = KEY, form: str = "", prefix: str = "/b") -> Any:
    """Settle as client V does: a form, urlencoded."""
    from urllib.parse import urlencode

    path = f"{prefix}/Api/v2/contapagar/{title_id}{form}"
    return Client(raise_request_exception=False).put(
        path, urlencode({"apikey": key, "xml": xml}), content_type="application/x-www-form-urlencoded"
    )


def settled(company: Company, title_id: int, xml: str = XML, **options: Any) -> Any:
    """Send a request until it is answered for good."""
    for _ in range(6):
        answer = put(title_id, xml, **options)
        if answer.status_code != 503:
            break
        company.work()
    return answer


def one_booked(company: Company) -> Any:
    assert booked(company, ONCE).status_code == 201
    [title] = ours(company)
    return title


def test_a_payable_is_settled_once(bridged: Company) -> None:
    title = one_booked(bridged)
    answer = put(title.id, form="/json")
    assert (answer.status_code, error_of(answer)[0], answer["Retry-After"]) == (503, 903, "60")
    for _ in range(3):
        answer = settled(bridged, title.id, form="/json")
        assert answer.status_code == 200
        assert json.loads(answer.content) == {
            "retorno": {"contaspagar": [{"contapagar": {
                "id": str(title.id), "nroDocumento": "0123456", "vencimento": "2017-04-20",
            }}]}
        }  # fmt: skip
    assert bridged.bling.calls["POST /contas/pagar/{id}/baixar"] == 1
    [(day, line)] = bridged.bling.payments_of(title.id)
    assert (day, line.amount, title.balance) == (day_of(timezone.now()), Decimal("15.00"), 0)
