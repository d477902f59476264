"""Payments: borderôs as Bling shows them, and the payments of titles, which are derived from both. The only writer of
Bordero and Payment; called by the mirror, in its transactions."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from decimal import Decimal

from integrations.domain.settlement import match_payments
from integrations.domain.titles import BorderoFacts
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
                lines=[{key: _plain(value) for key, value in asdict(line).items()} for line in facts.lines],
                read_at=read_at,
            )
            for facts, read_at in fresh
        ],
        update_conflicts=True,
        unique_fields=["connection", "bling_id"],
        update_fields=["date", "account_id", "lines", "read_at"],
    )
    return {
        facts.bling_id
        for facts, _read_at in fresh
        if facts.bling_id in known and known[facts.bling_id].to_facts() != replace(facts, history="")
    }


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Decimal | date) else value


def derive_payments(connection: BlingConnection, titles: Sequence[Title], *, may_have: Sequence[Title]) -> None:
    """Derive the payments of titles from what they name and the borderôs show; only `may_have` have some already."""
    wanted = {bordero for title in titles for bordero in title.bordero_ids}
    borderos = {
        row.bling_id: row.to_facts() for row in Bordero.objects.filter(connection=connection, bling_id__in=wanted)
    }
    Payment.objects.filter(title__in=[title.pk for title in may_have]).delete()
    rows = []
    for title in titles:
        named = [borderos[bling_id] for bling_id in title.bordero_ids if bling_id in borderos]
        payments, _problems = match_payments(title.to_facts(), named)
        rows += [Payment(title=title, **asdict(payment)) for payment in payments]
    Payment.objects.bulk_create(rows)
