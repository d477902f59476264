"""What a program may enter and settle within 24 hours before a person is asked."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.models import ApiKey, PayableWrite, SettlementWrite, WriteBatch
from integrations.pipeline.payables import orders
from integrations.pipeline.payables.standing import Standing, standing_of
from tests.flows.bridged import ONCE, XML, booked, error_of, ours, put, send, settled, settlement
from tests.flows.helpers import Company
from tests.flows.settling import bridged, title  # noqa: F401
from tests.flows.test_bridge_settles import SETTLE

SECOND = ONCE.replace("0123456", "0123457").replace("20/04/2017", "20/04/2018")


@pytest.fixture
def finance(db: None) -> User:
    return User.objects.get_or_create(username="financeiro")[0]


def limit(amount: str) -> None:
    ApiKey.objects.update(limit=Decimal(amount))


class TestEntering:
    def test_what_is_above_waits_for_a_person_and_is_entered_once(self, bridged: Company, finance: User) -> None:  # noqa: F811
        limit("20")
        assert booked(bridged, ONCE).status_code == 201
        for _ in range(2):
            answer = send(SECOND)
            bridged.work(waits=False)
            assert (answer.status_code, error_of(answer)[0], answer.has_header("Retry-After")) == (503, 903, False)
        assert len(ours(bridged)) == 1
        batch = WriteBatch.objects.get(state="awaiting")
        row = PayableWrite.objects.select_related("batch", "supplier", "connection__writing").get(batch=batch)
        assert standing_of(row, timezone.now()).standing == Standing.AWAITS_SECOND
        orders.confirm(batch=batch, user=finance, now=timezone.now())
        assert booked(bridged, SECOND).status_code == 201
        assert len(ours(bridged)) == 2
        # What a person confirmed does not count for the program any more.
        assert send(SECOND.replace("0123457", "0123458")).status_code == 503

    def test_what_a_person_discards_is_never_entered(self, bridged: Company, finance: User) -> None:  # noqa: F811
        limit("10")
        send(ONCE)
        orders.discard(batch=WriteBatch.objects.get(), reason="não é nosso", user=finance, now=timezone.now())
        bridged.work()
        assert ours(bridged) == []
        assert error_of(send(ONCE)) == (906, "Uma pessoa decidiu não lançar")
        bridged.work()
        assert ours(bridged) == []

    def test_installments_count_together_and_what_repeats_with_its_year(self, bridged: Company) -> None:  # noqa: F811
        limit("29.99")
        assert error_of(send(XML))[0] == 903
        monthly = ONCE.replace("<ocorrenciaTipo>U</ocorrenciaTipo>", "<ocorrenciaTipo>M</ocorrenciaTipo>")
        assert (
            error_of(
                send(
                    monthly.replace("0123456", "0123459").replace(
                        "<diaVencimento/>", "<diaVencimento>20</diaVencimento>"
                    )
                )
            )[0]
            == 903
        )
        bridged.work()
        assert ours(bridged) == []
        assert set(WriteBatch.objects.values_list("state", flat=True)) == {"awaiting"}

    def test_yesterday_counts_no_more(self, bridged: Company) -> None:  # noqa: F811
        limit("20")
        assert booked(bridged, ONCE).status_code == 201
        WriteBatch.objects.update(created_at=timezone.now() - timedelta(hours=25))
        assert booked(bridged, SECOND).status_code == 201

    def test_of_another_key_nothing_counts(self, bridged: Company) -> None:  # noqa: F811
        limit("20")
        assert booked(bridged, ONCE).status_code == 201
        WriteBatch.objects.update(api_key=None, user=User.objects.get(username="suporte"), source="form")
        assert booked(bridged, SECOND).status_code == 201


class TestSettling:
    def test_what_is_above_is_refused_and_nothing_is_stored(self, bridged: Company, title: Any) -> None:  # noqa: F811
        limit("14.99")
        code, said = error_of(put(title.id))
        assert (code, "limite de 24 horas" in said) == (86, True)
        bridged.work()
        assert not SettlementWrite.objects.exists()
        assert bridged.bling.calls[SETTLE] == 0
        limit("15.00")
        assert error_of(put(title.id, settlement(more="<juros>0,01</juros>")))[0] == 86
        assert settled(bridged, title.id).status_code == 200

    def test_what_was_settled_counts(self, bridged: Company, title: Any) -> None:  # noqa: F811
        assert settled(bridged, title.id).status_code == 200
        assert booked(bridged, SECOND).status_code == 201
        second = next(one for one in ours(bridged) if one.id != title.id)
        limit("29.99")
        assert error_of(put(second.id))[0] == 86
        assert put(title.id).status_code == 200, "the same request has the same answer"
        SettlementWrite.objects.update(accepted_at=timezone.now() - timedelta(hours=25))
        assert settled(bridged, second.id).status_code == 200
