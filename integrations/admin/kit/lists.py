"""Lists that show nothing where their address is not understood, and say what was not."""

from collections.abc import Sequence
from copy import copy
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin.utils import get_fields_from_path, lookup_spawns_duplicates
from django.contrib.admin.views.main import ORDER_VAR, SEARCH_VAR
from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.text import smart_split, unescape_string_literal
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from unfold.views import ChangeList

from integrations.admin.kit.filters import Closed, StateOfPosting, TenantFilter, Through, Unread, unread_texts
from integrations.admin.kit.paging import COUNTED, REACHED, Arms, first_keys, quick_order, some_keys
from integrations.admin.kit.scope import TENANT_PATHS, companies_of, company_column, sees_every_tenant

_FROM_ELSEWHERE = "_changelist_filters"
"""Django puts the filters of a list into the addresses of its pages."""


class ClosedList(ChangeList):  # type: ignore[misc]
    """What a list shows: everything that its filters and its search keep, and nothing where one is `unread`.

    A parameter is read by one of the list's filters, by the search, or it is unread: an address cannot ask a column
    otherwise. So no value is guessed by `…__startswith`, and none ends in an error of the database.
    """

    unread: list[Unread]
    filters: list[Any]
    page_num: int
    query: str
    limit: int
    is_long: bool
    """There are more rows than `limit`, which were not counted."""
    is_sorted_otherwise = False
    """It is too long to be sorted as was asked."""

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
        if len(words) != len(typed) or len(typed) > 1 or (typed and not self.search_fields):
            return [Unread(_("The search"), ", ".join(typed))]
        least = self.model_admin.shortest_word
        short = [text for text in words if max(map(len, text.split())) < least]
        hint = ngettext("Type at least %(count)s letter.", "Type at least %(count)s letters.", least) % {"count": least}
        return [Unread(_("The search"), text, hint) for text in short]

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request, exclude_parameters)
        return rows.none() if self.unread else rows

    def get_results(self, request: HttpRequest) -> None:
        """Show a page of the rows, or the first one in place of one that is not there; the filters stay."""
        self.limit = min(max(COUNTED, self.page_num * self.list_per_page), REACHED)
        keys = self._some_keys(request, self.limit)
        self.is_long = len(keys) > self.limit
        self.result_count = min(len(keys), self.limit)
        paginator = self.model_admin.get_paginator(request, self.queryset, self.list_per_page)
        paginator.count = self.result_count
        if not 1 <= self.page_num <= paginator.num_pages:
            self.page_num = 1
        self.can_show_all = not self.is_long and self.result_count <= self.list_max_show_all
        self.multi_page = self.result_count > self.list_per_page
        start = (self.page_num - 1) * self.list_per_page
        stop = start + self.list_per_page
        if self.show_all and self.can_show_all:
            start, stop = 0, self.list_max_show_all
        self.result_list = self._rows(request, keys, start, stop)
        self.show_full_result_count, self.full_result_count, self.show_admin_actions = False, None, True
        self.paginator = paginator

    def _some_keys(self, request: HttpRequest, most: int) -> list[int]:
        """Return the keys of all rows, in no order, or of some more than `most`."""
        if self.unread:
            return []
        if not self.query.strip():
            return some_keys([self.queryset], most)
        rows = self._unsearched(request)
        return some_keys(self.model_admin.found_ways(request, rows, self.queryset, self.query.strip()), most)

    def _unsearched(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows that the filters keep."""
        typed, self.query = self.query, ""
        try:
            return self.get_queryset(request)
        finally:
            self.query = typed

    def _rows(self, request: HttpRequest, keys: list[int], start: int, stop: int) -> QuerySet[Any]:
        """Return the rows of a page. They are read by their keys, with what the list shows of other tables."""
        found = self.root_queryset.filter(pk__in=keys)
        ordering: list[Any] = list(self.queryset.query.order_by)
        if self.is_long:
            own = list(self._through.order if self._through else self._own_order(request))
            own = own if own[-1].lstrip("-") == "pk" else [*own, "-pk" if own[0].startswith("-") else "pk"]
            is_sorted = ORDER_VAR in self.params
            ordering = quick_order(ordering if is_sorted else [], own, self.model_admin.quick_orders)
            self.is_sorted_otherwise = is_sorted and ordering[0] != str(self.queryset.query.order_by[0])
            keys = self._first_keys(request, found, ordering, start, stop)
        elif len(keys) > stop - start:
            keys = list(found.order_by(*ordering).values_list("pk", flat=True)[start:stop])
        shown: QuerySet[Any] = self.root_queryset.filter(pk__in=keys).order_by(*ordering)
        if not shown.query.select_related:
            shown = self.apply_select_related(shown)
        return shown

    def _own_order(self, request: HttpRequest) -> Sequence[str]:
        page = self.model_admin
        own: Sequence[str] = page.long_order or page.get_ordering(request) or self.lookup_opts.ordering
        return own

    @property
    def _through(self) -> Through | None:
        """The other table by whose index a long list is read, for a filter that asks only that one."""
        found = [each.through for each in self.filters if isinstance(each, StateOfPosting) and each.chosen]
        return found[0] if found else None

    def _first_keys(
        self, request: HttpRequest, found: QuerySet[Any], ordering: list[str], start: int, stop: int
    ) -> list[int]:
        """Return the keys of a page of a long list: of what a search `found`, else read by an index."""
        if self.query.strip():
            return first_keys([found], ordering, start, stop)
        arms = self.model_admin.arms(request, self.filters, self._through.tenant_path if self._through else "")
        return first_keys(arms.of(self.queryset) if arms else [self.queryset], ordering, start, stop)

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


def _say_what_is_left_out(request: HttpRequest, listed: ClosedList) -> None:
    """Say what a list that is too long does not do as it was asked."""
    if listed.is_sorted_otherwise:
        messages.info(request, _("The list is too long to be sorted by this column. Filter it first."))
    if listed.is_long and listed.query.strip():
        messages.info(request, _("The search finds more than can be looked at: some of it is shown. Type more of it."))


def listed_by(page: Any, request: HttpRequest, query: str) -> ClosedList:
    """Return what an admin's list shows the user for the query of another address."""
    asked = copy(request)
    asked.GET = QueryDict(query)
    found: ClosedList = page.get_changelist_instance(asked)
    return found


def _way(field: str) -> str:
    """Return how Django searches a field: one that begins with "=" is to be just the word."""
    return f"{field[1:]}__iexact" if field.startswith("=") else f"{field}__icontains"


class ClosedLists:
    """An admin whose list is a `ClosedList`. `long_order` is the order of a long list, where that is not the one of any
    list; `quick_orders` are columns by which it is sorted as well. For each there is an index that ends with the key,
    and one that begins with the company."""

    long_order: tuple[str, ...] = ()
    quick_orders: tuple[str, ...] = ()
    shortest_word = 1
    """So many letters one word of a search has at least: what is shorter than three is found by no index of words."""
    tenant_path: str | None = None
    model: Any
    search_fields: Any

    def arms(self, request: HttpRequest, filters: list[Any], through: str = "") -> Arms | None:
        """Return the companies whose rows a list shows; `None` for those who see all, and for lists of no company.
        `through` leads to the table that is read first, where that is not the list's own."""
        path = through or self.tenant_path or TENANT_PATHS.get(self.model)
        if path is None:
            return None
        column, owner = company_column(self.model, path)
        chosen = [each.choice for each in filters if isinstance(each, TenantFilter) and each.choice]
        if chosen or sees_every_tenant(request):
            return None
        return Arms(column, companies_of(request).keys_of(owner))

    def found_ways(
        self, request: HttpRequest, rows: QuerySet[Any], found: QuerySet[Any], term: str
    ) -> list[QuerySet[Any]]:
        """Return what a search finds among some `rows`, in several ways: each may have an index of its own, which a
        condition on several columns has not. Here, by the column that holds its first word. `found` is all of it."""
        (first, *_others) = smart_split(term)
        word = unescape_string_literal(first) if first[0] in "\"'" and first[0] == first[-1] else first
        return [found.filter(**{_way(field): word}) for field in self.search_fields]

    def get_changelist(self, request: HttpRequest, **_more: Any) -> type[ClosedList]:
        return ClosedList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response: HttpResponse = super().changelist_view(request, extra_context)  # type: ignore[misc]
        context: dict[str, Any] = getattr(response, "context_data", None) or {}
        if "cl" in context:
            refuse_unread(request, context["cl"], _("No row is shown."))
            _say_what_is_left_out(request, context["cl"])
            context |= self.list_context(request, context["cl"])
        return response

    def list_context(self, request: HttpRequest, listed: ClosedList) -> dict[str, Any]:
        """Return what the page needs beside the list that it shows."""
        return {}
