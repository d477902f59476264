"""Copies: unlinked titles in Kamino that carry the marker of one of ours, or that people may have entered anew."""

from collections import defaultdict
from collections.abc import Sequence

from integrations.domain.calendar import around
from integrations.domain.desired import KaminoStatus
from integrations.domain.matching import LOOKS_ALIKE, KaminoTitle, may_have_number
from integrations.models import KaminoSnapshot, PartPosting, Posting
from integrations.pipeline.handover.kamino_rows import translated
from integrations.pipeline.handover.unlinked import unlinked


def copies_of(batch: Sequence[Posting], parts: Sequence[PartPosting]) -> dict[int, list[int]]:
    """Return the Kamino ids of unlinked titles, whatever their status, that carry a posting's marker or a part's."""
    owners = {
        (posting.direction, delivered.code): posting.pk for posting in batch if (delivered := posting.get_delivered())
    }
    for part in parts:
        if delivered := part.get_delivered():
            owners[part.direction, delivered.code] = part.posting_id
    codes = {code for _direction, code in owners}
    found: dict[int, list[int]] = defaultdict(list)
    for (direction, kamino_id), row in translated(
        unlinked(KaminoSnapshot.objects.filter(kamino_connection=batch[0].kamino_connection_id, code__in=codes))
    ).items():
        owner = owners.get((direction, row.marked_code))
        if owner is not None and row.carries_marker:
            found[owner].append(kamino_id)
    return found


def look_alikes(batch: Sequence[Posting]) -> dict[int, list[int]]:
    """Return the Kamino ids of unlinked titles that people made, of the person and value of a posting that Kamino has,
    and due within three days of it; not those of which a person said that they are others."""
    ours = {posting.pk: told for posting in batch if posting.kamino_id and (told := posting.get_delivered())}
    mine = [
        posting
        for posting in batch
        if posting.pk in ours and posting.kamino_person_id and ours[posting.pk].status is not KaminoStatus.CANCELLED
    ]
    theirs = unlinked(
        KaminoSnapshot.objects.filter(
            kamino_connection=batch[0].kamino_connection_id, code="", is_in_force=True,
            direction__in={posting.direction for posting in mine},
            person_id__in={posting.kamino_person_id for posting in mine},
            value__in={ours[posting.pk].value for posting in mine},
        )
    )  # fmt: skip
    by_look: defaultdict[tuple[object, ...], list[KaminoTitle]] = defaultdict(list)
    for (direction, _id), row in translated(theirs).items():
        by_look[direction, row.person_id, row.value].append(row)
    found = {}
    for posting in mine:
        told = ours[posting.pk]
        first, last = around(told.due_date, told.due_date, LOOKS_ALIKE)
        alike = [
            row.kamino_id
            for row in by_look[posting.direction, posting.kamino_person_id, told.value]
            if row.due_date
            and first <= row.due_date <= last
            and may_have_number(row.document_number, told.document_number)
            and not posting.is_none_of([row.kamino_id])
        ]
        if alike:
            found[posting.pk] = alike
    return found
