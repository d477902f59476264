"""What people entered for Bling that is owed to one person: told, and emptied, like the titles of theirs."""

from functools import reduce
from operator import or_
from typing import Any

from django.db.models import CharField, F, Func, JSONField, Q, QuerySet, Value
from django.db.models.functions import Cast

from integrations.models import BlingAttempt, ContactWrite, PayableWrite
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
        about = Q(payable__in=self.payables.order_by().values("pk"))
        self.attempts = BlingAttempt.objects.filter(about | Q(contact__in=self.suppliers.order_by().values("pk")))

    def units(self) -> list[QuerySet[Any]]:
        return [self.payables, self.suppliers]

    def erase(self) -> None:
        """Empty what names the person. Numbers, days and amounts stay, and what keeps one from being sent twice."""
        payables, suppliers = ([row.pk for row in rows] for rows in (self.payables, self.suppliers))
        self.attempts.update(body={}, sent_body=None, message="", failure=None)
        for row in PayableWrite.objects.filter(pk__in=payables):
            said = without(row.decision_reason, self._subject.words)
            PayableWrite.objects.filter(pk=row.pk).update(decision_reason=said)
        PayableWrite.objects.filter(pk__in=payables).update(
            supplier_name="", supplier_document="", reason_params={}, problems=[],
            desired=_without_text("desired"), delivered=_without_text("delivered"),
        )  # fmt: skip
        ContactWrite.objects.filter(pk__in=suppliers).update(
            name="", folded_name=Cast("pk", CharField()), document="", desired=None, delivered=None,
            reason_params={}, problems=[],
        )  # fmt: skip


def _without_text(column: str) -> Func:
    empty = Value({"history": ""}, JSONField())
    return Func(F(column), empty, arg_joiner=" || ", template="(%(expressions)s)", output_field=JSONField())
