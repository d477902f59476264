"""What a program may enter and settle within 24 hours before a person is asked."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.models import ApiKey, PayableWrite, SettlementWrite, WriteBatch
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.payables import keys, orders, settlement_orders
from integrations.pipeline.payables.standing import Standing, standing_of
from integrations.pipeline.report.keys import causes_of_keys
from tests.flows.bridged import ONCE, XML, booked, error_of, ours, put, send, settled, settlement
from tests.flows.helpers import Company
from tests.flows.settling import bridged, title
from tests.flows.test_bridge_settles import SETTLE

__all__ = ["bridged", "title"]
SECOND = ONCE.replace("0123456", "0123457").replace("20/04/2017", "20/04/2018")


@pytest.fixture
def finance(db: None) -> User:
    return User.objects.get_or_create(username="financeiro")[0]


def limit(amount: str) -> None:
    ApiKey.objects.update(limit=Decimal(amount))


class TestEntering:
    def test_what_is_above_waits_for_a_person_and_is_entered_once(self, bridged: Company, finance: User) -> None:
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

    def test_what_a_person_discards_is_never_entered(self, bridged: Company, finance: User) -> None:
        limit("10")
        send(ONCE)
        orders.discard(batch=WriteBatch.objects.get(), reason="não é nosso", user=finance, now=timezone.now())
        bridged.work()
        assert ours(bridged) == []
        assert error_of(send(ONCE)) == (906, "Uma pessoa decidiu não lançar")
        bridged.work()
        assert ours(bridged) == []

    def test_installments_count_together_and_what_repeats_with_its_year(self, bridged: Company) -> None:
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

    def test_yesterday_counts_no_more(self, bridged: Company) -> None:
        limit("20")
        assert booked(bridged, ONCE).status_code == 201
        WriteBatch.objects.update(created_at=timezone.now() - timedelta(hours=25))
        assert booked(bridged, SECOND).status_code == 201

    def test_of_another_key_nothing_counts(self, bridged: Company) -> None:
        limit("20")
        assert booked(bridged, ONCE).status_code == 201
        WriteBatch.objects.update(api_key=None, user=User.objects.get(username="suporte"), source="form")
        assert booked(bridged, SECOND).status_code == 201


class TestSettling:
    def test_what_is_above_is_refused_and_nothing_is_stored(self, bridged: Company, title: Any) -> None:
        limit("14.99")
        code, said = error_of(put(title.id))
        assert (code, "limite de 24 horas" in said) == (86, True)
        bridged.work()
        assert not SettlementWrite.objects.exists()
        assert bridged.bling.calls[SETTLE] == 0
        limit("15.00")
        assert error_of(put(title.id, settlement(more="<juros>0,01</juros>")))[0] == 86
        assert settled(bridged, title.id).status_code == 200

    def test_what_was_settled_counts(self, bridged: Company, title: Any) -> None:
        assert settled(bridged, title.id).status_code == 200
        assert booked(bridged, SECOND).status_code == 201
        second = next(one for one in ours(bridged) if one.id != title.id)
        limit("29.99")
        assert error_of(put(second.id))[0] == 86
        assert put(title.id).status_code == 200, "the same request has the same answer"
        SettlementWrite.objects.update(accepted_at=timezone.now() - timedelta(hours=25))
        assert settled(bridged, second.id).status_code == 200


def ask_for(amount: str) -> ApiKey:
    """Let support ask for another limit."""
    key = ApiKey.objects.get()
    user, now = User.objects.get(username="suporte"), timezone.now()
    keys.change(api_key=key, user=user, now=now, settles=key.settles, settles_any=False, allows_query=False,
                settle_account_id=key.settle_account_id, limit=Decimal(amount))  # fmt: skip
    return ApiKey.objects.get()


def other_value(xml: str) -> str:
    return re.sub(r"<valor>[^<]*</valor>", "<valor>16.00</valor>", xml)


class TestHigherLimit:
    """It counts once another person confirmed it; until then the one of before does, and nothing stops."""

    def test_one_person_alone_raises_nothing(self, bridged: Company, title: Any, finance: User) -> None:
        limit("1.00")
        key = ask_for("1000000")
        assert (key.limit, key.next_limit, key.awaits_approval, key.may_settle) == (1, 1000000, True, True)
        assert error_of(put(title.id))[0] == 86
        assert error_of(send(SECOND))[0] == 903
        keys.confirm(api_key=key, asked=keys.asked_of(key), user=finance, now=timezone.now())
        assert settled(bridged, title.id).status_code == 200

    def test_what_was_booked_before_is_answered_as_before(self, bridged: Company) -> None:
        limit("20")
        assert booked(bridged, ONCE).status_code == 201
        ask_for("50")
        assert send(ONCE).status_code == 201

    def test_two_people_are_enough(self, bridged: Company, finance: User) -> None:
        """One made the key and asks for more; the other asked that it may settle, which is long confirmed."""
        support = User.objects.get(username="suporte")
        ApiKey.objects.update(confirmed_by=finance, settle_asked_by=finance, settle_approved_by=support, limit=10)
        key = ask_for("20")
        keys.confirm(api_key=key, asked=keys.asked_of(key), user=finance, now=timezone.now())
        assert ApiKey.objects.get().limit == 20


class TestNothingCountsTwice:
    def test_what_waited_too_long_does_not_count_against_itself(self, bridged: Company, title: Any) -> None:
        limit("15.00")
        put(title.id)
        SettlementWrite.objects.update(accepted_at=timezone.now() - timedelta(hours=3))
        assert settled(bridged, title.id).status_code == 200

    def test_what_a_program_was_told_is_refused_is_not_settled_later(
        self,
        bridged: Company,
        title: Any,
        finance: User,
    ) -> None:
        put(title.id)
        SettlementWrite.objects.update(accepted_at=timezone.now() - timedelta(hours=3))
        limit("14.99")
        assert error_of(put(title.id))[0] == 86
        with pytest.raises(Refused):
            settlement_orders.send_again(settlement=SettlementWrite.objects.get(), user=finance, now=timezone.now())
        bridged.work()
        assert bridged.bling.calls[SETTLE] == 0

    def test_interest_and_fees_count(self, bridged: Company, title: Any) -> None:
        booked(bridged, SECOND)
        second = next(one for one in ours(bridged) if one.id != title.id)
        limit("45.00")
        assert settled(bridged, title.id, settlement(more="<juros>15,00</juros>")).status_code == 200
        assert error_of(put(second.id, settlement(more="<juros>15,00</juros>")))[0] == 86


class TestDiscarded:
    def test_a_possible_duplicate_above_the_limit_ends_with_its_batch(self, bridged: Company, finance: User) -> None:
        limit("20")
        assert booked(bridged, ONCE).status_code == 201
        send(other_value(ONCE))
        batch = WriteBatch.objects.latest("pk")
        orders.discard(batch=batch, reason="não", user=finance, now=timezone.now())
        assert error_of(send(other_value(ONCE))) == (906, "Uma pessoa decidiu não lançar")
        assert WriteBatch.objects.count() == 2

    def test_what_people_discard_is_no_refusal_of_bling(self, bridged: Company, finance: User) -> None:
        limit("1")
        for number in range(5):
            send(ONCE.replace("0123456", f"012345{number}"))
            for batch in WriteBatch.objects.filter(state="awaiting"):
                orders.discard(batch=batch, reason="não", user=finance, now=timezone.now())
        assert list(causes_of_keys([bridged.tenant.pk], timezone.now())) == []
        assert error_of(send(ONCE.replace("0123456", "0999999")))[0] == 903
