"""How a title is found: by name, CPF/CNPJ, number of document, invoice or order, value, or either system's id."""

from collections.abc import Callable
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Upper
from django.http import HttpRequest

from integrations.admin.kit import texts
from integrations.admin.kit.scope import row_number
from integrations.domain.documents import compact
from integrations.domain.names import typed_pattern
from integrations.domain.typed import read_amount
from integrations.models import PartPosting, Person, Posting, Title


def titles_found(term: str, *, whole_documents: bool) -> QuerySet[Any]:
    """Return the keys of the titles that a search term finds, of every company.

    People who may not see a CPF find it only by its whole number: else each digit could be guessed. Each way to find a
    title is a query of its own, so that each uses its index; joined by OR, every title would be looked at.
    """
    ways = [
        Q(document_number__icontains=term),
        Q(origin_number__iexact=term),
        Q(person__in=person_query(term, whole_documents=whole_documents)),
    ]
    number = row_number(term)
    if number is not None:
        by_kamino_id = Posting.objects.filter(kamino_id=number).order_by().values("title")
        by_part = PartPosting.objects.filter(kamino_id=number).order_by().values("posting__title")
        ways += [Q(bling_id=number), Q(pk__in=by_kamino_id), Q(pk__in=by_part)]
    value = read_amount(term)
    if value is not None:
        ways.append(Q(value=value))
    first, *others = (Title.objects.filter(way).order_by().values("pk") for way in ways)
    return first.union(*others)


def person_query(term: str, *, whole_documents: bool) -> QuerySet[Any]:
    """Return the persons with a name like the term, with or without its accents, or with that CPF/CNPJ, with or
    without punctuation."""
    pattern = typed_pattern(term)
    condition = Q(upper_name__regex=pattern) | Q(upper_trade_name__regex=pattern)
    plain = compact(term)
    if len(plain) >= 8 and any(char.isdigit() for char in plain):
        condition |= Q(document=plain)
        if whole_documents or len(plain) > 11:
            condition |= Q(document__startswith=plain)
    persons = Person.objects.alias(upper_name=Upper("name"), upper_trade_name=Upper("trade_name"))  # as indexed
    return persons.filter(condition).order_by().values("pk")


class FoundByTitle:
    """A list that is searched as the titles are. `searched_key` leads from a row to what `found_by` finds."""

    searched_key = "pk"
    found_by: Callable[..., QuerySet[Any]] = staticmethod(titles_found)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        found = self.found_by(term, whole_documents=texts.sees_personal_data(request))
        return queryset.filter(**{f"{self.searched_key}__in": found}), False
