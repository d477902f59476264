"""Payments: borderôs as Bling shows them, and what of titles is derived from both: payments, and the category. The only
writer of Bordero and Payment; called by the mirror, in its transactions."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from integrations.domain.settlement import match_payments, names_others
from integrations.domain.titles import BorderoFacts, TitleStatus, categories_of
from integrations.models import BlingConnection, Bordero, Payment, Title


def save_borderos(
    connection: BlingConnection, borderos: Sequence[tuple[BorderoFacts, datetime]], *, named: Iterable[int]
) -> set[int]:
    """Store borderôs as they were just read; returns those that are different than before.

    They, and those that the titles to be stored name (`named`), stay locked: nobody else derives payments from them
    before this transaction ends. To be called before titles are locked.
    """
    ids = {*named, *(facts.bling_id for facts, _read_at in borderos)}
    rows = Bordero.objects.select_for_update(no_key=True).filter(connection=connection, bling_id__in=ids)
    known = {row.bling_id: row for row in rows.order_by("bling_id")}
    fresh = [
        (facts, read_at)
        for facts, read_at in sorted(borderos, key=lambda pair: pair[0].bling_id)
        if facts.bling_id not in known or known[facts.bling_id].read_at < read_at
    ]
    Bordero.objects.bulk_create(
        [
            Bordero(
                connection=connection,
                bling_id=facts.bling_id,
                date=facts.date,
                account_id=facts.account_id,
                category_id=facts.category_id,
                lines=[{key: _plain(value) for key, value in asdict(line).items()} for line in facts.lines],
                read_at=read_at,
            )
            for facts, read_at in fresh
        ],
        update_conflicts=True,
        unique_fields=["connection", "bling_id"],
        update_fields=["date", "account_id", "category_id", "lines", "read_at"],
    )
    return {
        facts.bling_id
        for facts, _read_at in fresh
        if facts.bling_id in known and known[facts.bling_id].to_facts() != replace(facts, history="")
    }


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Decimal | date) else value


def borderos_of(connection: BlingConnection, titles: Iterable[Title]) -> dict[int, BorderoFacts]:
    """Return what is known of the borderôs that titles name, by id."""
    wanted = {bordero for title in titles for bordero in title.bordero_ids}
    return {row.bling_id: row.to_facts() for row in Bordero.objects.filter(connection=connection, bling_id__in=wanted)}


def derive_category(title: Title, borderos: Mapping[int, BorderoFacts]) -> bool:
    """Set a title's category to its own or that of its borderôs, none where it is divided among several; says whether
    it is another one than before."""
    own = title.category_id if title.own_category_id is None else title.own_category_id
    of_borderos = (borderos[each] for each in title.bordero_ids if each in borderos)
    split = title.split_categories
    found = split or categories_of(own, of_borderos)
    before = title.category_id, title.disputed_categories
    title.own_category_id = own
    title.category_id, title.disputed_categories = (0, found or None) if split or len(found) != 1 else (found[0], None)
    return before != (title.category_id, title.disputed_categories)


@dataclass(frozen=True)
class Derivation:
    """What titles derive their payments from: borderôs by id, and which of these only one title names (`alone`).
    `follow` are titles that did not change themselves; of these, `recategorised` have another category now."""

    borderos: Mapping[int, BorderoFacts]
    alone: Collection[int]
    follow: list[Title]
    recategorised: list[Title]


def derive(
    connection: BlingConnection, changed: Sequence[Title], others: Sequence[Title], other_borderos: Collection[int],
    *, read_at: datetime,
) -> Derivation:  # fmt: skip
    """Set the categories of titles that `changed`, and find those of the `others` that follow them, or follow
    `other_borderos` (read at `read_at`). Together they are all titles that name a borderô of these."""
    borderos = borderos_of(connection, [*changed, *others])
    follow = _followers(changed, others, other_borderos, borderos)
    for title in changed:
        derive_category(title, borderos)
    recategorised = [title for title in follow if derive_category(title, borderos)]
    for title in recategorised:
        title.changed_at = max(title.changed_at, read_at)
    return Derivation(borderos, _named_once([*changed, *others]), follow, recategorised)


def _followers(
    changed: Sequence[Title], others: Sequence[Title], other_borderos: Collection[int],
    borderos: Mapping[int, BorderoFacts],
) -> list[Title]:  # fmt: skip
    """Return those of `others` whose payments have to be derived again: they name one of `other_borderos`, or what
    decides about theirs is whether one of the `changed` titles names their borderô too."""
    shared = {bordero for title in changed for bordero in title.bordero_ids}

    def may_be_alone(title: Title) -> bool:
        facts = title.to_facts()
        mine = shared.intersection(title.bordero_ids) & borderos.keys()
        return any(names_others(facts, borderos[bordero]) for bordero in mine)

    return [title for title in others if not {*other_borderos}.isdisjoint(title.bordero_ids) or may_be_alone(title)]


def _named_once(titles: Iterable[Title]) -> set[int]:
    """Return the borderôs that only one of some titles names; one that is gone from Bling names none."""
    counts = Counter(each for title in titles if title.status != TitleStatus.DELETED for each in title.bordero_ids)
    return {bordero for bordero, count in counts.items() if count == 1}


def derive_payments(titles: Sequence[Title], found: Derivation, *, may_have: Sequence[Title]) -> None:
    """Derive the payments of titles from what they name and the borderôs show; only `may_have` have some already."""
    Payment.objects.filter(title__in=[title.pk for title in may_have]).delete()
    rows = []
    for title in titles:
        named = [found.borderos[bling_id] for bling_id in title.bordero_ids if bling_id in found.borderos]
        payments, _problems = match_payments(title.to_facts(), named, found.alone)
        rows += [Payment(title=title, **asdict(payment)) for payment in payments]
    Payment.objects.bulk_create(rows)
