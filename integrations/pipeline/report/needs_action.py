"""What waits for a person: the same for the list "Requer ação", for the overview and for mails."""

from django.db.models import QuerySet

from integrations.models import Posting
from integrations.models.deliveries import NEEDS_A_PERSON


def needing_action(postings: QuerySet[Posting]) -> QuerySet[Posting]:
    """Return the postings that only a person can move on."""
    return postings.filter(NEEDS_A_PERSON)
