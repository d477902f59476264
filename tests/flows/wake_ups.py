"""What has to hold of wake-ups at every moment: a company that has work is looked at."""

from datetime import datetime

from integrations.models import Tenant
from integrations.pipeline.run.tick import RHYTHMS


def settle_all(now: datetime) -> None:
    """Look at every company for every kind of work, as workers do, without doing any."""
    for rhythm in RHYTHMS:
        rhythm.settle(_tenants(), now)


def check_awake(now: datetime) -> None:
    """Hold that whoever has work of a kind is due to be looked at for it."""
    for rhythm in RHYTHMS:
        due = set(rhythm.rows(now, _tenants()).values_list(rhythm.tenant, flat=True))
        asleep = due - set(rhythm.to_look_at(now))
        assert not asleep, f"{rhythm.kind} of the companies {asleep} is due, and nobody looks"


def _tenants() -> tuple[int, ...]:
    return tuple(Tenant.objects.values_list("pk", flat=True))
