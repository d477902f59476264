"""How a title is found: by name, CPF/CNPJ, number of document, invoice or order, value, or either system's id."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import Q, QuerySet

from integrations.domain.documents import compact
from integrations.models import Person

MAX_BIGINT = 2**63 - 1


def title_query(term: str, *, path: str = "", whole_documents: bool) -> Q:
    """Return the condition for a search term. `path` leads to the title, e.g. "title__".

    People who may not see a CPF find it only by its whole number: else each digit could be guessed.
    """
    found = Q(**{f"{path}document_number__icontains": term}) | Q(**{f"{path}origin_number__iexact": term})
    found |= Q(**{f"{path}person__in": person_query(term, whole_documents=whole_documents)})
    if term.isdigit() and int(term) <= MAX_BIGINT:
        kamino = "posting__kamino_id" if not path else "kamino_id"
        found |= Q(**{f"{path}bling_id": int(term)}) | Q(**{kamino: int(term)})
    value = parse_amount(term)
    if value is not None:
        found |= Q(**{f"{path}value": value})
    return found


def person_query(term: str, *, whole_documents: bool) -> QuerySet[Any]:
    """Return the persons with a name like the term, or with that CPF/CNPJ, with or without punctuation."""
    condition = Q(name__icontains=term) | Q(trade_name__icontains=term)
    plain = compact(term)
    if len(plain) >= 8 and any(char.isdigit() for char in plain):
        condition |= Q(document=plain)
        if whole_documents or len(plain) > 11:
            condition |= Q(document__startswith=plain)
    return Person.objects.filter(condition).order_by().values("pk")


def parse_amount(term: str) -> Decimal | None:
    """Read an amount as people type it: 1.234,56, R$ 1234,56 or 1234.56."""
    text = term.replace("R$", "").strip()
    if re.fullmatch(r"\d{1,3}(\.\d{3})+(,\d{1,2})?|\d+,\d{1,2}", text):
        text = text.replace(".", "").replace(",", ".")
    if not re.fullmatch(r"\d{1,12}(\.\d{1,2})?", text):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
