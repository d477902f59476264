"""Titles that an address names: a page of titles hands its own filters on, so that one title, a selection and a whole
filtered list are exported by the same button. Each is shown where it is used, to be taken off again."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy, ngettext

from integrations.admin.kit.filters import ChoiceFilter
from integrations.admin.kit.lists import ClosedList, listed_by
from integrations.admin.kit.scope import row_number, scoped
from integrations.models import Person, Title


def discrepancies_url(query: str) -> str:
    """Return the page that exports the open discrepancies of the titles that this query of their list shows."""
    return f"{reverse('admin:integrations_discrepancy_export')}?{urlencode({TitlesFilter.parameter_name: f'?{query}'})}"


class _FromALink(ChoiceFilter):
    """A filter that offers nothing but what an address already asks."""

    offered: Any = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        value = request.GET.get(self.parameter_name)
        return [(value, self.offered)] if value else []

    @property
    def found(self) -> Any:
        """What the address asks, as it was read; None when it asks nothing."""
        return next(iter(self.chosen.get(self.parameter_name, [])), None)


class TitlesFilter(_FromALink):
    """Only what belongs to the titles of another list."""

    title = gettext_lazy("titles")
    parameter_name = "titulos"
    offered = gettext_lazy("Those of the list of titles")

    def read(self, name: str, text: str) -> Any:
        page: Any = admin.site.get_model_admin(Title)
        if not page.has_view_permission(self.request):
            return None
        listed = listed_by(page, self.request, text.removeprefix("?"))
        return None if listed.unread else listed

    def narrowed(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return (
            queryset.filter(posting__title__in=self.found.queryset.order_by().values("pk")) if self.found else queryset
        )

    def kept(self, value: ClosedList) -> str:
        return f"?{value.understood()}"

    def label(self, value: ClosedList) -> str:
        return "; ".join(value.in_words())


class SelectedFilter(_FromALink):
    """Only some rows, by their keys."""

    title = gettext_lazy("selection")
    parameter_name = "id__in"
    offered = gettext_lazy("The selected ones")

    def read(self, name: str, text: str) -> Any:
        numbers = [row_number(part) for part in text.split(",")]
        return None if None in numbers else sorted({*numbers})

    def narrowed(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(pk__in=self.found) if self.found else queryset

    def kept(self, value: list[int]) -> str:
        return ",".join(map(str, value))

    def label(self, value: list[int]) -> str:
        return ngettext("%(count)s title", "%(count)s titles", len(value)) % {"count": len(value)}


class PersonFilter(_FromALink):
    """Only titles of one person."""

    title = gettext_lazy("person")
    parameter_name = "person__id__exact"
    offered = gettext_lazy("The one of the page before")

    def read(self, name: str, text: str) -> Any:
        number = row_number(text)
        return None if number is None else scoped(Person.objects.all(), self.request).filter(pk=number).first()

    def narrowed(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(person=self.found) if self.found else queryset

    def kept(self, value: Person) -> str:
        return str(value.pk)
