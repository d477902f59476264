"""Both sides of titles, a batch at a time: what Bling shows, and what Kamino was told of each title and its parts."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from integrations.models import PartPosting, Posting, Title

BATCH = 1_000
Body = Mapping[str, Any]
"""`DesiredTitle.to_json`."""


@contextmanager
def one_moment() -> Iterator[None]:
    """Let all that is read inside be as it was at one moment: a title that is delivered meanwhile would be counted with
    parts that it did not have yet. Inside a transaction, that one's rules hold."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def batches(titles: QuerySet[Title]) -> Iterator[list[Title]]:
    """Return titles with their postings and persons, in the order of their keys."""
    rows = titles.select_related("person", "posting").order_by("pk")
    after = 0
    while batch := list(rows.filter(pk__gt=after)[:BATCH]):
        after = batch[-1].pk
        yield batch


def posting_of(title: Title) -> Posting | None:
    return getattr(title, "posting", None)


def bodies_of(batch: Sequence[Title]) -> dict[int, list[Body]]:
    """Return what Kamino was told of each title and of its parts."""
    found: dict[int, list[Body]] = defaultdict(list)
    for title in batch:
        posting = posting_of(title)
        if posting is not None and posting.kamino_id and posting.delivered is not None:
            found[title.pk].append(posting.delivered)
    parts = PartPosting.objects.filter(posting__title__in=batch, kamino_id__isnull=False, delivered__isnull=False)
    for part in parts.select_related("posting").order_by("pk"):
        found[part.posting.title_id].append(part.delivered or {})
    return found
