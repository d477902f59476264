"""Standing: what Kamino already holds is not created a second time. Asked of the last reconciliation's rows, so that it
costs no request; where Kamino has no list, nothing is known and nothing is found."""

from datetime import timedelta

from django.db.models import Exists, OuterRef

from integrations.domain.desired import DesiredTitle
from integrations.domain.documents import compact
from integrations.domain.matching import KaminoTitle
from integrations.kamino import translate
from integrations.models import KaminoSnapshot, Posting
from integrations.rest.errors import AmbiguousError

AROUND = timedelta(days=3)


def standing_title(posting: Posting, desired: DesiredTitle, person_id: int) -> KaminoTitle | None:
    """Return the Kamino title that carries this title's code: a restored database, or a lost answer.

    Raises `AmbiguousError` when one of the same person and value, due within three days, was made over there by
    somebody else, and nobody said yet that it is another one.
    """
    mine = {"company": posting.company_id, "direction": posting.direction}
    is_ours = Exists(Posting.objects.filter(kamino_id=OuterRef("kamino_id"), **mine))
    free = KaminoSnapshot.objects.filter(~is_ours, **mine)
    marked = free.filter(code=desired.code).first()
    if marked is not None:
        return translate.title_row(desired.direction, marked.row)
    if posting.create_anyway:
        return None
    alike = free.filter(
        code="", person_id=person_id, value=desired.value,
        due_date__range=(desired.due_date - AROUND, desired.due_date + AROUND),
    )  # fmt: skip
    candidates = [row.kamino_id for row in alike if _may_be(row.document_number, desired.document_number)]
    Posting.objects.filter(pk=posting.pk).update(candidates=candidates)
    if candidates:
        ids = ", ".join(str(kamino_id) for kamino_id in candidates)
        raise AmbiguousError(ids, service="Kamino", operation="create", code="possible_duplicate")
    return None


def _may_be(theirs: str, ours: str) -> bool:
    """Two document numbers that are both there and differ tell two titles apart."""
    return not (theirs and ours) or compact(theirs) == compact(ours)
