"""Outlook: when a big load will be done, from what is left and what the limits allow."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from integrations.domain.delivery import DeliveryState
from integrations.models import KaminoConnection, PersonPosting, Posting, SeenRow, SyncRun, Tenant

READS_PER_TITLE = 1.5
"""The detail, and for some titles a borderô or a contact."""
WORTH_SAYING = timedelta(minutes=10)


@dataclass(frozen=True)
class Outlook:
    """Titles that are still to be read from Bling and sent to Kamino, and about when that is done."""

    to_read: int
    to_send: int
    ends_at: datetime

    def sentence(self) -> str:
        """Say it to a person."""
        moment = formats.date_format(timezone.localtime(self.ends_at), "SHORT_DATETIME_FORMAT")
        values = {"read": self.to_read, "send": self.to_send, "moment": moment}
        return _("%(read)s titles to read and %(send)s to send; done at about %(moment)s.") % values


def outlook(tenant: Tenant, *, now: datetime) -> Outlook | None:
    """Return what is left of a company's load, or `None` when it is nothing worth waiting for."""
    to_read = SeenRow.objects.filter(
        run__connection__tenant=tenant, run__state=SyncRun.State.OPEN, is_wanted=True
    ).count()
    kamino = KaminoConnection.objects.filter(tenant=tenant).first()
    is_live = tenant.delivery_mode == Tenant.DeliveryMode.LIVE and kamino is not None and not kamino.is_paused
    to_send, seconds = 0, 0.0
    if kamino is not None and is_live:
        waiting = {"kamino_connection": kamino, "state": DeliveryState.READY}
        persons = PersonPosting.objects.filter(kamino_id__isnull=True, **waiting).count()
        to_send = Posting.objects.filter(**waiting).count()
        per_minute = kamino.requests_per_minute or settings.LIMITS.kamino_per_minute
        seconds = (to_read + to_send + persons) * 60 / per_minute
    seconds = max(seconds, to_read * READS_PER_TITLE * settings.LIMITS.bling_interval_ms / 1000)
    left = timedelta(seconds=seconds)
    return Outlook(to_read, to_send, now + left) if left >= WORTH_SAYING else None
