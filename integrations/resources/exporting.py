"""Exports in the background: rows are read and kept a chunk at a time, and then written as one file.

Each chunk commits together with the cursor, so a worker may be killed at any line and the next one goes on. The
person's companies and permission are checked again each time; without them they get none of the rows.
"""

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from tempfile import TemporaryFile
from typing import IO, Any

import structlog
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet

from integrations.models import Export, ExportChunk, Tenant
from integrations.models.confidential import category_marks, sight_of
from integrations.pipeline.access import failpoints
from integrations.resources.audit import AuditResource
from integrations.resources.discrepancies import DiscrepancyResource
from integrations.resources.files import PortugueseResource, write_file
from integrations.resources.simulation import SimulationResource
from integrations.resources.titles import TitleResource

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
RESOURCES: dict[str, type[PortugueseResource]] = {
    "titulos": TitleResource,
    "divergencias": DiscrepancyResource,
    "simulacao": SimulationResource,
    "auditoria": AuditResource,
}
"""By the name that the file begins with."""
OF_NO_COMPANY = 0
"""In place of a company's key: rows that are of none."""
MOST_AT_ONCE = 5_000
"""Rows that are written within the request."""
MOST_ROWS = 200_000
CHUNK = 2_500
FILE_CHUNK = 1_000_000
"""Bytes."""
KEPT_FOR = timedelta(hours=24)
MOST_TRIES = 3
TRY_AGAIN = timedelta(minutes=1)
LEASE = timedelta(minutes=4)
"""After this long without a result, a step counts as abandoned: longer than the queue lets a worker run."""


def order(
    *, table: str, file_format: str, rows: QuerySet[Any], ids: Sequence[int], user: User, now: datetime
) -> Export:
    """Keep which rows somebody wants as a file: `ids`, the keys of `rows` in their order. Asked for again while it is
    being made, the same order is returned."""
    packed = Export.pack_ids(ids)
    fingerprint = hashlib.sha256(packed).hexdigest()
    wanted = {"user": user, "table": table, "file_format": file_format, "fingerprint": fingerprint}
    same = Export.objects.filter(**wanted, finished_at=None).first()
    if same is not None and may_have(same):
        return same
    tenants = sorted(set(rows.order_by().values_list(RESOURCES[table].tenant_path, flat=True).distinct()))
    left_out = [] if sight_of(user).is_whole else sorted(category_marks(tenants))
    return Export.objects.create(
        **wanted, created_at=now, packed_ids=packed, counted=len(ids), tenant_ids=tenants, left_out=left_out
    )


def may_have(export: Export) -> bool:
    """Say whether who asked may export, and sees every company and every title that the file shows: what became
    confidential since it was ordered may be in it."""
    user = User.objects.get(pk=export.user_id)  # read again: permissions are kept on the object
    resource = RESOURCES[export.table]
    seen = set(Tenant.objects.for_user(user).filter(pk__in=export.tenant_ids).values_list("pk", flat=True))
    if user.has_perm("integrations.access_all_tenants"):
        seen.add(OF_NO_COMPANY)
    if not (user.is_active and user.has_perm(resource.permission) and seen >= set(export.tenant_ids)):
        return False
    return sight_of(user).is_whole or category_marks(export.tenant_ids) <= set(export.left_out)


def advance_exports(*, clock: Clock) -> bool:
    """Work on one step of the export that waits longest; false when none is due."""
    for pk in exports_due(clock()).order_by("created_at").values_list("pk", flat=True)[:20]:
        if not _claim(pk, clock()):
            continue
        try:
            _advance(pk, clock)
        except Exception:
            log.exception("export crashed", export=pk)
            _put_off(pk, clock())
        return True
    return False


def exports_due(now: datetime) -> QuerySet[Export]:
    """Return the exports that a step can be made for."""
    return Export.objects.filter(Q(retry_at=None) | Q(retry_at__lte=now), finished_at=None)


def _claim(pk: int, now: datetime) -> bool:
    """Count a try before it is made, so that a step which kills its workers ends as well; false when somebody else is
    at it."""
    with transaction.atomic():
        export = exports_due(now).select_for_update(skip_locked=True, of=("self",)).filter(pk=pk).first()
        if export is None:
            return False
        if export.tries < MOST_TRIES:
            Export.objects.filter(pk=pk).update(tries=export.tries + 1, retry_at=now + LEASE)
            return True
        log.error("export given up", export=pk)
        _give_up(pk, now)
        return False


def _give_up(pk: int, now: datetime) -> None:
    """End an export without its file; its rows go at once."""
    ExportChunk.objects.filter(export=pk).delete()
    Export.objects.filter(pk=pk).update(finished_at=now, failure=Export.Failure.CRASHED)


def file_of(export: Export) -> Iterator[bytes]:
    """Return a finished file piece by piece."""
    pieces = export.chunks.filter(is_file=True).order_by("number")
    for pk in list(pieces.values_list("pk", flat=True)):
        yield bytes(ExportChunk.objects.get(pk=pk).content)


def _advance(pk: int, clock: Clock) -> None:
    """Read the next chunk of rows, or write the file."""
    with transaction.atomic():
        found = Export.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk, finished_at=None)
        export = found.first()
        if export is None:
            return
        changes: dict[str, Any]
        if not may_have(export):
            changes = {"finished_at": clock(), "failure": Export.Failure.NOT_ALLOWED}
            export.chunks.all().delete()
        elif export.cursor < export.counted:
            changes = {"cursor": _keep_rows(export), "tries": 0, "retry_at": None}
        else:
            _keep_file(export)
            now = clock()
            changes = {"finished_at": now, "expires_at": now + KEPT_FOR}
        failpoints.passed("export.worked")
        Export.objects.filter(pk=pk).update(**changes)
    failpoints.passed("export.saved")


def _put_off(pk: int, now: datetime) -> None:
    """Try again later; give up after some tries."""
    with transaction.atomic():
        if Export.objects.get(pk=pk).tries >= MOST_TRIES:
            _give_up(pk, now)
        else:
            Export.objects.filter(pk=pk).update(retry_at=now + TRY_AGAIN)


def _keep_rows(export: Export) -> int:
    """Store the cells of the next rows; returns the new cursor."""
    resource = RESOURCES[export.table]()
    ids = export.ids[export.cursor : export.cursor + CHUNK]
    sight = sight_of(User.objects.get(pk=export.user_id))
    mine = sight.of(resource.every_row()).filter(**{f"{resource.tenant_path}__in": export.tenant_ids})
    text = json.dumps([[_packed(cell) for cell in row] for row in cells_of(resource, mine, ids)], ensure_ascii=False)
    ExportChunk.objects.create(export=export, number=export.cursor, content=zlib.compress(text.encode(), 1))
    return export.cursor + len(ids)


def cells_of(resource: PortugueseResource, rows: QuerySet[Any], ids: Sequence[int]) -> Iterator[list[Any]]:
    """Return the cells of the rows with some keys, in the order of these; what is no longer there is left out."""
    for first in range(0, len(ids), CHUNK):
        wanted = ids[first : first + CHUNK]
        found = {row.pk: row for row in rows.filter(pk__in=wanted)}
        yield from resource.cells(found[pk] for pk in wanted if pk in found)


def _keep_file(export: Export) -> None:
    """Write all rows as one file and keep it in their place."""
    with TemporaryFile() as file:
        write_file(file, RESOURCES[export.table](), export.file_format, _kept_rows(export))
        file.seek(0)
        for number, content in enumerate(_pieces(file)):
            ExportChunk.objects.create(export=export, is_file=True, number=number, content=content)
    export.chunks.filter(is_file=False).delete()


def _pieces(file: IO[bytes]) -> Iterable[bytes]:
    return iter(lambda: file.read(FILE_CHUNK), b"")


def _kept_rows(export: Export) -> Iterator[list[Any]]:
    rows = export.chunks.filter(is_file=False).order_by("number")
    for pk in list(rows.values_list("pk", flat=True)):
        content = ExportChunk.objects.get(pk=pk).content
        for cells in json.loads(zlib.decompress(content)):
            yield [_unpacked(cell) for cell in cells]


def _packed(cell: Any) -> Any:
    """Return a cell as JSON: amounts and days are lists of a letter and their text."""
    if isinstance(cell, Decimal):
        return ["m", str(cell)]
    return ["d", cell.isoformat()] if isinstance(cell, date) else cell


def _unpacked(cell: Any) -> Any:
    if not isinstance(cell, list):
        return cell
    kind, text = cell
    return Decimal(text) if kind == "m" else date.fromisoformat(text)
