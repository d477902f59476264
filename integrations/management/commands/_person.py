"""What the two commands about a person share: a company, and who is meant: it need not stand in a shell's
history."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from integrations.domain.documents import DocumentKind, kind_of
from integrations.models import Tenant
from integrations.pipeline.company.privacy import note_refusal
from integrations.pipeline.company.subjects import Who


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "document", metavar="CPF/CNPJ", nargs="?", default="",
        help="with or without punctuation; - reads it from the input; may be left out where --bling-id is given",
    )  # fmt: skip
    parser.add_argument("--tenant", metavar="SLUG", required=True)
    parser.add_argument(
        "--bling-id", metavar="ID", type=int, action="append", default=[],
        help="a contact without a valid CPF/CNPJ; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--name", default="", help="what the contacts of --bling-id are called; - reads it from the input"
    )


def asked_for(asked: str, *, tenant: str, **options: Any) -> tuple[Tenant, Who]:
    """Return the company and the person that a "report" or to "forget" was asked of. Raises `CommandError` where one of
    them cannot be meant, which is recorded."""
    company = Tenant.objects.filter(slug=tenant).first()
    if company is None:
        note_refusal(asked, "company")
        raise CommandError(f"no company with the short name {tenant!r}")
    try:
        return company, _who_of(**options)
    except CommandError:
        note_refusal(asked, "person", tenant=company)
        raise


def _who_of(document: str, bling_id: list[int], name: str, **_more: Any) -> Who:
    """Return who was meant. Raises `CommandError` for what is no CPF or CNPJ, and where nobody or no name is given;
    never repeats what was typed."""
    number = sys.stdin.readline() if document == "-" else document
    if number and kind_of(number) not in (DocumentKind.CPF, DocumentKind.CNPJ):
        raise CommandError("this is no valid CPF or CNPJ")
    if not number and not (bling_id and name):
        raise CommandError("say whom you mean: a CPF/CNPJ, or --bling-id and --name")
    return Who(number, tuple(bling_id), (sys.stdin.readline() if name == "-" else name).strip())
