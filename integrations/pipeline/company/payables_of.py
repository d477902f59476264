"""What was entered for Bling about one person, what is owed to them and what other systems sent of them: told, and
emptied, like the titles of theirs."""

from functools import reduce
from operator import or_
from typing import Any

from django.db.models import CharField, Exists, F, Func, JSONField, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from integrations.models import (
    BlingAttempt,
    ContactWrite,
    CustomerWrite,
    OrderWrite,
    PayableWrite,
    SettlementWrite,
    Title,
)
from integrations.pipeline.company.subjects import Subject, without


class PayablesOf:
    """The rows of payables for Bling that hang on a person: by the contact's id, by number, by name."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        ids = [person.bling_id for person in subject.persons]
        mine: dict[str, Any] = {"connection__tenant": subject.tenant}

        def named(column: str) -> Q:
            found = (Q(**{f"{column}__iexact": name}) for name in subject.telling)
            return reduce(or_, found, Q(pk__in=[]))

        self.suppliers = ContactWrite.objects.filter(
            Q(bling_id__in=ids) | Q(document__in=subject.documents) | named("name"), **mine
        )
        self.payables = PayableWrite.objects.filter(
            Q(contact_id__in=ids) | Q(supplier_document__in=subject.documents) | named("supplier_name")
            | Q(supplier__in=self.suppliers.order_by().values("pk")),
            **mine,
        )  # fmt: skip
        self.customers = CustomerWrite.objects.filter(
            Q(bling_id__in=ids) | Q(document__in=subject.documents) | named("name")
            | Q(contact__in=self.suppliers.order_by().values("pk")),
            **mine,
        )  # fmt: skip
        self.orders = OrderWrite.objects.filter(
            named("customer_name") | Q(contact__in=self.suppliers.order_by().values("pk")), **mine
        )
        about = Q(payable__in=self.payables.order_by().values("pk"))
        titles = Title.objects.filter(person__in=subject.persons)
        mirrored = titles.filter(connection=OuterRef("connection"), bling_id=OuterRef("title_id"))
        self.settlements = SettlementWrite.objects.filter(about | Q(Exists(mirrored)), **mine)
        self.attempts = BlingAttempt.objects.filter(
            about
            | Q(contact__in=self.suppliers.order_by().values("pk"))
            | Q(settlement__in=self.settlements.order_by().values("pk"))
            | Q(customer__in=self.customers.order_by().values("pk"))
            | Q(order__in=self.orders.order_by().values("pk"))
        )

    def units(self) -> list[QuerySet[Any]]:
        return [self.payables, self.customers, self.orders, self.suppliers, self.settlements]

    def erase(self) -> None:
        """Empty what names the person. Numbers, days and amounts stay, and what keeps one from being sent twice."""
        payables, customers, bills, suppliers, settlements = ([row.pk for row in rows] for rows in self.units())
        self.attempts.update(body={}, sent_body=None, message="", failure=None)
        words = self._subject.words
        for payable in PayableWrite.objects.filter(pk__in=payables):
            said = without(payable.decision_reason, words)
            PayableWrite.objects.filter(pk=payable.pk).update(decision_reason=said)
        for settlement in SettlementWrite.objects.filter(pk__in=settlements):
            said = without(settlement.decision_reason, words)
            SettlementWrite.objects.filter(pk=settlement.pk).update(decision_reason=said)
        SettlementWrite.objects.filter(pk__in=settlements).update(
            reason_params={}, problems=[], desired=_without_text("desired"), delivered=_without_text("delivered")
        )
        PayableWrite.objects.filter(pk__in=payables).update(
            supplier_name="", supplier_document="", reason_params={}, problems=[],
            desired=_without_text("desired"), delivered=_without_text("delivered"),
        )  # fmt: skip
        # A reference of another system has no asterisk: none that it sends is taken for this one.
        CustomerWrite.objects.filter(pk__in=customers).update(
            name="", document="", ref=Concat(Value("*"), Cast("pk", CharField())), desired=None, delivered=None,
            bling_id=None, choices={}, seen=None, decision_reason="", reason_params={}, problems=[],
        )  # fmt: skip
        # What was billed stays, as an amount and a day: it is behind titles. Without its `ref` it would be sent twice.
        OrderWrite.objects.filter(pk__in=bills).update(
            customer_name="", desired=None, delivered=None, decision_reason="", reason_params={}, problems=[]
        )
        ContactWrite.objects.filter(pk__in=suppliers).update(
            name="", folded_name=Cast("pk", CharField()), document="", desired=None, delivered=None,
            reason_params={}, problems=[],
        )  # fmt: skip


def _without_text(column: str) -> Func:
    empty = Value({"history": ""}, JSONField())
    return Func(F(column), empty, arg_joiner=" || ", template="(%(expressions)s)", output_field=JSONField())
