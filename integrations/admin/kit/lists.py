"""Lists that show nothing where their address is not understood, and say what was not."""

from copy import copy
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import get_fields_from_path, lookup_spawns_duplicates
from django.contrib.admin.views.main import SEARCH_VAR
from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _
from unfold.views import ChangeList

from integrations.admin.kit.filters import Closed, Unread, unread_texts

_FROM_ELSEWHERE = "_changelist_filters"
"""Django puts the filters of a list into the addresses of its pages."""


class ClosedList(ChangeList):  # type: ignore[misc]
    """What a list shows: everything that its filters and its search keep, and nothing where one is `unread`.

    A parameter is read by one of the list's filters, by the search, or it is unread: an address cannot ask a column
    otherwise. So no value is guessed by `…__startswith`, and none ends in an error of the database.
    """

    unread: list[Unread]
    filters: list[Any]

    def get_filters(self, request: HttpRequest) -> tuple[list[Any], bool, dict[str, Any], bool, bool]:
        params = {**self.get_filters_params()}
        params.pop(_FROM_ELSEWHERE, None)
        self.filters = [self._filter(entry, request, params) for entry in self.list_filter]
        unknown = [Unread(name, ", ".join(values)) for name, values in params.items()]
        self.unread = [*self._unread_search(request), *(one for each in self.filters for one in each.unread), *unknown]
        paths = [each.field_path for each in self.filters if each.chosen and hasattr(each, "field_path")]
        repeats = any(lookup_spawns_duplicates(self.lookup_opts, path) for path in paths)
        shown = [each for each in self.filters if each.has_output()]
        return shown, bool(shown), {}, repeats, bool(self.unread or any(each.chosen for each in self.filters))

    def _filter(self, entry: Any, request: HttpRequest, params: dict[str, Any]) -> Closed:
        if callable(entry):
            made = entry(request, params, self.model, self.model_admin)
        else:
            path, kind = entry
            field = get_fields_from_path(self.model, path)[-1]
            made = kind(field, request, params, self.model, self.model_admin, field_path=path)
        if not isinstance(made, Closed):
            raise ImproperlyConfigured(f"{entry} of {self.model_admin} may show every row: it is no Closed filter.")
        return made

    def _unread_search(self, request: HttpRequest) -> list[Unread]:
        """Return a search that would be dropped: the list has none, or it holds what Django does not search."""
        typed = list(dict.fromkeys(filter(None, map(str.strip, request.GET.getlist(SEARCH_VAR)))))
        words = [text for text in typed if text.strip("\"' ") and "\x00" not in text]
        if len(words) == len(typed) <= 1 and (self.search_fields or not typed):
            return []
        return [Unread(_("The search"), ", ".join(typed))]

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request, exclude_parameters)
        return rows.none() if self.unread else rows

    def get_results(self, request: HttpRequest) -> None:
        """Show the first page in place of one that is not there; the filters stay."""
        try:
            super().get_results(request)
        except IncorrectLookupParameters:
            self.page_num = 1
            super().get_results(request)

    def understood(self) -> str:
        """Return the filters and the search as they were understood, as the query of an address: what is ordered for a
        list carries this, not what was typed."""
        pairs = [pair for each in self.filters for pair in each.understood()]
        search = self.query.strip()
        return urlencode([*pairs, *([(SEARCH_VAR, search)] if search else [])])

    def in_words(self) -> list[str]:
        """Say what the list shows, a sentence for each filter."""
        words = [text for each in self.filters if (text := each.in_words())]
        if search := self.query.strip():
            words.append(_("Search: “%(words)s”") % {"words": search})
        return words or [_("No filter: the whole list.")]


def refuse_unread(request: HttpRequest, listed: ClosedList, outcome: str) -> bool:
    """Say what a list does not understand, with what came of it; false when it understands everything."""
    for text in unread_texts(listed.unread, outcome):
        messages.error(request, text)
    return bool(listed.unread)


def listed_by(page: Any, request: HttpRequest, query: str) -> ClosedList:
    """Return what an admin's list shows the user for the query of another address."""
    asked = copy(request)
    asked.GET = QueryDict(query)
    found: ClosedList = page.get_changelist_instance(asked)
    return found


class ClosedLists:
    """An admin whose list is a `ClosedList`."""

    def get_changelist(self, request: HttpRequest, **_more: Any) -> type[ClosedList]:
        return ClosedList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response: HttpResponse = super().changelist_view(request, extra_context)  # type: ignore[misc]
        context: dict[str, Any] = getattr(response, "context_data", None) or {}
        if "cl" in context:
            refuse_unread(request, context["cl"], _("No row is shown."))
            context |= self.list_context(request, context["cl"])
        return response

    def list_context(self, request: HttpRequest, listed: ClosedList) -> dict[str, Any]:
        """Return what the page needs beside the list that it shows."""
        return {}
