"""How a title is found: by name, CPF/CNPJ, number of document, invoice or order, value, or either system's id."""

from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Upper
from django.http import HttpRequest

from integrations.admin.kit.document_search import is_like_a_document, may_seek
from integrations.admin.kit.paging import keys_of_each
from integrations.admin.kit.scope import Companies, companies_of, row_number, sees_every_tenant
from integrations.domain.documents import DocumentKind, compact, kind_of
from integrations.domain.names import typed_pattern
from integrations.domain.typed import read_amount
from integrations.models import BlingConnection, KaminoConnection, PartPosting, Person, Posting, Title

SHORTEST_WORD = 3
"""A shorter one is no piece of a name or number that an index knows: only names that begin with it are found, and
numbers and values that are just it."""

MOST_FOUND = 1_000
"""So many titles of each way are found first, and then what a list has of them: PostgreSQL cannot know how few they
are, and looks at each row of the list. Of more titles the list has a page soon."""

FEW = 200
"""So many of them are looked for at a time: for more, PostgreSQL thinks it cheaper to read the whole list."""


@dataclass(frozen=True)
class Finder:
    """What a search term means. `companies` are those whose titles are looked for, `None` for all.

    Without `by_document` nobody is found by a CPF, nor by a piece of one: it could be guessed. Each way to find a
    title is a query of its own, so that each uses its index; joined by OR, every title would be looked at.
    """

    term: str
    by_document: bool
    companies: Companies | None = None

    def ways(self) -> list[Q]:
        """Return the conditions for titles, one for each way to find them."""
        ways = [
            self._is_in("document_number"),
            Q(origin_number__iexact=self.term),
            Q(person__in=self.persons().order_by().values("pk")),
        ]
        number = row_number(self.term)
        if number is not None:
            postings, parts = Posting.objects.filter(kamino_id=number), PartPosting.objects.filter(kamino_id=number)
            if self.companies is not None:
                mine = {"kamino_connection__in": self.companies.keys_of(KaminoConnection)}
                postings, parts = postings.filter(**mine), parts.filter(**mine)
            ways += [
                Q(bling_id=number),
                Q(pk__in=postings.order_by().values("title")),
                Q(pk__in=parts.order_by().values("posting__title")),
            ]
        value = read_amount(self.term)
        if value is not None:
            ways.append(Q(value=value))
        return ways

    def of_companies(self) -> QuerySet[Any]:
        """Return the titles that are looked through."""
        if self.companies is None:
            return Title.objects.all()
        return Title.objects.filter(connection__in=self.companies.keys_of(BlingConnection))

    def titles(self) -> QuerySet[Any]:
        """Return the keys of all titles that are found."""
        first, *others = (self.of_companies().filter(way).order_by().values("pk") for way in self.ways())
        return first.union(*others)

    def persons(self) -> QuerySet[Any]:
        """Return the persons with a name like the term, with or without its accents, or with that CPF/CNPJ, with or
        without punctuation."""
        first, *others = self.person_ways()
        persons = Person.objects.alias(upper_name=Upper("name"), upper_trade_name=Upper("trade_name"))  # as indexed
        if self.companies is not None:
            persons = persons.filter(connection__in=self.companies.keys_of(BlingConnection))
        return persons.filter(reduce(or_, others, first))

    def person_ways(self) -> list[Q]:
        """Return the conditions for persons, one for each way to find them."""
        pattern = typed_pattern(self.term)
        if len(self.term) < SHORTEST_WORD:
            pattern = f"^{pattern}"
        ways = [Q(upper_name__regex=pattern), Q(upper_trade_name__regex=pattern)]
        plain = compact(self.term)
        if self.by_document and is_like_a_document(self.term):
            ways.append(Q(document__startswith=plain))
        elif kind_of(plain) is DocumentKind.CNPJ:
            ways.append(Q(document=plain))
        return ways

    def _is_in(self, column: str) -> Q:
        return Q(**{f"{column}__{'icontains' if len(self.term) >= SHORTEST_WORD else 'exact'}": self.term})


class FoundByTitle:
    """A list that is searched as the titles are. `searched_key` leads from a row to its title."""

    searched_key = "pk"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        return queryset.filter(**{f"{self.searched_key}__in": self.found_by(_finder(request, term))}), False

    def found_by(self, finder: Finder) -> QuerySet[Any]:
        """Return the keys of all that is found, of titles or of what else `searched_key` leads to."""
        return finder.titles()

    def found_ways(
        self, request: HttpRequest, rows: QuerySet[Any], found: QuerySet[Any], term: str
    ) -> list[QuerySet[Any]]:
        """Return what a search finds among some rows, in each way to find it."""
        finder = _finder(request, term)
        ways = finder.ways()
        if self.searched_key == "pk":
            return [rows.filter(way) for way in ways]
        titles = [finder.of_companies().filter(way).order_by() for way in ways]
        found_of = keys_of_each(titles, MOST_FOUND)
        known = sorted({key for keys in found_of if len(keys) <= MOST_FOUND for key in keys})
        few = (known[first : first + FEW] for first in range(0, max(len(known), 1), FEW))
        many = (some.values("pk") for some, keys in zip(titles, found_of, strict=True) if len(keys) > MOST_FOUND)
        return [rows.filter(**{f"{self.searched_key}__in": some}) for some in (*few, *many)]


def _finder(request: HttpRequest, term: str) -> Finder:
    companies = None if sees_every_tenant(request) else companies_of(request)
    return Finder(term, may_seek(request, term), companies)
