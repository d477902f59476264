"""Payables that wait for a second person, or for somebody to say that they are others, on their way to Bling."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.domain.occurrences import Recurrence
from integrations.models import BlingWriting, PayableWrite, WriteBatch
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.payables import orders
from integrations.pipeline.payables.entry import Supplier
from tests.flows.helpers import Company
from tests.flows.payables import DOCUMENT, DUE, enter, entry, ours, same_as


class TestASecondPerson:
    @pytest.fixture
    def limited(self, writing: Company) -> Company:
        BlingWriting.objects.update(limit=Decimal("200.00"))
        return writing

    def test_confirms_what_is_above_the_limit(self, limited: Company, ana: User) -> None:
        batch = enter(limited, ana, entry(limited, value=Decimal("200.01")))
        limited.work()
        assert ours(limited) == []
        with pytest.raises(Refused):
            orders.confirm(batch=batch, user=ana, now=timezone.now())
        orders.confirm(batch=batch, user=User.objects.create_user("bia"), now=timezone.now())
        limited.work()
        assert len(ours(limited)) == 1

    def test_confirms_nothing_of_a_month_that_was_closed_meanwhile(self, limited: Company, ana: User) -> None:
        batch = enter(limited, ana, entry(limited, value=Decimal("200.01")))
        limited.tenant.closed_until = date(2026, 11, 30)
        limited.tenant.save()
        with pytest.raises(Refused, match=r"closed|fechado"):
            orders.confirm(batch=batch, user=User.objects.create_user("bia"), now=timezone.now())
        limited.work()
        assert ours(limited) == []

    def test_confirms_what_a_year_of_it_is_above_the_limit(self, limited: Company, ana: User) -> None:
        monthly = {"recurrence": Recurrence.MONTHLY}
        least = enter(limited, ana, entry(limited, value=Decimal("16.60"), **monthly))
        assert (least.state, least.total, least.limit_amount) == ("sending", Decimal("16.60"), Decimal("199.20"))
        assert enter(limited, ana, entry(limited, value=Decimal("0.81"), document_number="NF 9")).state == "awaiting"

    def test_what_is_split_adds_up(self, limited: Company, ana: User) -> None:
        entries = [entry(limited, document_number=f"{number}", due_date=DUE + timedelta(days=9 * number))
                   for number in range(2)]  # fmt: skip
        assert [enter(limited, ana, one).state for one in entries] == [
            WriteBatch.State.SENDING, WriteBatch.State.AWAITING
        ]  # fmt: skip


class TestPossibleDuplicates:
    def test_of_what_was_entered_before(self, writing: Company, ana: User) -> None:
        enter(writing, ana)
        with pytest.raises(Refused):
            enter(writing, ana, entry(writing, due_date=DUE + timedelta(days=3), document_number=""))
        assert PayableWrite.objects.count() == 1

    def test_of_what_bling_has(self, writing: Company, ana: User) -> None:
        known = writing.bling.add_contact("Gráfica Sol", document="98765432000198")
        writing.bling.add_title("payable", "150.00", DUE, known, category=writing.category)
        writing.sync()
        with pytest.raises(Refused):
            enter(writing, ana)
        enter(writing, ana, denied=same_as(writing))
        writing.work()
        assert len(ours(writing)) == 1

    def test_that_a_person_denied_are_those_they_saw(self, writing: Company, ana: User) -> None:
        enter(writing, ana)
        seen = same_as(writing)
        enter(writing, ana, denied=seen)
        with pytest.raises(Refused):
            enter(writing, ana, denied=seen)
        assert PayableWrite.objects.count() == 2

    def test_of_another_contact_with_the_same_document(self, writing: Company, ana: User) -> None:
        one, other = (writing.bling.add_contact("Gráfica Sol", document=DOCUMENT) for _ in range(2))
        writing.bling.add_title("payable", "150.00", DUE, one, category=writing.category)
        writing.sync()
        with pytest.raises(Refused):
            enter(writing, ana, entry(writing, supplier=Supplier("Gráfica Sol Filial", DOCUMENT, other)))

    @pytest.mark.parametrize("order", ["confirm", "go_on", "send_again"])
    def test_of_what_somebody_typed_in_bling_while_it_waited(self, writing: Company, ana: User, order: str) -> None:
        now = timezone.now()
        known = writing.bling.add_contact("Gráfica Sol", document=DOCUMENT)
        writing.bling.add_title("payable", "150.00", DUE + timedelta(days=1), known, category=writing.category)
        BlingWriting.objects.update(limit=Decimal(0) if order == "confirm" else None)
        batch = enter(writing, ana)
        if order == "go_on":
            WriteBatch.objects.update(state=WriteBatch.State.STOPPED)
        elif order == "send_again":
            PayableWrite.objects.update(accepted_at=now - timedelta(hours=25))
        writing.sync()
        bia = User.objects.create_user("bia")
        given = {"payable": PayableWrite.objects.get()} if order == "send_again" else {"batch": batch}
        with pytest.raises(Refused, match="Gráfica Sol NF 77"):
            getattr(orders, order)(user=bia, now=now, **given)
        writing.work()
        assert ours(writing) == []

    def test_another_value_supplier_or_time_is_none(self, writing: Company, ana: User) -> None:
        enter(writing, ana)
        others = (
            {"value": Decimal("150.01")}, {"due_date": DUE + timedelta(days=4)},
            {"supplier": Supplier("Gráfica Lua", "12ABC34501DE35")},
        )  # fmt: skip
        for changes in others:
            enter(writing, ana, entry(writing, **changes))
        assert PayableWrite.objects.count() == 4
