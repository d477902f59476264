"""How values are written for people: money, dates, documents, links, and the sentences of problems."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.admin.kit.scope import change_url, sight_for
from integrations.domain.documents import mask, pretty
from integrations.domain.titles import Direction, TitleStatus
from integrations.models import Tenant, Title
from integrations.words.confidential import left_out_text
from integrations.words.values import reais

EMPTY = "–"


def money(value: Decimal | None) -> str:
    """Write an amount: R$ 1.234,56, or -R$ 1.234,56."""
    return EMPTY if value is None else reais(value)


def day(value: date | None) -> str:
    """Write a calendar day: 21/11/2026."""
    return date_format(value, "SHORT_DATE_FORMAT") if value else EMPTY


def moment(value: datetime | None) -> str:
    """Write a moment in Brasília: 21/11/2026 17:05."""
    return date_format(timezone.localtime(value), "SHORT_DATETIME_FORMAT") if value else EMPTY


def age(since: datetime, now: datetime) -> str:
    """Say how old something is, in its largest unit."""
    seconds = max(0, int((now - since).total_seconds()))
    if seconds >= 86400:
        return ngettext("%(count)s day", "%(count)s days", seconds // 86400) % {"count": seconds // 86400}
    if seconds >= 3600:
        return ngettext("%(count)s hour", "%(count)s hours", seconds // 3600) % {"count": seconds // 3600}
    if seconds < 60:
        return _("less than a minute")
    return ngettext("%(count)s minute", "%(count)s minutes", seconds // 60) % {"count": seconds // 60}


def document(value: str, *, whole: bool) -> str:
    """Write a CPF/CNPJ; a CPF is masked unless `whole`, for people who may see personal data."""
    if not value:
        return EMPTY
    return pretty(value) if whole else mask(value)


def sees_personal_data(request: HttpRequest) -> bool:
    return bool(request.user.has_perm("integrations.view_personal_data"))


def left_out(tenant: Tenant, request: HttpRequest) -> str:
    """Say how many confidential titles of a company a page leaves out for its reader, "" for none."""
    return left_out_text(sight_for(request).left_out(tenant))


def link(row: Model | None, text: Any = None) -> SafeString | str:
    """Return a link to an object's page, or a dash."""
    if row is None:
        return EMPTY
    url = change_url(row)
    words = str(row) if text is None else text
    return anchor(url, words) if url else str(words)


def connection_link(row: Model, connection: Model | None, text: Any = None) -> SafeString | str:
    """Return a link to a connection that a row names, or its words for who may not open it (`told_connections`)."""
    if getattr(row, "opens_connections", False) or connection is None:
        return link(connection, text)
    return str(connection if text is None else text)


def anchor(url: str, text: Any) -> SafeString:
    return format_html('<a class="text-link" href="{}">{}</a>', url, text)


def two_lines(first: Any, second: Any) -> SafeString:
    """Return a cell with a small second line."""
    return format_html('<div class="ik-cell">{}<div class="ik-small">{}</div></div>', first, second)


def one_line(text: Any) -> SafeString:
    """Return a cell that never breaks."""
    return format_html('<span class="ik-line">{}</span>', text)


def plain_number(value: int | None) -> str:
    """Write an id: digits only, never grouped."""
    return EMPTY if value is None else str(value)


def sentence_list(sentences: Iterable[str]) -> SafeString | str:
    """Return sentences below each other, as wide as a column allows."""
    rows = [(sentence,) for sentence in sentences]
    return format_html_join("", '<div class="ik-sentence">{}</div>', rows) if rows else EMPTY


def status_word(title: Title) -> str:
    """Return a title's status in Bling; what was paid to us is "received"."""
    if title.status == TitleStatus.SETTLED and title.direction == Direction.RECEIVABLE:
        return _("Received")
    return str(title.get_status_display())


def title_line(title: Title) -> str:
    """Name a title so that nobody confuses it: direction, number, person, due date, value."""
    person = str(title.person) if title.person else ""
    parts = [str(title), person, day(title.due_date), money(title.value)]
    return " · ".join(part for part in parts if part)
