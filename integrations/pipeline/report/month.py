"""Fechamento do mês: what both systems book, read from the mirror and from what Kamino's lists showed last.

Nothing is asked of either system: `Month.read_at` says since when Kamino's lists are known.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Max, Q, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import override

from integrations.domain.as_sent import as_sent
from integrations.domain.classification import choose_bank_account
from integrations.domain.confidential import Guard, chart_mark
from integrations.domain.desired import KaminoStatus
from integrations.domain.matching import KaminoTitle
from integrations.domain.money import ZERO
from integrations.domain.month import Booking, Item, Place, compare_month
from integrations.domain.settlement import PaymentFacts, each_moved
from integrations.domain.titles import COMPETENCE_FIELDS, Direction, TitleStatus, competence_of
from integrations.models import (
    BlingConnection,
    Discrepancy,
    KaminoConnection,
    KaminoItem,
    MonthClosing,
    PartPosting,
    Payment,
    Posting,
    Tenant,
    Title,
)
from integrations.models.confidential import guard_of, marks_of
from integrations.models.registers import CatalogKind, KaminoKind
from integrations.models.titles import DIRECTION_CHOICES
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.plan.rulebook import Rulebook, load_rulebook
from integrations.pipeline.report.both_sides import (
    InKamino,
    batches,
    held_in_kamino,
    one_moment,
    only_in_kamino,
    posting_of,
    seen_between,
    unread_directions,
)
from integrations.pipeline.report.month_numbers import Month, numbers_of
from integrations.words.reasons import advice, full_sentence

LANGUAGE = "pt-br"
UNCLASSIFIED = "–"
_GONE = (TitleStatus.CANCELLED, TitleStatus.DELETED)
_ALIVE = (KaminoStatus.PENDING, KaminoStatus.SETTLED)
Strangers = Sequence[tuple[Direction, KaminoTitle]]


@dataclass(frozen=True)
class _Names:
    """What registers are called, by their ids, and the `marks` of the confidential ones."""

    charts: dict[str, str]
    banks: dict[str, str]
    rulebooks: dict[int, Rulebook]
    marks: frozenset[str]

    def category(self, title: Title) -> str:
        return self.rulebooks[title.connection_id].register(CatalogKind.CATEGORY, title.category_id).name

    def chart(self, account: str) -> str:
        return self.charts.get(account, account) or UNCLASSIFIED

    def bank(self, account: str) -> str:
        return self.banks.get(account, account) or UNCLASSIFIED

    def bank_of(self, connection_id: int, account_id: int) -> str:
        """Return what the account of a payment is called in Kamino, or in Bling where it has none there."""
        rules = self.rulebooks[connection_id]
        register = rules.register(CatalogKind.BANK_ACCOUNT, account_id)
        found, _problems = choose_bank_account(register, rules.bank_accounts, rules.banks)
        return self.banks.get(found or "", register.name)


def month_after(first: date) -> date:
    """Return the first day of the month after that of `first`."""
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def month_of(tenant: Tenant, first: date) -> Month:
    """Compare a company's month that begins on `first`, as far as it is known now; texts are Portuguese. All titles are
    in it, each with its guard: what one reader sees of it is `month_numbers.visible_numbers`."""
    with override(LANGUAGE), one_moment():
        names = _names(tenant)
        kamino = KaminoConnection.objects.filter(tenant=tenant).only("reconciled_at").first()
        strangers = list(only_in_kamino(tenant))
        competence = [*_competence_items(tenant, names, first), *_due_there(strangers, names, first)]
        settled = [*_settled_items(tenant, names, first), *_paid_there(strangers, names, first)]
        words = dict(DIRECTION_CHOICES)
        unread = {str(words[direction]): why for direction, why in unread_directions(tenant).items()}
        return Month(
            first,
            compare_month(competence),
            compare_month(settled),
            kamino.reconciled_at if kamino else None,
            {"competence": as_sent(unread, _unread(competence)), "settled": as_sent(unread, _unread(settled))},
        )


def _unread(items: Sequence[Item]) -> Iterator[tuple[str, Decimal, Guard]]:
    for item in items:
        found = [booking for booking in item.kamino if not booking.is_read]
        if found:
            yield found[0].place.direction, sum((booking.amount for booking in found), ZERO), item.guard


def freeze(*, tenant: Tenant, found: Month, user: User, now: datetime, accepts_as_sent: bool = False) -> MonthClosing:
    """Keep a month's comparison (of `month_of`); frozen before, this is its next version. `accepts_as_sent`: the person
    takes the word of what was sent for what Kamino holds; without it, raises `Refused` where that was not read."""
    if not found.is_read and not accepts_as_sent:
        raise Refused("not_read", _("Part of Kamino's side was not read: say that you accept it as it was sent."))
    with transaction.atomic():
        Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)  # two people at once make two versions
        rows = MonthClosing.objects.filter(tenant=tenant, month=found.first)
        last = rows.aggregate(last=Max("version"))["last"] or 0
        return MonthClosing.objects.create(
            tenant=tenant, month=found.first, version=last + 1, made_by=user, made_at=now, numbers=numbers_of(found),
            as_sent_accepted_by=None if found.is_read else user,
        )  # fmt: skip


def _names(tenant: Tenant) -> _Names:
    items = KaminoItem.objects.filter(connection__tenant=tenant)
    names = {kind: dict(items.filter(kind=kind).values_list("kamino_id", "name")) for kind in KaminoKind}
    connections = BlingConnection.objects.filter(tenant=tenant)
    rulebooks = {row.pk: load_rulebook(row) for row in connections.select_related("tenant")}
    return _Names(names[KaminoKind.CHART_ACCOUNT], names[KaminoKind.BANK_ACCOUNT], rulebooks, marks_of(tenant))


def _of_competence(tenant: Tenant, first: date) -> QuerySet[Title]:
    """Return the titles whose competence is in the month on either side."""
    end = month_after(first)
    days = {"sent__gte": first.isoformat(), "sent__lt": end.isoformat()}
    postings = Posting.objects.filter(kamino_connection__tenant=tenant).annotate(sent=KT("delivered__competence_date"))
    parts = PartPosting.objects.filter(kamino_connection__tenant=tenant).annotate(sent=KT("delivered__competence_date"))
    rows = Title.objects.filter(connection__tenant=tenant)
    rows = rows.annotate(competence=Coalesce(*COMPETENCE_FIELDS))
    return rows.filter(
        Q(competence__gte=first, competence__lt=end)
        | Q(pk__in=postings.filter(**days).values("title"))
        | Q(pk__in=parts.filter(**days).values("posting__title"))
        | seen_between(tenant, "competence_date", first, end)
    )


def _of_settlement(tenant: Tenant, first: date) -> QuerySet[Title]:
    """Return the titles on which money moved in the month on either side."""
    end = month_after(first)
    days = {"sent__gte": first.isoformat(), "sent__lt": end.isoformat()}
    postings = Posting.objects.filter(kamino_connection__tenant=tenant).annotate(sent=KT("delivered__payment__date"))
    parts = PartPosting.objects.filter(kamino_connection__tenant=tenant).annotate(sent=KT("delivered__payment__date"))
    paid = Payment.objects.filter(title__connection__tenant=tenant, date__gte=first, date__lt=end)
    return Title.objects.filter(
        Q(pk__in=paid.values("title"))
        | Q(pk__in=postings.filter(**days).values("title"))
        | Q(pk__in=parts.filter(**days).values("posting__title"))
        | seen_between(tenant, "payment_date", first, end)
    )


def _competence_items(tenant: Tenant, names: _Names, first: date) -> Iterator[Item]:
    for batch in batches(_of_competence(tenant, first)):
        held = held_in_kamino(tenant, batch)
        reasons = _reasons(batch, held)
        for title in batch:
            direction, category = str(title.get_direction_display()), names.category(title)
            alive = [found for found in held[title.pk] if found.body.status in _ALIVE]
            there = [found for found in alive if _is_in(found.body.competence_date, first)]
            posting = posting_of(title)
            wanted = posting.desired["chart_account"] if posting and posting.desired else ""
            chart = names.chart(wanted or (alive[0].body.chart_account if alive else ""))
            here = title.status not in _GONE and _is_in(competence_of(title), first)
            yield _item(
                title,
                names,
                [Booking(Place(direction, category, chart), title.value)] if here else [],
                [
                    Booking(
                        Place(direction, category, names.chart(found.body.chart_account)),
                        found.body.value,
                        found.is_read,
                    )
                    for found in there
                ],
                reasons,
            )


def _settled_items(tenant: Tenant, names: _Names, first: date) -> Iterator[Item]:
    for batch in batches(_of_settlement(tenant, first)):
        held = held_in_kamino(tenant, batch)
        reasons = _reasons(batch, held)
        payments = _moved_payments(batch, names)
        for title in batch:
            direction, category = str(title.get_direction_display()), names.category(title)
            settled = [found for found in held[title.pk] if found.body.status is KaminoStatus.SETTLED]
            yield _item(
                title,
                names,
                [
                    Booking(Place(direction, category, names.bank_of(title.connection_id, payment.account_id)), amount)
                    for payment, amount in payments[title.pk]
                    if _is_in(payment.date, first)
                ],
                [
                    Booking(Place(direction, category, names.bank(paid.account)), paid.amount, found.is_read)
                    for found in settled
                    if (paid := found.body.payment) and _is_in(paid.date, first)
                ],
                reasons,
            )


def _moved_payments(batch: Sequence[Title], names: _Names) -> dict[int, list[tuple[PaymentFacts, Decimal]]]:
    """Return the payments of titles and the money that each moved, by title."""
    payments: dict[int, list[PaymentFacts]] = defaultdict(list)
    for row in Payment.objects.filter(title__in=batch).order_by("pk"):
        payments[row.title_id].append(row.to_facts())
    found: dict[int, list[tuple[PaymentFacts, Decimal]]] = defaultdict(list)
    for title in batch:
        rows, meaning = payments[title.pk], names.rulebooks[title.connection_id].rules.paid_amount
        found[title.pk] = list(zip(rows, each_moved(rows, title.principal, meaning), strict=True))
    return found


def _due_there(strangers: Strangers, names: _Names, first: date) -> Iterator[Item]:
    for direction, row in strangers:
        if _is_in(row.competence_date, first):
            yield _stranger(direction, row, names, names.chart(row.chart_account), row.value)


def _paid_there(strangers: Strangers, names: _Names, first: date) -> Iterator[Item]:
    for direction, row in strangers:
        if row.status is KaminoStatus.SETTLED and _is_in(row.payment_date, first):
            paid = row.value if row.paid_amount is None else row.paid_amount
            yield _stranger(direction, row, names, names.bank(row.payment_account), paid)


def _stranger(direction: Direction, row: KaminoTitle, names: _Names, account: str, amount: Decimal) -> Item:
    place = Place(str(dict(DIRECTION_CHOICES)[direction]), _("Only in Kamino"), account)
    return Item(
        name=row.document_number or f"Kamino {row.kamino_id}",
        bling_id=None,
        kamino_id=row.kamino_id,
        guard=Guard.of([chart_mark(row.chart_account)], names.marks),
        kamino=(Booking(place, amount),),
        reasons=(_("Unlinked in Kamino: no title of Bling belongs to it."),),
    )


def _item(
    title: Title,
    names: _Names,
    bling: Sequence[Booking],
    kamino: Sequence[Booking],
    reasons: dict[int, list[str]],
) -> Item:
    posting = posting_of(title)
    return Item(
        name=title.document_number or f"Bling {title.bling_id}",
        bling_id=title.bling_id,
        kamino_id=posting.kamino_id if posting else None,
        guard=guard_of(title, names.marks),
        bling=tuple(bling),
        kamino=tuple(kamino),
        reasons=tuple(reasons[title.pk]),
    )


def _is_in(day: date | None, first: date) -> bool:
    return day is not None and first <= day < month_after(first)


def _reasons(batch: Sequence[Title], held: Mapping[int, Sequence[InKamino]]) -> dict[int, list[str]]:
    """Return why the sides of each title may differ: its open discrepancies, what holds it back, what people changed
    in Kamino, else its state."""
    found: dict[int, list[str]] = defaultdict(list)
    rows = (
        Discrepancy.objects.filter(posting__title__in=batch, closed_at=None)
        .select_related("posting")
        .annotate(title=F("posting__title"))
    )
    for row in rows.order_by("pk"):
        found[row.title].append(f"{row.get_kind_display()}. {row.cause_text()}")
    for title in batch:
        posting = posting_of(title)
        if posting is None:
            found[title.pk].append(_("Not planned yet"))
            continue
        reasons = found[title.pk]
        for problem in posting.get_causes():
            parts = (full_sentence(problem), advice(problem))
            fresh = [part for part in parts if part and not any(part in before for before in reasons)]
            reasons += [" ".join(fresh)] if fresh else []
        if not reasons and any(found.is_edited for found in held.get(title.pk, ())):
            reasons.append(_("Kamino shows something else than was sent: somebody changed it there."))
        if not reasons:
            reasons.append(str(posting.get_state_display()))
    return found
