"""Posição em aberto: what each system had open on a day, title by title, by what is known today."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce

from integrations.domain.desired import KaminoStatus
from integrations.domain.money import ZERO
from integrations.domain.position import Age, age_on, balance_on, paid_off
from integrations.domain.settlement import PaymentFacts
from integrations.domain.titles import TitleStatus
from integrations.models import PartPosting, Payment, Posting, Tenant, Title
from integrations.pipeline.both_sides import Body, batches, bodies_of, one_moment, posting_of


@dataclass(frozen=True)
class OpenTitle:
    """A title that was open on the day on some side, in reais."""

    title: Title
    kamino_id: int | None
    age: Age
    bling: Decimal
    kamino: Decimal


@dataclass(frozen=True)
class Sums:
    """What was open of one direction and age."""

    direction: str
    age: Age
    titles: int
    bling: Decimal
    kamino: Decimal


def open_on(tenant: Tenant, day: date) -> Iterator[OpenTitle]:
    """Return what was open at the end of `day`, as far as the mirror and our deliveries tell; to be read in
    `one_moment`."""
    for batch in batches(_candidates(tenant, day)):
        bodies, payments = bodies_of(batch), _payments(batch)
        for title in batch:
            here = balance_on(
                day, status=TitleStatus(title.status), value=title.value, balance=title.balance,
                payments=paid_off(payments[title.pk], title.value - (title.balance or ZERO)),
            )  # fmt: skip
            there = sum((_open_in_kamino(body, day) for body in bodies[title.pk]), ZERO)
            if here or there:
                posting = posting_of(title)
                yield OpenTitle(title, posting.kamino_id if posting else None, age_on(day, title.due_date), here, there)


class Totals:
    """What is open by direction and age, summed up while the titles pass by."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, Age], Sums] = {}

    def counted(self, titles: Iterable[OpenTitle]) -> Iterator[OpenTitle]:
        """Pass titles on, and sum them up."""
        for row in titles:
            key = (row.title.direction, row.age)
            before = self._sums.get(key) or Sums(*key, 0, ZERO, ZERO)
            self._sums[key] = Sums(*key, before.titles + 1, before.bling + row.bling, before.kamino + row.kamino)
            yield row

    def sums(self) -> list[Sums]:
        """Return what was counted so far, payables first and the youngest first."""
        order = list(Age)
        return sorted(self._sums.values(), key=lambda found: (found.direction, order.index(found.age)))


def sums_of(titles: Iterable[OpenTitle]) -> list[Sums]:
    """Sum up by direction and age, as of one moment where `titles` are still to be read."""
    totals = Totals()
    with one_moment():
        deque(totals.counted(titles), maxlen=0)
    return totals.sums()


def _candidates(tenant: Tenant, day: date) -> QuerySet[Title]:
    """Return the titles that existed on the day and may have been open then."""
    gone = (TitleStatus.CANCELLED, TitleStatus.DELETED, TitleStatus.RETURNED, TitleStatus.SETTLED)
    paid_later = Payment.objects.filter(title__connection__tenant=tenant, date__gt=day).values("title")
    told_later = {"told__gt": day.isoformat()}
    postings = Posting.objects.filter(company__tenant=tenant).annotate(told=KT("delivered__payment__date"))
    parts = PartPosting.objects.filter(company__tenant=tenant).annotate(told=KT("delivered__payment__date"))
    rows = Title.objects.filter(connection__tenant=tenant).annotate(since=Coalesce("issue_date", "competence_date"))
    return rows.filter(Q(since=None) | Q(since__lte=day)).filter(
        ~Q(status__in=gone)
        | Q(pk__in=paid_later)
        | Q(posting__delivered__status=KaminoStatus.PENDING.value)
        | Q(pk__in=postings.filter(**told_later).values("title"))
        | Q(pk__in=parts.filter(**told_later).values("posting__title"))
    )


def _payments(batch: Sequence[Title]) -> dict[int, list[PaymentFacts]]:
    found: dict[int, list[PaymentFacts]] = defaultdict(list)
    for row in Payment.objects.filter(title__in=batch).order_by("date", "pk"):
        facts = PaymentFacts(**{name: getattr(row, name) for name in PaymentFacts.__dataclass_fields__})
        found[row.title_id].append(facts)
    return found


def _open_in_kamino(body: Body, day: date) -> Decimal:
    """Return what a Kamino title had open on the day, by what it was told last."""
    if body["status"] == KaminoStatus.CANCELLED:
        return ZERO
    paid_on = body["payment"]["date"] if body["payment"] else ""
    return Decimal(body["value"]) if body["status"] == KaminoStatus.PENDING or paid_on > day.isoformat() else ZERO
