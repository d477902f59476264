"""CPF and CNPJ with valid check digits, numeric and alphanumeric."""

from __future__ import annotations

import string
from random import Random

CNPJ_WEIGHTS = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
LETTERS_AND_DIGITS = string.digits + string.ascii_uppercase


def compact(document: str) -> str:
    """Return a CPF or CNPJ without punctuation, in capitals."""
    return "".join(char for char in document if char.isalnum()).upper()


def cnpj_digits(base: str) -> str:
    """Return the two check digits of a CNPJ's first 12 characters.

    Since July 2026 these may hold letters: each character counts as its ASCII code minus 48.
    """
    text = base
    for weights in (CNPJ_WEIGHTS[1:], CNPJ_WEIGHTS):
        rest = sum((ord(char) - 48) * weight for char, weight in zip(text, weights, strict=True)) % 11
        text += "0" if rest < 2 else str(11 - rest)
    return text[-2:]


def cpf_digits(base: str) -> str:
    """Return the two check digits of a CPF's first nine digits."""
    text = base
    for _ in range(2):
        rest = sum(int(char) * weight for char, weight in zip(text, range(len(text) + 1, 1, -1), strict=True)) % 11
        text += "0" if rest < 2 else str(11 - rest)
    return text[-2:]


def random_cpf(rng: Random) -> str:
    """Return a valid CPF, digits only."""
    base = "".join(rng.choices(string.digits, k=9))
    return base + cpf_digits(base)


def random_cnpj(rng: Random, branch: int = 1) -> str:
    """Return a valid numeric CNPJ, digits only."""
    return branch_of("".join(rng.choices(string.digits, k=8)), branch)


def random_letter_cnpj(rng: Random) -> str:
    """Return a valid CNPJ that holds letters."""
    base = rng.choice(string.ascii_uppercase) + "".join(rng.choices(LETTERS_AND_DIGITS, k=11))
    return base + cnpj_digits(base)


def branch_of(root: str, branch: int) -> str:
    """Return the CNPJ of a branch of a company, from the eight characters that its branches share."""
    base = f"{root}{branch:04d}"
    return base + cnpj_digits(base)


def punctuated_cnpj(cnpj: str) -> str:
    """Return a CNPJ the way forms show it."""
    return f"{cnpj[:2]}.{cnpj[2:5]}.{cnpj[5:8]}/{cnpj[8:12]}-{cnpj[12:]}"


def punctuated(document: str) -> str:
    """Return a CPF or CNPJ with its punctuation, anything else as it is."""
    if len(document) == 11:
        return f"{document[:3]}.{document[3:6]}.{document[6:9]}-{document[9:]}"
    return punctuated_cnpj(document) if len(document) == 14 else document
