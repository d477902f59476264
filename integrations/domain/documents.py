"""CPF and CNPJ as text; a CNPJ may contain letters since July 2026, so nothing here keeps their digits only."""

import re
from enum import StrEnum

from stdnum.br import cnpj, cpf

CPF_LENGTH = 11
HIDDEN = "***"
_CPF = re.compile(r"(?<!\d)\d{3}[. ]?\d{3}[. ]?\d{3}[-/ ]?\d{2}(?!\d)", re.ASCII)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


class DocumentKind(StrEnum):
    NONE = "none"
    CPF = "cpf"
    CNPJ = "cnpj"
    INVALID = "invalid"


def compact(document: str) -> str:
    """Return the document without punctuation and spaces, upper case."""
    return "".join(char for char in document.upper() if char.isalnum())


def digits(text: str) -> str:
    """Return the digits of a document number of any kind (invoice, order): never meant for a CPF or CNPJ."""
    return "".join(char for char in text if char in "0123456789")


def kind_of(document: str) -> DocumentKind:
    """Say what a document is; `INVALID` when its length, characters or check digits are wrong."""
    plain = compact(document)
    if not plain:
        return DocumentKind.NONE
    # 111.111.111-11 and its like have right check digits; people type them where a document is asked for.
    if len(plain) == CPF_LENGTH and len(set(plain)) > 1 and cpf.is_valid(plain):
        return DocumentKind.CPF
    if len(plain) == 14 and cnpj.is_valid(plain):
        return DocumentKind.CNPJ
    return DocumentKind.INVALID


def pretty(document: str) -> str:
    """Return the document as people write it; an invalid one comes back as it is."""
    match kind_of(document):
        case DocumentKind.CPF:
            return str(cpf.format(compact(document)))
        case DocumentKind.CNPJ:
            return str(cnpj.format(compact(document)))
        case _:
            return document


def mask(document: str) -> str:
    """Hide a document from people without the permission to see it. A CNPJ is public. Three digits of a CPF are left:
    its check digits follow from the others, so that with six of them a thousand numbers would fit, and one of these is
    found by trying. What is no valid number may be a CPF with a slip."""
    kind, plain = kind_of(document), compact(document)
    if kind in (DocumentKind.CNPJ, DocumentKind.NONE):
        return pretty(document)
    return f"***.***.{plain[6:9]}-**" if len(plain) == CPF_LENGTH else HIDDEN


def without_personal_data(text: str) -> str:
    """Return a message of another system without CPFs and e-mail addresses. Eleven digits without punctuation are
    hidden where they are a CPF: Bling's ids are as long."""

    def shown(found: re.Match[str]) -> str:
        return found[0] if found[0].isdecimal() and kind_of(found[0]) is not DocumentKind.CPF else "***.***.***-**"

    return _EMAIL.sub(HIDDEN, _CPF.sub(shown, text))
