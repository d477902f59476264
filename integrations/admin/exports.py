"""Lists that people take home as spreadsheets: the same two formats everywhere, and a log line of who took what."""

from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from import_export.admin import ExportMixin
from unfold.contrib.import_export.forms import ExportForm

from integrations.resources.files import BrazilianCsv, NativeXlsx

log = structlog.get_logger(__name__)


class SpreadsheetExport(ExportMixin):  # type: ignore[misc]
    """An export button. `export_name` begins the file's name."""

    export_form_class = ExportForm
    export_name = ""

    def get_export_formats(self) -> list[Any]:
        return [NativeXlsx, BrazilianCsv]

    def get_export_filename(self, request: HttpRequest, queryset: Any, file_format: Any) -> str:
        return f"{self.export_name}-{timezone.localdate():%Y-%m-%d}.{file_format.get_extension()}"

    def _do_file_export(self, file_format: Any, request: HttpRequest, queryset: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super()._do_file_export(file_format, request, queryset, **kwargs)
        log.info("exported", what=self.export_name, user=request.user.pk, format=file_format.get_extension())
        return response
