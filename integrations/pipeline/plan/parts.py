"""Parts of titles: which payments are to be Kamino titles of their own, and what became of those that are."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from integrations.domain.delivery import IN_FLIGHT, DeliveryState
from integrations.domain.desired import DesiredTitle, KaminoStatus
from integrations.domain.reasons import Problem, Reason, because_of
from integrations.domain.rules import TenantRules
from integrations.domain.settlement import PaymentFacts
from integrations.domain.splitting import Split, desire_part, differs, split
from integrations.domain.titles import TitleFacts, TitleStatus
from integrations.models import Attempt, PartPosting, Posting
from integrations.models.outbox import NO_REASON, Priority


@dataclass
class Parts:
    """The locked parts of one title, and those of them that exist or may exist in Kamino: these never change again."""

    rows: dict[int, PartPosting] = field(default_factory=dict)
    existing: dict[int, Decimal] = field(default_factory=dict)

    @property
    def is_begun(self) -> bool:
        """Say whether some payment is already meant to be a title of its own: such a title stays split."""
        return bool(self.existing) or any(row.desired_fingerprint for row in self.rows.values())

    def problems(self, payments: Sequence[PaymentFacts]) -> list[Problem]:
        """Return what a person has to know of the parts that exist."""
        found = []
        for bordero_id, row in sorted(self.rows.items()):
            delivered = row.get_delivered()
            if delivered is not None and differs(delivered, payments, bordero_id):
                found.append(Problem(Reason.PART_DIFFERS, {"bordero": str(bordero_id)}))
            if row.state == DeliveryState.NEEDS_HUMAN:
                found.append(because_of(Reason.PART_STUCK, row.get_reason(), bordero=str(bordero_id)))
        return found


def lock_parts(postings: Iterable[Posting]) -> dict[int, Parts]:
    """Lock the parts of some postings, in id order; returns them by posting."""
    found: dict[int, Parts] = defaultdict(Parts)
    rows = list(PartPosting.objects.select_for_update().filter(posting__in=postings).order_by("pk"))
    open_attempts = Attempt.objects.filter(part_posting__in=rows, outcome__in=Attempt.UNRESOLVED)
    unresolved = set(open_attempts.values_list("part_posting_id", flat=True))
    for row in rows:
        parts = found[row.posting_id]
        parts.rows[row.bordero_id] = row
        body = row.delivered or row.desired
        if (
            body
            and body["status"] != KaminoStatus.CANCELLED
            and (row.kamino_id or row.state in IN_FLIGHT or row.pk in unresolved)
        ):
            parts.existing[row.bordero_id] = Decimal(body["value"])
    return found


def divide(
    title: TitleFacts,
    payments: Sequence[PaymentFacts],
    problems: Sequence[Problem],
    parts: Parts,
    rules: TenantRules,
    *,
    may_begin: bool,
) -> tuple[Split | None, list[Problem]]:
    """Divide a title as its company wants it, or go on dividing one that is split. `may_begin` is false where a
    person's settlement counts, or the whole title was sent as settled."""
    wants = rules.wants_split and (rules.may_split or parts.is_begun)
    divides = may_begin and (wants or parts.is_begun)
    found, reasons = split(
        title, payments, problems, parts.existing,
        divides=divides, closed_until=rules.closed_until, meaning=rules.paid_amount,
    )  # fmt: skip
    if found is None and may_begin and rules.wants_split and not rules.may_split:
        days = {(payment.date, payment.account_id) for payment in payments}
        if title.status is TitleStatus.PARTIAL or (title.status is TitleStatus.SETTLED and len(days) > 1):
            return None, [Problem(Reason.SPLIT_NOT_PROVED)]
    return found, reasons


def plan_parts(
    posting: Posting, parts: Parts, wanted: Mapping[int, DesiredTitle], *, asked: int | None, now: datetime
) -> None:
    """Store which parts a title is to have. `wanted`: the bodies of the new ones, by borderô."""
    new = [
        PartPosting(
            posting=posting,
            kamino_connection_id=posting.kamino_connection_id,
            direction=posting.direction,
            bordero_id=key,
            ready_at=now,
            planned_at=now,
        )
        for key in wanted
        if key not in parts.rows
    ]
    PartPosting.objects.bulk_create(new)
    for row in [*parts.rows.values(), *new]:
        if row.bordero_id not in parts.existing:
            _plan_part(row, wanted.get(row.bordero_id), asked=asked, now=now)


def _plan_part(row: PartPosting, desired: DesiredTitle | None, *, asked: int | None, now: datetime) -> None:
    fingerprint = desired.fingerprint if desired else ""
    state: str = DeliveryState.READY if desired else DeliveryState.HELD
    stays = row.wants(desired) and asked != Priority.PERSON and row.state in (state, DeliveryState.NEEDS_HUMAN)
    if stays and fingerprint == row.desired_fingerprint:
        return
    changes: dict[str, Any] = {"ready_at": now} if stays else {"tries": 0, "ready_at": now, **NO_REASON}
    PartPosting.objects.plan(
        row.pk,
        state=row.state if stays else state,
        desired=desired.to_json() if desired else None,
        desired_fingerprint=fingerprint,
        priority=Priority.PERSON if asked == Priority.PERSON else Priority.SETTLEMENT,
        planned_at=now,
        **changes,
    )


def bodies(
    main: DesiredTitle | None, title: TitleFacts, found: Split | None, accounts: Mapping[int, str],
    person_name: str, rules: TenantRules,
) -> dict[int, DesiredTitle]:  # fmt: skip
    """Return the Kamino titles of a split's new parts, by borderô. Payments before the company's first day of
    settlements are history: they lower the title, and are not sent."""
    if main is None or main.status is KaminoStatus.CANCELLED or found is None:
        return {}
    since = rules.settled_from or date.min
    return {
        part.payment.bordero_id: desire_part(
            main, title, part, account=accounts[part.payment.account_id], person_name=person_name
        )
        for part in found.parts
        if part.payment.date >= since
    }
