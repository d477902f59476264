"""Posição em aberto: what each system had open on a day, title by title, by what is known today."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce

from integrations.domain.as_sent import AsSent, as_sent
from integrations.domain.calendar import end_of
from integrations.domain.confidential import OPEN, Guard
from integrations.domain.desired import KaminoStatus
from integrations.domain.money import ZERO
from integrations.domain.position import GONE, Age, age_on, balance_on, paid_off
from integrations.domain.settlement import PaymentFacts
from integrations.domain.titles import TitleStatus
from integrations.models import Discrepancy, PartPosting, Payment, Posting, Tenant, Title, TitleChange
from integrations.models.confidential import Sight
from integrations.pipeline.report.both_sides import (
    InKamino,
    batches,
    held_in_kamino,
    one_moment,
    only_in_kamino,
    posting_of,
    unread_directions,
)


@dataclass(frozen=True)
class OpenTitle:
    """A title that was open on the day on some side, in reais; `bling_id` is `None` for what only Kamino has. Not
    `is_read`: part of what Kamino has of it is as it was sent, for no list showed it since."""

    direction: str
    document: str
    person: str
    bling_id: int | None
    kamino_id: int | None
    due_date: date | None
    value: Decimal
    age: Age
    bling: Decimal
    kamino: Decimal
    is_read: bool = True


@dataclass(frozen=True)
class Sums:
    """What was open of one direction and age."""

    direction: str
    age: Age
    titles: int
    bling: Decimal
    kamino: Decimal


def open_on(tenant: Tenant, day: date, sight: Sight) -> Iterator[OpenTitle]:
    """Return what a reader sees of what was open at the end of `day`, as far as the mirror and Kamino's lists show,
    then of what only Kamino has. To be read in `one_moment`."""
    hidden = sight.charts(tenant)
    for batch in batches(sight.of(_candidates(tenant, day))):
        held, payments, before = held_in_kamino(tenant, batch), _payments(batch), _before_leaving(batch, day)
        for title in batch:
            was = before.get(title.pk) or _Was(TitleStatus(title.status), title.value, title.balance)
            here = balance_on(
                day, status=was.status, value=was.value, balance=was.balance,
                payments=paid_off(payments[title.pk], was.value - (was.balance or ZERO)),
            )  # fmt: skip
            there = sum((_open_in_kamino(found, day) for found in held[title.pk]), ZERO)
            if here or there:
                posting = posting_of(title)
                yield OpenTitle(
                    title.direction, title.document_number, title.person.name if title.person else "", title.bling_id,
                    posting.kamino_id if posting else None, title.due_date, title.value, age_on(day, title.due_date),
                    here, there, all(found.is_read for found in held[title.pk] if _open_in_kamino(found, day)),
                )  # fmt: skip
    for direction, row in only_in_kamino(tenant):
        was_paid = row.status is KaminoStatus.SETTLED and (row.payment_date or date.min) <= day
        if not was_paid and (row.competence_date or date.min) <= day and row.chart_account not in hidden:
            yield OpenTitle(
                direction.value, row.document_number, row.person_name, None, row.kamino_id, row.due_date, row.value,
                age_on(day, row.due_date), ZERO, row.value,
            )  # fmt: skip


@dataclass(frozen=True)
class _Was:
    """What Bling showed of a title."""

    status: TitleStatus
    value: Decimal
    balance: Decimal | None


def _before_leaving(batch: Sequence[Title], day: date) -> dict[int, _Was]:
    """Return what those titles were at the end of `day` that were seen to be cancelled, deleted or returned later."""
    left = [title for title in batch if title.status in GONE]
    old: dict[int, dict[str, str]] = defaultdict(dict)
    changes = TitleChange.objects.filter(title__in=left, at__gte=end_of(day))
    for change in changes.order_by("at", "pk"):
        for name, (before, _after) in change.values.items():
            old[change.title_id].setdefault(name, before)
    found = {}
    for title in left:
        was = old.get(title.pk, {})
        if "status" in was:
            balance = was.get("balance", "" if title.balance is None else str(title.balance))
            value = Decimal(was["value"]) if "value" in was else title.value
            found[title.pk] = _Was(TitleStatus(was["status"]), value, Decimal(balance) if balance else None)
    return found


class Totals:
    """What is open by direction and age, summed up while the titles pass by."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, Age], Sums] = {}
        self._unread: list[tuple[str, Decimal, Guard]] = []

    def counted(self, titles: Iterable[OpenTitle]) -> Iterator[OpenTitle]:
        """Pass titles on, and sum them up."""
        for row in titles:
            key = (row.direction, row.age)
            before = self._sums.get(key) or Sums(*key, 0, ZERO, ZERO)
            self._sums[key] = Sums(*key, before.titles + 1, before.bling + row.bling, before.kamino + row.kamino)
            self._unread += [] if row.is_read else [(row.direction, row.kamino, OPEN)]
            yield row

    def as_sent(self, tenant: Tenant) -> list[AsSent]:
        """Return what of Kamino's side was not read, of what was counted so far."""
        return as_sent(unread_directions(tenant), self._unread)

    def sums(self) -> list[Sums]:
        """Return what was counted so far, payables first and the youngest first."""
        order = list(Age)
        return sorted(self._sums.values(), key=lambda found: (found.direction, order.index(found.age)))


def totals_of(titles: Iterable[OpenTitle]) -> Totals:
    """Sum up titles, as of one moment where they are still to be read."""
    totals = Totals()
    with one_moment():
        deque(totals.counted(titles), maxlen=0)
    return totals


def sums_of(titles: Iterable[OpenTitle]) -> list[Sums]:
    """Sum up by direction and age."""
    return totals_of(titles).sums()


def _candidates(tenant: Tenant, day: date) -> QuerySet[Title]:
    """Return the titles that existed on the day and may have been open then."""
    paid_later = Payment.objects.filter(title__connection__tenant=tenant, date__gt=day).values("title")
    left_later = TitleChange.objects.filter(at__gte=end_of(day), values__has_key="status")
    differing = Discrepancy.objects.filter(posting__kamino_connection__tenant=tenant, closed_at=None)
    sent_later = {"sent__gt": day.isoformat()}
    postings = Posting.objects.filter(kamino_connection__tenant=tenant).annotate(sent=KT("delivered__payment__date"))
    parts = PartPosting.objects.filter(kamino_connection__tenant=tenant).annotate(sent=KT("delivered__payment__date"))
    rows = Title.objects.filter(connection__tenant=tenant).annotate(since=Coalesce("issue_date", "competence_date"))
    return rows.filter(Q(since=None) | Q(since__lte=day)).filter(
        ~Q(status__in=[*GONE, TitleStatus.SETTLED])
        | Q(status__in=GONE, pk__in=left_later.values("title"))
        | Q(pk__in=differing.values("posting__title"))
        | Q(pk__in=paid_later)
        | Q(posting__delivered__status=KaminoStatus.PENDING.value)
        | Q(pk__in=postings.filter(**sent_later).values("title"))
        | Q(pk__in=parts.filter(**sent_later).values("posting__title"))
    )


def _payments(batch: Sequence[Title]) -> dict[int, list[PaymentFacts]]:
    found: dict[int, list[PaymentFacts]] = defaultdict(list)
    for row in Payment.objects.filter(title__in=batch).order_by("date", "pk"):
        found[row.title_id].append(row.to_facts())
    return found


def _open_in_kamino(found: InKamino, day: date) -> Decimal:
    """Return what a Kamino title had open on the day; one that was cancelled later was still open."""
    body = found.body
    if body.status is KaminoStatus.CANCELLED:
        was_open = found.sent_at is not None and found.sent_at >= end_of(day)
    else:
        was_open = body.status is KaminoStatus.PENDING or (body.payment is not None and body.payment.date > day)
    return body.value if was_open else ZERO
