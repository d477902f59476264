"""Unlinked: Kamino's rows that are none of ours yet. A title and a part of one may not be the same Kamino title."""

from django.db.models import Exists, OuterRef, QuerySet

from integrations.models import KaminoSnapshot, PartPosting, Posting


def unlinked(snapshots: QuerySet[KaminoSnapshot]) -> QuerySet[KaminoSnapshot]:
    """Return the rows that no posting and no part of the company is linked to."""
    same = {name: OuterRef(name) for name in ("kamino_connection", "direction", "kamino_id")}
    taken, parts = Posting.objects.filter(**same), PartPosting.objects.filter(**same)
    return snapshots.filter(~Exists(taken), ~Exists(parts))
