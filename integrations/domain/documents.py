"""CPF and CNPJ as text; a CNPJ may contain letters since July 2026, so nothing here keeps their digits only."""

from enum import StrEnum

from stdnum.br import cnpj, cpf


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
    if len(plain) == 11 and len(set(plain)) > 1 and cpf.is_valid(plain):
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
    """Hide the middle of a CPF for people without the permission to see it; a CNPJ is public."""
    if kind_of(document) is DocumentKind.CPF:
        plain = compact(document)
        return f"***.{plain[3:6]}.{plain[6:9]}-**"
    return pretty(document)
