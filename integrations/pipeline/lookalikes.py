"""Look-alikes: which mirrored titles a new one may have replaced."""

from django.db.models import OuterRef, Q, QuerySet

from integrations.models import Title


def look_alikes(connection_id: int) -> QuerySet[Title]:
    """Return the titles that look like one which is new (not released yet): Bling may have created it in their place.
    For the outer query's `direction`, `due_date`, `origin_id`, `contact_id` and `value`."""
    return Title.objects.filter(
        connection=connection_id, is_released=False, direction=OuterRef("direction"), due_date=OuterRef("due_date")
    ).filter(
        Q(origin_id=OuterRef("origin_id"), origin_id__gt=0)
        | Q(contact_id=OuterRef("contact_id"), value=OuterRef("value"))
    )
