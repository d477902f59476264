"""Files that people take home: sent here and nowhere else, and each one recorded before it leaves."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.contrib.admin.views.main import SEARCH_VAR
from django.db.models import Count, DecimalField, Model, QuerySet, Sum, Value
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from import_export.formats.base_formats import CSV, XLSX

from integrations.admin.kit.actions import user_of
from integrations.domain.audit import AuditAction
from integrations.models import Tenant
from integrations.models.confidential import without_confidential
from integrations.pipeline.audit.record import keyed, record
from integrations.resources.exporting import OF_NO_COMPANY
from integrations.resources.files import PortugueseResource

_TYPES = {"xlsx": XLSX.CONTENT_TYPE, "csv": CSV.CONTENT_TYPE}


@dataclass(frozen=True)
class Taken:
    """What a list that somebody takes home holds of each company, by the company's key. Counts and amounts leave
    confidential titles out, as everywhere else (auditors need not see these); `confidential` are the companies of which
    the file has some."""

    companies: list[Tenant]
    counts: dict[int, int] = field(default_factory=dict)
    amounts: dict[int, Decimal] = field(default_factory=dict)
    confidential: frozenset[int] = frozenset()

    @classmethod
    def of(cls, rows: QuerySet[Any], resource: PortugueseResource) -> "Taken":
        """Look at the rows of a list that become those of a file."""
        mine = resource.every_row().filter(pk__in=rows.order_by().values("pk")).order_by()
        total = Sum(resource.value_path) if resource.value_path else Value(None, output_field=DecimalField())
        whole = dict(mine.values_list(resource.tenant_path).annotate(rows=Count("pk")))
        shown = without_confidential(mine).values_list(resource.tenant_path).annotate(rows=Count("pk"), total=total)
        lines = list(shown)
        counts = dict.fromkeys(whole, 0) | {pk: count for pk, count, _total in lines}
        return cls(
            companies=list(Tenant.objects.filter(pk__in=whole).order_by("pk")),
            counts=counts,
            amounts={pk: total for pk, _count, total in lines if total is not None},
            confidential=frozenset(pk for pk, count in whole.items() if count > counts[pk]),
        )


def attachment(
    request: HttpRequest, content: bytes | str | Iterator[bytes], name: str, *, action: AuditAction, **recorded: Any
) -> HttpResponse | StreamingHttpResponse:
    """Return a file as the answer to a request, and record who took it; `recorded` as for `note`."""
    note(request, name, action=action, **recorded)
    answer = StreamingHttpResponse if isinstance(content, Iterator) else HttpResponse
    response = answer(content, content_type=_TYPES[name.rpartition(".")[2]])
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def note(
    request: HttpRequest,
    name: str,
    *,
    action: AuditAction,
    taken: Taken,
    of: Model | None = None,
    filter: str = "",
) -> None:
    """Record a file: one event for each of the companies that it shows; one that shows none is recorded all the same.
    `filter` is the query of the list, `of` the row that the file is of."""
    user, filter = user_of(request), without_names(filter)
    companies: list[Tenant | None] = [*taken.companies]
    if not companies or OF_NO_COMPANY in taken.counts:
        companies.append(None)
    for company in companies:
        key = company.pk if company else OF_NO_COMPANY
        record(
            action, actor=user, company=company, of=of, filter=filter, count=taken.counts.get(key),
            amount=taken.amounts.get(key),
            details={"file": name} | ({"confidential": True} if key in taken.confidential else {}),
        )  # fmt: skip


def without_names(query: str) -> str:
    """Return the query of a list with a keyed hash in place of what somebody searched for: it may name a person."""
    return urlencode([(name, _without(name, value)) for name, value in parse_qsl(query, keep_blank_values=True)])


def _without(name: str, value: str) -> str:
    if name == SEARCH_VAR:
        return f"#{keyed(value)}"
    return f"?{without_names(value[1:])}" if value.startswith("?") else value  # another list's
