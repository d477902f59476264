"""Filters of lists. One that is not understood shows no row: it must never mean every row.

Each filter of a list is a `Closed` one (`kit/lists` refuses others): it reads what was typed before it narrows a list,
and what it cannot read closes the list. So a new filter says what it reads, and what it then keeps.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, final

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters import admin as unfold
from unfold.contrib.filters.admin.mixins import MultiValueMixin

from integrations import models
from integrations.admin.kit import texts
from integrations.admin.kit.fields import DAY_HINT
from integrations.admin.kit.scope import companies_of, of_company, sees_every_tenant
from integrations.domain.calendar import BRASILIA, end_of
from integrations.domain.typed import read_day, read_time

LONGEST = 60
"""Of what was typed, so much is said back."""


@dataclass(frozen=True)
class Unread:
    """Something in an address that a list does not understand: which field, what was typed, and how to write it."""

    field: str
    typed: str
    hint: str = ""

    def text(self) -> str:
        """Return the sentence for the person who typed it."""
        typed = self.typed.replace("\x00", "") or "…"
        shown = typed if len(typed) <= LONGEST else f"{typed[:LONGEST]}…"
        said = _("%(field)s: “%(typed)s” is not understood.") % {"field": capfirst(self.field), "typed": shown}
        return f"{said} {self.hint}".strip()


class Closed:
    """The part of a filter that reads. `chosen` are the values by parameter, `unread` what it does not understand.

    A subclass says what a text means (`read`), and which rows are kept (`narrowed`). Only one value is taken of each
    parameter unless it `takes_many`.
    """

    takes_many = False
    hint: Any = ""
    request: HttpRequest
    title: Any

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.chosen: dict[str, list[Any]] = {}
        self.unread: list[Unread] = []
        for name in self.expected_parameters():
            typed = list(dict.fromkeys(filter(None, map(str.strip, self.request.GET.getlist(name)))))
            values = [self.read(name, text) for text in typed]
            wrong = [text for text, value in zip(typed, values, strict=True) if value is None]
            if not wrong and len(values) > 1 and not self.takes_many:
                wrong = [", ".join(typed)]
            self.unread += [Unread(str(self.title), text, str(self.hint)) for text in wrong]
            if values and not wrong:
                self.chosen[name] = values

    def expected_parameters(self) -> list[str]:
        """Return the names that this filter has in an address."""
        names: list[str] = super().expected_parameters()  # type: ignore[misc]
        return names

    def has_output(self) -> bool:
        """A filter that is in use is shown, to be taken off, even where it offers nothing."""
        return bool(self.chosen or self.unread or super().has_output())  # type: ignore[misc]

    @final
    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.none() if self.unread else self.narrowed(request, queryset)

    def read(self, name: str, text: str) -> Any:
        """Return what a text means as the value of a parameter; None when it is not understood."""
        raise NotImplementedError

    def narrowed(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows that fit what was `chosen`; without a choice, those that the list shows then."""
        raise NotImplementedError

    def understood(self) -> list[tuple[str, str]]:
        """Return the parameters as they were understood, each value in the one way in which it is kept."""
        return [(name, self.kept(value)) for name, values in self.chosen.items() for value in values]

    def kept(self, value: Any) -> str:
        return str(value)

    def in_words(self) -> str:
        """Say what was chosen; "" when nothing was."""
        values = ", ".join(self.label(value) for values in self.chosen.values() for value in values)
        return f"{capfirst(self.title)}: {values}" if values else ""

    def label(self, value: Any) -> str:
        return str(value)


class _Choice(Closed):
    """One of the `lookups`. A subclass keeps the rows of `choice`, "" when nothing was chosen."""

    lookup_choices: list[tuple[str, Any]]
    parameter_name: str

    @property
    def choice(self) -> str:
        return str(self.chosen.get(self.parameter_name, [""])[0])

    def read(self, name: str, text: str) -> str | None:
        return text if text in (str(value) for value, _label in self.lookup_choices) else None

    def label(self, value: Any) -> str:
        return str(next(label for choice, label in self.lookup_choices if str(choice) == value))


class ChoiceFilter(_Choice, unfold.RadioFilter):  # type: ignore[misc]
    """The same, all of them shown."""


class DropdownChoiceFilter(_Choice, unfold.DropdownFilter):  # type: ignore[misc]
    """The same, in a list that opens."""


class ChoiceColumn(Closed, unfold.ChoicesRadioFilter):  # type: ignore[misc]
    """One of the values of a column."""

    lookup_kwarg: str
    field_path: str
    field: Any

    def expected_parameters(self) -> list[str]:
        return [self.lookup_kwarg]

    def read(self, name: str, text: str) -> Any:
        return next((value for value, _label in self.field.flatchoices if str(value) == text), None)

    def narrowed(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        values = self.chosen.get(self.lookup_kwarg)
        return queryset.filter(**{f"{self.field_path}__in": values}) if values else queryset

    def label(self, value: Any) -> str:
        return str(dict(self.field.flatchoices)[value])


class ChoicesColumn(MultiValueMixin, ChoiceColumn):  # type: ignore[misc]
    """Some of the values of a column."""

    takes_many = True
    form_class = unfold.ChoicesCheckboxFilter.form_class
    all_option = None


@dataclass(frozen=True)
class Through:
    """The table whose index gives the rows of a long list: where it says of which company a row is, and the order."""

    tenant_path: str
    order: tuple[str, ...]


class StateOfPosting(ChoicesColumn):
    """Some of the states of what Kamino should hold of a row. That table's own index finds them: it is told the
    companies as well, and it repeats the due date by which titles are listed."""

    through = Through("posting__kamino_connection__tenant", ("-posting__due_date", "-posting__pk"))

    def narrowed(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        found = super().narrowed(request, queryset)
        if not self.chosen or sees_every_tenant(request):
            return found
        kaminos = companies_of(request).keys_of(models.KaminoConnection)
        return found.filter(posting__kamino_connection__in=kaminos)


class BooleanColumn(Closed, unfold.BooleanRadioFilter):  # type: ignore[misc]
    """Yes or no."""

    lookup_kwarg: str
    field_path: str

    def expected_parameters(self) -> list[str]:
        return [self.lookup_kwarg]

    def read(self, name: str, text: str) -> bool | None:
        return {"1": True, "0": False}.get(text)

    def narrowed(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        values = self.chosen.get(self.lookup_kwarg)
        return queryset.filter(**{self.field_path: values[0]}) if values else queryset

    def kept(self, value: bool) -> str:
        return "1" if value else "0"

    def label(self, value: bool) -> str:
        return _("Yes") if value else _("No")


class _Range(Closed):
    """From and until: the ends of a span, each of which may be left open."""

    hint = DAY_HINT
    field_path: str

    def _span(self, since: str, until: str) -> str:
        field = capfirst(self.title)
        if since and until:
            return _("%(field)s: from %(since)s until %(until)s") % {
                "field": field, "since": since, "until": until
            }  # fmt: skip
        if since:
            return _("%(field)s: from %(since)s") % {"field": field, "since": since}
        return _("%(field)s: until %(until)s") % {"field": field, "until": until} if until else ""

    def _one(self, end: str) -> Any:
        return self.chosen.get(f"{self.field_path}_{end}", [None])[0]


class DayRange(_Range, unfold.RangeDateFilter):  # type: ignore[misc]
    """Days of a column, both ends included."""

    def read(self, name: str, text: str) -> date | None:
        return read_day(text)

    def narrowed(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        ends = {"gte": self._one("from"), "lte": self._one("to")}
        return queryset.filter(**{f"{self.field_path}__{end}": day for end, day in ends.items() if day})

    def in_words(self) -> str:
        return self._span(*(texts.day(day) if (day := self._one(end)) else "" for end in ("from", "to")))


class MomentRange(_Range, unfold.RangeDateTimeFilter):  # type: ignore[misc]
    """Moments of a column. A day without a time is meant whole; a time without a day is not understood."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        for end in ("from", "to"):
            alone = self.chosen.get(f"{self.field_path}_{end}_1", []) if self._one(f"{end}_0") is None else []
            self.unread += [Unread(str(self.title), self.kept(value), str(self.hint)) for value in alone]

    def read(self, name: str, text: str) -> date | time | None:
        return read_day(text) if name.endswith("_0") else read_time(text)

    def narrowed(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        conditions = {}
        if since := self._one("from_0"):
            moment = datetime.combine(since, self._one("from_1") or time(), BRASILIA)
            conditions[f"{self.field_path}__gte"] = moment
        if until := self._one("to_0"):
            at = self._one("to_1")
            last = ("lt", end_of(until)) if at is None else ("lte", datetime.combine(until, at, BRASILIA))
            conditions[f"{self.field_path}__{last[0]}"] = last[1]
        return queryset.filter(**conditions)

    def in_words(self) -> str:
        return self._span(*(self._words(end) for end in ("from", "to")))

    def _words(self, end: str) -> str:
        day, at = self._one(f"{end}_0"), self._one(f"{end}_1")
        return " ".join([*([texts.day(day)] if day else []), *([f"{at:%H:%M:%S}"] if at else [])])


class OpenFilter(ChoiceFilter):
    """Rows that are not closed, unless asked otherwise."""

    title = gettext_lazy("state")
    parameter_name = "open"
    all_option = None

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("", gettext_lazy("Open")), ("0", gettext_lazy("Closed")), ("all", gettext_lazy("All"))]

    def narrowed(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset if self.choice == "all" else queryset.filter(closed_at__isnull=self.choice != "0")

    def in_words(self) -> str:
        return f"{capfirst(self.title)}: {self.label(self.choice)}"


class TenantFilter(DropdownChoiceFilter):
    """Choose one of the user's own companies."""

    parameter_name = "tenant"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: type[Model], model_admin: Any) -> None:
        self.title = models.Tenant._meta.verbose_name
        self.path = model_admin.tenant_path
        super().__init__(request, params, model, model_admin)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(pk), name) for pk, name in companies_of(request).names.items()]

    def narrowed(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return of_company(queryset, self.path, int(self.choice)) if self.choice else queryset


def unread_texts(unread: Iterable[Unread], outcome: str) -> list[str]:
    """Return a sentence for each, with what came of it."""
    return [f"{one.text()} {outcome}" for one in unread]
