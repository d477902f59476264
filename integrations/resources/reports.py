"""Fechamento do mês and Posição em aberto as workbooks."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import chain
from typing import IO, Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from integrations.domain.position import Age
from integrations.models import MonthClosing, Tenant
from integrations.models.confidential import Sight
from integrations.models.titles import DIRECTION_CHOICES
from integrations.pipeline.report.both_sides import one_moment
from integrations.pipeline.report.month_numbers import visible_numbers
from integrations.pipeline.report.position import OpenTitle, Sums, Totals, open_on
from integrations.resources.files import LANGUAGE
from integrations.sheets.cells import safe_text
from integrations.sheets.writing import Sheet, write_xlsx
from integrations.words.as_sent import as_sent_text
from integrations.words.confidential import CLOSED_MONTH, left_out_text
from integrations.words.values import readable

MONEY_COLUMNS = 3
"""The last columns of a closing's rows: Bling, Kamino, difference."""


def age_text(age: Age) -> str:
    """Name an age, in the active language."""
    return {
        Age.NOT_DUE: _("Not due yet"),
        Age.MONTH: _("1 to 30 days late"),
        Age.TWO_MONTHS: _("31 to 60 days late"),
        Age.THREE_MONTHS: _("61 to 90 days late"),
        Age.OLDER: _("More than 90 days late"),
    }[age]


def closing_headers(section: str) -> list[str]:
    """Return the columns of a closing's sums; `section` is "competence" or "settled"."""
    account = _("Chart account in Kamino") if section == "competence" else _("Bank account")
    return [_("Direction"), _("Category"), account, _("Titles"), _("In Bling"), _("In Kamino"), _("Difference")]


def difference_headers(section: str) -> list[str]:
    """Return the columns of a closing's differences."""
    document = [_("Document"), _("Id in Bling"), _("Id in Kamino")]
    return [*closing_headers(section)[:3], *document, *closing_headers(section)[4:], _("Why")]


def write_closing(out: IO[bytes], closing: MonthClosing, sight: Sight) -> None:
    """Write what a reader sees of a frozen month: sums by competence and by settlement, and the titles that differ,
    each with its reason."""
    numbers = visible_numbers(closing.numbers, closing.tenant, sight)
    with override(LANGUAGE):
        names = {"competence": _("Competence"), "settled": _("Settlements")}
        sheets = [
            Sheet(
                name,
                closing_headers(section),
                chain(_sums(numbers[section]["rows"]), _notes(closing, numbers, section, sight)),
                [14, 40, 40, 10, 16, 16, 16],
            )
            for section, name in names.items()
        ]
        sheets += [
            Sheet(
                _("Differences, %(name)s") % {"name": name.lower()}, difference_headers(section),
                _differences(numbers[section]["differences"]),
            )
            for section, name in names.items()
        ]  # fmt: skip
        write_xlsx(out, *sheets)


def write_position(out: IO[bytes], tenant: Tenant, day: date, sight: Sight) -> None:
    """Write what a reader sees of what was open on a day, title by title as they are read, and then the sums by age."""
    with override(LANGUAGE), one_moment():
        totals = Totals()
        headers = [
            _("Direction"), _("Person"), _("Document"), _("Id in Bling"), _("Id in Kamino"), _("Due date"), _("Age"),
            _("Value"), _("Balance in Bling"), _("Balance in Kamino"), _("Difference"), _("In Kamino as"),
        ]  # fmt: skip
        summary = [
            _("Direction"),
            _("Age"),
            _("Titles"),
            _("Balance in Bling"),
            _("Balance in Kamino"),
            _("Difference"),
        ]
        write_xlsx(
            out,
            Sheet(
                _("Open on %(day)s") % {"day": f"{day:%d-%m-%Y}"},
                headers,
                _position_cells(totals.counted(open_on(tenant, day, sight))),
            ),
            Sheet(_("Summary"), summary, _summary_rows(totals, tenant, sight), [14, 26, 10, 18, 18, 18]),
        )


def _position_cells(titles: Iterator[OpenTitle]) -> Iterator[list[Any]]:
    directions = dict(DIRECTION_CHOICES)
    for row in titles:
        yield [
            str(directions[row.direction]), safe_text(row.person), safe_text(row.document), row.bling_id,
            row.kamino_id, row.due_date, age_text(row.age), row.value, row.bling, row.kamino, row.kamino - row.bling,
            "" if row.kamino == 0 else _("read") if row.is_read else _("sent, not read"),
        ]  # fmt: skip


def _summary_rows(totals: Totals, tenant: Tenant, sight: Sight) -> Iterator[list[Any]]:
    """Return the sums once the titles were written: a sheet's rows are asked for after those before it."""
    yield from position_rows(totals.sums())
    yield from ([text] for text in position_as_sent(totals, tenant))
    yield from ([text] for text in _left_out(tenant, sight))


def position_as_sent(totals: Totals, tenant: Tenant) -> list[str]:
    """Return what to say of what was not read of a position, in the active language."""
    directions = dict(DIRECTION_CHOICES)
    return [as_sent_text(found, str(directions[found.direction])) for found in totals.as_sent(tenant)]


def closing_as_sent(table: Mapping[str, Any]) -> list[str]:
    """Return what to say of what was not read of one of a month's visible comparisons, in the active language."""
    return [as_sent_text(found, found.direction) for found in table["as_sent"]]


def _left_out(tenant: Tenant, sight: Sight) -> list[str]:
    text = left_out_text(sight.left_out(tenant))
    return [text] if text else []


def position_rows(sums: Sequence[Sums]) -> list[list[Any]]:
    """Return the sums of a position as cells, in the active language."""
    directions = dict(DIRECTION_CHOICES)
    return [
        [
            str(directions[row.direction]), age_text(row.age), row.titles, row.bling, row.kamino,
            row.kamino - row.bling,
        ]
        for row in sums
    ]  # fmt: skip


def _notes(closing: MonthClosing, numbers: Mapping[str, Any], section: str, sight: Sight) -> Iterator[list[Any]]:
    yield from ([text] for text in _left_out(closing.tenant, sight))
    if numbers["is_closed"]:
        yield [_(CLOSED_MONTH)]
    notes = closing_as_sent(numbers[section])
    yield from ([text] for text in notes)
    if notes and closing.as_sent_accepted_by:
        yield [accepted_text(closing)]


def accepted_text(closing: MonthClosing) -> str:
    """Say who froze a month whose side of Kamino was not all read, in the active language."""
    return _("Accepted as it was sent by %(user)s.") % {"user": closing.as_sent_accepted_by}


def _sums(rows: Sequence[Sequence[Any]]) -> Iterator[list[Any]]:
    for row in rows:
        texts, (titles, *amounts) = row[:3], row[3:]
        yield [*map(safe_text, texts), titles, *map(Decimal, amounts)]
    if rows:
        columns = list(zip(*(row[-MONEY_COLUMNS:] for row in rows), strict=True))
        yield [_("Total"), "", "", sum(row[3] for row in rows), *(sum(map(Decimal, column)) for column in columns)]


def _differences(rows: Sequence[Sequence[Any]]) -> Iterator[list[Any]]:
    for direction, category, account, name, bling_id, kamino_id, *amounts, why in rows:
        texts = map(safe_text, (direction, category, account, name))
        yield [*texts, bling_id, kamino_id, *map(Decimal, amounts), safe_text(readable(why))]
