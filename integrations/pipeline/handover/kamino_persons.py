"""What Kamino's persons were seen to be, for every contact that is linked to them."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Func, JSONField, Q, Value
from django.db.models.functions import Coalesce

from integrations.models import PersonPosting, Title
from integrations.pipeline.handover.plan_requests import request_plans


def told(document: str) -> dict[str, Any]:
    """Return the columns of a contact of whose Kamino person nothing is known but its CPF/CNPJ (compact)."""
    return {"delivered": {"code": "", "name": "", "document": document}, "delivered_fingerprint": ""}


def learn_document(row: PersonPosting, document: str, now: datetime) -> None:
    """Keep which CPF/CNPJ (compact) a Kamino person was seen to have, for every contact that is linked to it, and plan
    their titles by it."""
    if document == row.known_document:
        return
    same = PersonPosting.objects.filter(kamino_connection=row.kamino_connection_id, kamino_id=row.kamino_id)
    was = Coalesce(F("delivered"), Value(told("")["delivered"], JSONField()))
    seen = Value({"document": document}, JSONField())
    now_known = Func(was, seen, arg_joiner=" || ", template="(%(expressions)s)", output_field=JSONField())
    with transaction.atomic():
        # First: planning locks in the same order.
        request_plans(Title.objects.filter(person__posting__in=same), now=now)
        stale = same.filter(~Q(delivered__document=document) | Q(delivered=None))
        stale.update(delivered=now_known, delivered_fingerprint="")
