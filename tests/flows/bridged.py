"""A company whose Bling programs write to by the v2 bridge, and what such a program sends."""

import json
from datetime import date
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from integrations.domain.calendar import day_of
from integrations.domain.payables import marker_of
from integrations.models import ApiKey, BlingWriting, WriteMode
from integrations.models.api_keys import digests_of, new_key
from tests.bling_v2.example import XML, edited
from tests.flows.helpers import Company

JSON = "/Api/v2/contapagar/json/"
KEY = new_key()
ONCE = edited(
    XML[XML.index("   <ocorrencia>") : XML.index("   <fornecedor>")],
    "<ocorrencia><ocorrenciaTipo>U</ocorrenciaTipo><diaVencimento/></ocorrencia>",
)


def bridge(company: Company, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Company:
    """Give a company what the example names, and a program a key for it. Nobody waits for an answer."""
    settings.UNCERTAIN_WAIT_SECONDS = settings.BRIDGE_WAIT_SECONDS = 0
    cache.clear()
    bling = company.bling
    bling.add_category("Vendas", kind=3)
    bling.add_account("CEF")
    form = bling.payment_forms.pop(bling.add_payment_form("Boleto"))
    form.id = 785257
    bling.payment_forms[785257] = form
    company.sync()
    BlingWriting.objects.create(connection=company.connection, mode=WriteMode.LIVE)
    make_key(company, KEY)
    ids = iter([16_000_001, 212454, 212458])
    plain = bling.new_id
    monkeypatch.setattr(bling, "new_id", lambda: next(ids, None) or plain())
    return company


def make_key(company: Company, key: str, **values: Any) -> ApiKey:
    user, _is_new = User.objects.get_or_create(username="suporte")
    return ApiKey.objects.create(
        connection=company.connection, label="ERP", digest=digests_of(key)[0], prefix=key[:6], created_by=user,
        created_at=timezone.now(), **{"parcel_value": "each", **values},
    )  # fmt: skip


def send(xml: str = XML, *, key: str = KEY, path: str = JSON, **options: Any) -> Any:
    """Send a request as the example's PHP does: multipart, with the XML percent-encoded."""
    return Client(raise_request_exception=False).post(path, {"apikey": key, "xml": quote(xml, safe="")}, **options)


def may_settle(**values: Any) -> None:
    """Let the accounts and their keys settle, as support and finance do together."""
    BlingWriting.objects.update(settles=True)
    finance, _is_new = User.objects.get_or_create(username="financeiro")
    ApiKey.objects.update(
        settles=True, settle_asked_by=User.objects.get(username="suporte"), settle_approved_by=finance,
        settle_approved_at=timezone.now(), **values,
    )  # fmt: skip


def settlement(day: date | None = None, more: str = "") -> str:
    """Return the XML by which a program settles a payable, today unless it says another day."""
    day = day or day_of(timezone.now())
    return f"<contapagar><dataLiquidacao>{day:%d/%m/%Y}</dataLiquidacao>{more}</contapagar>"


def put(title_id: int, xml: str = "", *, key: str = KEY, path: str = "/b/Api/v2/contapagar/{}/json") -> Any:
    """Settle a payable as client V does: a form, urlencoded."""
    body = urlencode({"apikey": key, "xml": xml or settlement()})
    return Client(raise_request_exception=False).put(
        path.format(title_id), body, content_type="application/x-www-form-urlencoded"
    )


def settled(company: Company, title_id: int, xml: str = "", **options: Any) -> Any:
    """Send a request to settle until it is answered for good."""
    for _ in range(6):
        answer = put(title_id, xml, **options)
        if answer.status_code != 503:
            break
        company.work()
    return answer


def send_plainly(xml: str) -> Any:
    """Send a request as the example's C# does: nothing is encoded."""
    body = f"apikey={KEY}&xml={xml}".encode()
    return Client().post(JSON, body, content_type="application/x-www-form-urlencoded")


def booked(company: Company, xml: str = XML, **options: Any) -> Any:
    """Send a request until it is answered for good, as a program does that repeats what is pending."""
    for _ in range(6):
        answer = send(xml, **options)
        if answer.status_code != 503:
            break
        company.work()
    return answer


def ours(company: Company) -> list[Any]:
    return [title for title in company.bling.titles_of("payable") if marker_of(title.history)]


def error_of(answer: Any) -> tuple[int, str]:
    [error] = json.loads(answer.content)["retorno"]["erros"]
    return error["erro"]["cod"], error["erro"]["msg"]
