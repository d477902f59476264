"""The mapping desk: every Bling name of a company with what it stands for, edited on screen or as a spreadsheet."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from integrations.admin.kit import texts
from integrations.admin.kit.actions import user_of
from integrations.admin.kit.downloads import Taken, attachment
from integrations.admin.kit.forms import UploadForm
from integrations.admin.kit.scope import change_url, row_number, scoped, sight_for
from integrations.domain.audit import AuditAction
from integrations.domain.names import fold
from integrations.login.step_up import asks_first
from integrations.models import BlingConnection, Mapping, MappingChange, Person, Tenant
from integrations.models.mappings import PERSON_KINDS, TARGET_KINDS, TARGETS, MappingKind
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.mapping.changes import propose, propose_file, refuse_large
from integrations.pipeline.mapping.edits import ChangedRow, check_cells, from_other_connection, from_suggestions
from integrations.pipeline.mapping.rows import SURE, DeskRow, counts_by_state, desk_rows
from integrations.pipeline.mapping.targets import KaminoTargets, label, labels
from integrations.queue import enqueue_tick
from integrations.resources.mappings import mapping_csv, mapping_xlsx, state_text
from integrations.sheets.cells import Cell
from integrations.words.colours import NAME_COLOURS
from integrations.words.spreadsheets import COLUMNS

PER_PAGE = 100
OTHERS_SHOWN = 200


def desk_url(tenant_id: int, **query: str) -> str:
    """Return the address of a company's desk; `find` shows one row: its kind and Bling id."""
    url = reverse("admin:integrations_mapping_desk", args=[tenant_id])
    return f"{url}?{urlencode(query)}" if query else url


def row_url(tenant_id: int, kind: str, bling_id: int) -> str:
    """Return the address of one name on the desk."""
    return desk_url(tenant_id, find=f"{kind}-{bling_id}")


def choose_view(request: HttpRequest, admin_site: Any) -> HttpResponse:
    """Choose a company; with a single one there is nothing to choose."""
    _require(request, "view_mapping")
    tenants = list(scoped(Tenant.objects.order_by("name"), request)[:500])
    if len(tenants) == 1:
        return HttpResponseRedirect(desk_url(tenants[0].pk))
    context = {
        **admin_site.each_context(request),
        "title": _("Mappings"),
        "tenants": [(tenant, desk_url(tenant.pk)) for tenant in tenants],
    }
    return TemplateResponse(request, "admin/integrations/mapping/choose.html", context)


def desk_view(request: HttpRequest, tenant_id: int, admin_site: Any) -> HttpResponse:
    """Show a company's desk, and take edits, accepted suggestions, copies and spreadsheets: each becomes a proposal."""
    _require(request, "view_mapping")
    tenant = get_object_or_404(scoped(Tenant.objects.all(), request), pk=tenant_id)
    targets = KaminoTargets.of_tenant(tenant.pk)
    rows = desk_rows(tenant.pk, targets, sight_for(request))
    rows += _asked_persons(request, tenant, rows)
    if request.method == "POST":
        return _take(request, tenant, rows, targets)
    shown = _filtered(rows, request)
    page = Paginator(shown, PER_PAGE).get_page(request.GET.get("p"))
    context = {
        **admin_site.each_context(request),
        "title": _("Mappings of %(name)s") % {"name": tenant},
        "tenant": tenant,
        "page": page,
        "rows": _lines(page, targets),
        "query": {name: request.GET.get(name, "") for name in ("q", "kind", "state", "find")},
        "query_text": urlencode({key: value for key, value in request.GET.items() if key != "p"}),
        "kinds": MappingKind.choices,
        "states": _state_choices(rows),
        "summary": _summary(rows),
        "left_out": texts.left_out(tenant, request),
        "lists": [(name, [label(item) for item in targets.usable(kind)]) for name, kind in TARGET_KINDS.items()],
        "may_change": request.user.has_perm("integrations.change_mapping"),
        "may_import": request.user.has_perm("integrations.import_mapping"),
        "upload": UploadForm(label=_("Send the edited spreadsheet"), accept=".xlsx,.ods,.csv"),
        "may_export": request.user.has_perm("integrations.export_mapping"),
        "sure": SURE,
        "sure_count": len(from_suggestions(rows, SURE)),
        "others": _other_connections(request, tenant, rows),
        "changes_url": f"{reverse('admin:integrations_mappingchange_changelist')}?tenant={tenant.pk}",
        "rows_url": f"{reverse('admin:integrations_mapping_changelist')}?tenant={tenant.pk}",
        "not_found": Mapping.objects.filter(connection__tenant=tenant, source=None, person=None).count(),
        "read_at": getattr(getattr(tenant, "kamino_connection", None), "registers_read_at", None),
    }
    return TemplateResponse(request, "admin/integrations/mapping/desk.html", context)


def export_view(request: HttpRequest, tenant_id: int, file_format: str) -> HttpResponse | StreamingHttpResponse:
    """Return a company's De/Para as a file."""
    _require(request, "view_mapping")
    _require(request, "export_mapping")
    tenant = get_object_or_404(scoped(Tenant.objects.all(), request), pk=tenant_id)
    asked = asks_first(request)
    if asked is not None:
        return asked
    write = mapping_xlsx if file_format == "xlsx" else mapping_csv
    content = write(tenant.pk, sight_for(request))
    name = f"de-para-{slugify(tenant.slug)}-{timezone.localdate():%Y-%m-%d}.{file_format}"
    return attachment(request, content, name, action=AuditAction.DOWNLOAD_MAPPING, taken=Taken([tenant]))


def _require(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(f"integrations.{permission}"):
        raise PermissionDenied


def _summary(rows: Sequence[DeskRow]) -> str:
    counts = counts_by_state(rows)
    values = {
        "total": len(rows) - counts.get("optional", 0) - counts.get("unused", 0),
        "mapped": counts.get("mapped", 0),
        "by_name": counts.get("by_name", 0),
        "open": counts.get("open", 0),
    }
    return (
        _("%(total)s names in use: %(mapped)s mapped, %(by_name)s by identical name, %(open)s to be mapped.") % values
    )


def _state_choices(rows: Sequence[DeskRow]) -> list[tuple[str, str]]:
    counts = counts_by_state(rows)
    words = {
        "open": _("To be mapped"),
        "mapped": _("Mapped"),
        "by_name": _("By identical name"),
        "unused": _("No title uses it"),
    }
    found = [(state, f"{word} ({counts.get(state, 0)})") for state, word in words.items()]
    renamed = _("Renamed in Bling")
    return [*found, ("renamed", f"{renamed} ({sum(_is_renamed(row) for row in rows)})")]


def _is_renamed(row: DeskRow) -> bool:
    return row.source is not None and bool(row.source.renamed_from) and row.mapping is not None


def _asked_persons(request: HttpRequest, tenant: Tenant, rows: Sequence[DeskRow]) -> list[DeskRow]:
    """Return an empty row for the customer or supplier that the address asks for and nobody mapped yet, to people who
    find them in the list of persons too."""
    if not request.user.has_perm("integrations.view_person"):
        return []
    kind, _dash, number = request.GET.get("find", "").partition("-")
    bling_id = row_number(number)
    if kind not in PERSON_KINDS or bling_id is None:
        return []
    known = {row.key for row in rows}
    known_as = Person.objects.filter(connection__tenant=tenant, bling_id=bling_id)
    persons = scoped(known_as, request).select_related("connection__tenant")
    found = [DeskRow(person.connection, kind, None, person, None) for person in persons]
    return [row for row in found if row.key not in known]


def _filtered(rows: Sequence[DeskRow], request: HttpRequest) -> list[DeskRow]:
    """Return the rows that the address asks for, those with the most money first where something is to be done."""
    kind, state, words = request.GET.get("kind", ""), request.GET.get("state", ""), fold(request.GET.get("q", ""))
    find = request.GET.get("find", "")
    if find:
        return [row for row in rows if f"{row.kind}-{row.bling_id}" == find]
    found = [row for row in rows if not kind or row.kind == kind]
    if words:
        found = [row for row in found if words in fold(f"{row.name} {row.bling_id}")]
    if state == "renamed":
        return [row for row in found if _is_renamed(row)]
    found = [row for row in found if not state or row.state == state]
    return sorted(found, key=lambda row: (row.state != "open", -row.total if row.state == "open" else 0))


def _lines(page: Page[DeskRow], targets: KaminoTargets) -> list[dict[str, Any]]:
    found = []
    for row in page:
        values = labels(targets, row.values())
        found.append(
            {
                "row": row,
                "key": "-".join(str(part) for part in row.key),
                "kind": MappingKind(row.kind).label,
                "total": texts.money(row.total),
                "state": _("By identical name") if row.by_name else state_text(row),
                "colour": NAME_COLOURS[row.state],
                "renamed": row.source.renamed_from if _is_renamed(row) and row.source else "",
                "url": change_url(row.person) or change_url(row.mapping),
                "fields": [
                    {
                        "name": name,
                        "label": COLUMNS[name],
                        "value": values.get(name, ""),
                        "hint": label(row.by_name) if row.by_name and name == row.main_field else COLUMNS[name],
                    }
                    for name in TARGETS[row.kind]
                ],
                "suggestion": label(row.suggestion) if row.suggestion else "",
            }
        )
    return found


def _other_connections(request: HttpRequest, tenant: Tenant, rows: Sequence[DeskRow]) -> list[tuple[int, str]]:
    """Return the user's connections that have mappings to be copied from, by name."""
    mine = scoped(BlingConnection.objects.filter(mappings__source__isnull=False).distinct(), request)
    if len({row.connection.pk for row in rows}) < 2:
        mine = mine.exclude(tenant=tenant)
    found = mine.select_related("tenant").order_by("tenant__name")
    return [(row.pk, str(row)) for row in found[:OTHERS_SHOWN]]


def _take(request: HttpRequest, tenant: Tenant, rows: list[DeskRow], targets: KaminoTargets) -> HttpResponse:
    """Make a proposal of what was posted and show it; nothing is changed yet."""
    what = request.POST.get("do", "")
    _require(request, "import_mapping" if what == "upload" else "change_mapping")
    here = f"{request.path}?{request.GET.urlencode()}"
    if what == "upload":
        return _take_file(request, tenant, here)
    origin = MappingChange.Origin.SCREEN
    looked_at = len(request.POST.getlist("row"))
    if what == "suggestions":
        origin, edits = MappingChange.Origin.SUGGESTIONS, from_suggestions(rows, SURE)
        looked_at = len(edits)
    elif what == "copy":
        origin, edits = MappingChange.Origin.COPY, _copied(request, rows, targets)
        looked_at = len(edits)
    else:
        edits = _typed(request, rows, targets)
    if not edits:
        messages.info(request, _("Nothing was changed: there is nothing new."))
        return HttpResponseRedirect(here)
    change = propose(
        tenant=tenant, origin=origin, rows=edits, looked_at=looked_at, user=user_of(request), now=timezone.now()
    )
    return HttpResponseRedirect(change_url(change))


def _typed(request: HttpRequest, rows: Sequence[DeskRow], targets: KaminoTargets) -> list[ChangedRow]:
    wanted = set(request.POST.getlist("row"))
    found = []
    for row in rows:
        key = "-".join(str(part) for part in row.key)
        if key in wanted:
            shown = labels(targets, row.values())
            cells = {name: Cell(_typed_text(request, f"{key}-{name}", shown[name])) for name in TARGETS[row.kind]}
            edit = check_cells(row, cells, targets)
            found += [edit] if edit else []
    return found


def _typed_text(request: HttpRequest, name: str, current: str) -> str:
    """Return what a person wants in a field; one they did not touch stays as it is now, not as the page showed it."""
    text, was = request.POST.get(name, "").strip(), request.POST.get(f"{name}-was", "").strip()
    return current if text == was else text


def _copied(request: HttpRequest, rows: Sequence[DeskRow], targets: KaminoTargets) -> list[ChangedRow]:
    connections = scoped(BlingConnection.objects.all(), request)
    other = get_object_or_404(connections, pk=row_number(request.POST.get("connection")))
    theirs = KaminoTargets.of_tenant(other.tenant_id)
    from_rows = [row for row in desk_rows(other.tenant_id, theirs, sight_for(request)) if row.connection.pk == other.pk]
    return from_other_connection([row for row in rows if row.connection.pk != other.pk], from_rows, theirs, targets)


def _take_file(request: HttpRequest, tenant: Tenant, here: str) -> HttpResponse:
    upload: Any = request.FILES.get("file")
    if upload is None:
        messages.error(request, _("Choose a file."))
        return HttpResponseRedirect(here)
    try:
        refuse_large(upload.size)
        change = propose_file(
            tenant=tenant, name=upload.name or "", content=upload.read(), user=user_of(request), clock=timezone.now
        )
    except Refused as error:
        messages.error(request, error.message)
        return HttpResponseRedirect(here)
    if change.state == MappingChange.State.READING:
        enqueue_tick()
    return HttpResponseRedirect(change_url(change))
