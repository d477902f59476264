"""What the two commands about a person share: a company, and a document that need not stand in a shell's history."""

import sys
from argparse import ArgumentParser

from django.core.management.base import CommandError

from integrations.domain.documents import DocumentKind, kind_of
from integrations.models import Tenant


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("document", metavar="CPF/CNPJ", help="with or without punctuation; - reads it from the input")
    parser.add_argument("--tenant", metavar="SLUG", required=True)


def tenant_named(slug: str) -> Tenant:
    """Return a company by its short name. Raises `CommandError`."""
    try:
        return Tenant.objects.get(slug=slug)
    except Tenant.DoesNotExist:
        raise CommandError(f"no company with the short name {slug!r}") from None


def document_of(argument: str) -> str:
    """Return the document that was meant. Raises `CommandError` for what is no CPF or CNPJ; never repeats it."""
    text = sys.stdin.readline() if argument == "-" else argument
    if kind_of(text) not in (DocumentKind.CPF, DocumentKind.CNPJ):
        raise CommandError("this is no valid CPF or CNPJ")
    return text
