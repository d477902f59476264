"""What Bling no longer has is asked for ever more rarely, unless a person asks."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property

from integrations.models import BlingConnection, GoneInBling

Kind = GoneInBling.Kind


class Gone:
    """The contacts and borderôs that Bling did not have when it was asked last; `asks_all`: a person wants to know."""

    def __init__(self, connection: BlingConnection, now: datetime, *, asks_all: bool = False) -> None:
        self._connection, self._now, self._asks_all = connection, now, asks_all

    @cached_property
    def _known(self) -> dict[tuple[str, int], GoneInBling]:
        if self._connection.contacts_read_until is None:  # no run was complete: each object is asked for once
            return {}
        return {(row.kind, row.bling_id): row for row in GoneInBling.objects.filter(connection=self._connection)}

    def left_alone(self, kind: str, ids: Iterable[int]) -> set[int]:
        """Return those of some ids that are not asked for now."""
        if self._asks_all:
            return set()
        found = {bling_id: self._known.get((kind, bling_id)) for bling_id in ids}
        return {bling_id for bling_id, row in found.items() if row is not None and row.is_left_alone(self._now)}

    def looked_for(self, kind: str, asked: Iterable[int], gone: Iterable[int]) -> dict[tuple[str, int], bool]:
        """Return what is to be kept of an answer: what is `gone`, and what of `asked` is there again."""
        missing = {(kind, bling_id): False for bling_id in gone}
        back = {(kind, bling_id): True for bling_id in asked if (kind, bling_id) in self._known}
        return back | missing


def keep(connection: BlingConnection, looked_for: Mapping[tuple[str, int], bool], *, now: datetime) -> None:
    """Keep what Bling does not have and when it said so, and forget what it has again."""
    gone = [key for key, is_there in looked_for.items() if not is_there]
    if gone:
        GoneInBling.objects.bulk_create(
            [
                GoneInBling(connection=connection, kind=kind, bling_id=bling_id, since=now, asked_at=now)
                for kind, bling_id in sorted(gone)
            ],
            update_conflicts=True,
            unique_fields=["connection", "kind", "bling_id"],
            update_fields=["asked_at"],
        )
    for kind, bling_id in sorted(looked_for.keys() - set(gone)):
        GoneInBling.objects.filter(connection=connection, kind=kind, bling_id=bling_id).delete()
