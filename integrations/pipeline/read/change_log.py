"""Title changes: what a reading showed differently than the mirror, kept for people. Written in the mirror's own
transactions, only for titles that it knew, and never for unchanged ones."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from integrations.models import Title, TitleChange

SHOWN = (
    "status", "value", "balance", "due_date", "issue_date", "competence_date", "document_number", "history",
    "contact_id", "category_id", "account_id", "payment_form_id", "origin_number",
)  # fmt: skip
"""The columns whose change a person would look for; the page has a word for each."""

Shown = dict[int, dict[str, str]]


def shown(titles: Iterable[Title]) -> Shown:
    """Return what titles that the mirror knows show now, by key, as text."""
    return {title.pk: {name: _text(getattr(title, name)) for name in SHOWN} for title in titles}


def keep(before: Shown, after: Sequence[Title]) -> None:
    """Note what is different about some titles since `before`; new ones have no before."""
    rows = []
    for title in after:
        old = before.get(title.pk)
        new = {name: _text(getattr(title, name)) for name in SHOWN}
        if old is not None and old != new:
            values = {name: [old[name], new[name]] for name in SHOWN if old[name] != new[name]}
            rows.append(TitleChange(title=title, at=title.changed_at, values=values))
    TitleChange.objects.bulk_create(rows)


def keep_status(before: Mapping[int, str], status: str, *, now: datetime) -> None:
    """Note that titles, by key with their old status, have a new one."""
    TitleChange.objects.bulk_create(
        TitleChange(title_id=pk, at=now, values={"status": [old, status]}) for pk, old in before.items()
    )


def _text(value: object) -> str:
    return "" if value is None else str(value)
