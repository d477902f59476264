"""Who may look for a person by their CPF, and how often: the answer tells whether a number is anybody's."""

from django import forms
from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import gettext as _

from integrations.admin.kit import texts
from integrations.domain.documents import DocumentKind, compact, kind_of

MOST_TRIES = 60
WITHIN = 600
"""Seconds from the first try on."""
SHORTEST = 8
"""So many digits are no number of a document, or value, that people look for every day."""


def is_like_a_document(term: str) -> bool:
    """Say whether a term may be a CPF or CNPJ, or the beginning of one."""
    plain = compact(term)
    return len(plain) >= SHORTEST and any(char.isdigit() for char in plain)


def is_public(term: str) -> bool:
    """Say whether a term can tell nobody's CPF: a whole CNPJ, or what is not written in digits only."""
    return kind_of(term) is DocumentKind.CNPJ or not compact(term).isdecimal()


def may_seek(request: HttpRequest, term: str) -> bool:
    """Say whether the user may find persons by a term that is like a document, and tell them where they may not. Each
    page that is asked for such a term is a try."""
    if not is_like_a_document(term) or is_public(term):
        return texts.sees_personal_data(request)
    kept = vars(request)
    if "seeks_not" not in kept:
        kept["seeks_not"] = _why_not(request)
        if kept["seeks_not"] and (texts.sees_personal_data(request) or kind_of(term) is DocumentKind.CPF):
            messages.warning(request, kept["seeks_not"])
    return not kept["seeks_not"]


def refuse_document(request: HttpRequest, form: forms.Form) -> bool:
    """Add an error to a form that looks for a `person` in another system by what may be their CPF, where the user may
    not; a number of any length, for these find pieces too."""
    term = form.cleaned_data["person"]
    why = _why_not(request) if term and not is_public(term) else ""
    if why:
        form.add_error("person", why)
    return bool(why)


def _why_not(request: HttpRequest) -> str:
    if not texts.sees_personal_data(request):
        return _("You do not have the permission to look for somebody by their CPF.")
    if _tries(request) > MOST_TRIES:
        text = _("Too many searches by CPF/CNPJ: persons are found by it again in %(count)s minutes.")
        return text % {"count": WITHIN // 60}
    return ""


def _tries(request: HttpRequest) -> int:
    """Count a try; the cache is shared by all web processes."""
    key = f"document-search:{request.user.pk}"
    if cache.add(key, 1, WITHIN):
        return 1
    try:
        return cache.incr(key)
    except ValueError:  # it ended between the two
        cache.set(key, 1, WITHIN)
        return 1
