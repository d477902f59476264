"""Plan requests: how any stage, or a person, says that the inputs of some titles changed."""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice

from django.db.models import Q, QuerySet

from integrations.models import BlingConnection, CatalogItem, Payment, PlanRequest, Title
from integrations.models.registers import CatalogKind

BATCH = 1000


def request_plans(titles: QuerySet[Title], *, now: datetime, priority: int | None = None) -> int:
    """Ask for a plan of released titles that no other one replaced; a request that is already there is renewed."""
    fields = ["asked_at"] if priority is None else ["asked_at", "priority"]
    count = 0
    released = titles.filter(is_released=True, replaced_by=None).order_by("pk").values_list("pk", flat=True)
    pks = released.iterator(chunk_size=BATCH)  # a company's rule may concern all of its titles
    while batch := [PlanRequest(title_id=pk, asked_at=now, priority=priority) for pk in islice(pks, BATCH)]:
        PlanRequest.objects.bulk_create(batch, update_conflicts=True, unique_fields=["title"], update_fields=fields)
        count += len(batch)
    return count


def titles_using(connection: BlingConnection, items: Iterable[CatalogItem]) -> QuerySet[Title]:
    """Return the titles that some of these registers classify."""
    by_kind: dict[str, list[int]] = {}
    for item in items:
        by_kind.setdefault(item.kind, []).append(item.bling_id)
    accounts = by_kind.get(CatalogKind.BANK_ACCOUNT, [])
    return Title.objects.filter(
        Q(category_id__in=by_kind.get(CatalogKind.CATEGORY, []))
        | Q(pk__in=Payment.objects.filter(account_id__in=accounts).values("title")),
        connection=connection,
    )
