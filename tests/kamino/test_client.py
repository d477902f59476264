"""Kamino's client: where keys may go, what its errors mean, and bodies that never charge anybody."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from integrations.domain.desired import DesiredPayment, DesiredTitle, KaminoStatus
from integrations.domain.titles import Direction
from integrations.kamino import errors, translate
from integrations.kamino.client import KaminoClient, Keys, read_kamino_address
from integrations.rest import errors as kinds
from integrations.rest.limits import NoSlots
from integrations.rest.session import Answer
from tests.addresses import local
from tests.kamino.lists import LISTS

REAL = ["*.kamino.tech"]


def test_the_sandbox_gets_no_keys_of_a_production_company() -> None:
    names = {"hosts": REAL, "test_hosts": ()}
    with pytest.raises(kinds.ConfigError):
        read_kamino_address("https://sandbox.kamino.tech", "sol1234", **names)
    assert (
        str(read_kamino_address("https://sandbox.kamino.tech", "sandbox0001", **names)) == "https://sandbox.kamino.tech"
    )


def answer(status: int, body: bytes = b"{}", **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body, "test")


def test_a_refusal_without_words_of_kamino_says_its_status_and_no_words_of_ours() -> None:
    for status in (400, 403):
        assert errors.error_of(answer(status), "receivable.list", is_write=False).message == f"HTTP {status}"


@pytest.mark.parametrize(
    ("given", "is_write", "kind"),
    [
        (answer(500), True, "uncertain"),
        (answer(502, b"<html>"), True, "uncertain"),
        (answer(200, b"<html>"), True, "uncertain"),
        (answer(500), False, "transient"),
        (answer(401), True, "config"),
        (answer(403), True, "config"),
        (answer(400), True, "rejected"),
        (answer(404), False, "rejected"),
        (answer(302), False, "config"),
        (answer(302), True, "uncertain"),
        (answer(202), True, "uncertain"),
        (answer(418), True, "uncertain"),
        (answer(418), False, "internal"),
    ],
)
def test_each_answer_has_a_kind(given: Answer, is_write: bool, kind: str) -> None:
    assert errors.error_of(given, "x", is_write=is_write).kind == kind


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"RateLimit_Reset": "12"}, 14), ({"Retry_After": "5"}, 7), ({}, 60), ({"RateLimit_Reset": "1790000000"}, 60)],
)
def test_a_rate_limit_says_how_long_to_wait(headers: dict[str, str], seconds: float) -> None:
    error = errors.error_of(answer(429, **headers), "x", is_write=True)
    assert isinstance(error, kinds.RateLimitedError)
    assert error.seconds == seconds


def desired(direction: Direction, *, paid: bool) -> DesiredTitle:
    payment = DesiredPayment(date(2026, 11, 20), Decimal("10.00"), "11004") if paid else None
    return DesiredTitle(
        direction=direction, code="7", description="Teste [Bling 7]", document_number="1", due_date=date(2026, 11, 30),
        competence_date=date(2026, 11, 1), value=Decimal("10.00"), chart_account="30020", cost_center=None,
        business_unit=None, status=KaminoStatus.SETTLED if paid else KaminoStatus.PENDING, payment=payment,
    )  # fmt: skip


@pytest.mark.parametrize("paid", [False, True])
def test_no_body_ever_charges(paid: bool) -> None:
    current: dict[str, Any] = {"GerarCobranca": True, "IDReguaCobranca": 5, "IDTipoReceb": 3}
    body = translate.title_body(desired(Direction.RECEIVABLE, paid=paid), person_id=1, kamino_id=2, current=current)
    assert (body["GerarCobranca"], body["IDReguaCobranca"], body["IDTipoReceb"]) == (False, None, 3)


@pytest.mark.parametrize("direction", list(Direction))
def test_what_is_written_is_read_back_the_same(direction: Direction) -> None:
    wanted = desired(direction, paid=True)
    body = translate.title_body(wanted, person_id=1, kamino_id=2, current=None)
    row = translate.title_row(direction, {**body, "IDPlanoContaOrigem": "30020          "})
    assert (row.value, row.due_date, row.description) == (wanted.value, wanted.due_date, wanted.description)
    assert (row.status, row.paid_amount, row.payment_account) == (KaminoStatus.SETTLED, Decimal("10.00"), "11004")


def test_unconfirmed_operations_need_a_yes() -> None:
    client = KaminoClient(
        address=local("http://127.0.0.1:1"),
        keys=Keys("a", "b", "c", "d", "e"),
        slots=NoSlots(),
        allow_unconfirmed=False,
        title_lists=LISTS,
    )
    with pytest.raises(kinds.ConfigError) as caught:
        client.save_title(desired(Direction.PAYABLE, paid=False), person_id=1)
    assert caught.value.code == "unconfirmed"


def test_a_connection_that_was_never_made_is_no_uncertain_write() -> None:
    client = KaminoClient(
        address=local("http://127.0.0.1:1"),
        keys=Keys("a", "b", "c", "d", "e"),
        slots=NoSlots(),
        allow_unconfirmed=True,
        title_lists=LISTS,
    )
    with pytest.raises(kinds.TransientError):
        client.save_title(desired(Direction.PAYABLE, paid=False), person_id=1)
