"""When are two names "the same"? Case, accents and spaces do not count (Kamino's rule of identical names)."""

import re
import unicodedata

MOST_TYPED = 200
_SAME = ("AÁÀÂÃÄ", "CÇ", "EÉÈÊË", "IÍÌÎÏ", "NÑ", "OÓÒÔÕÖ", "UÚÙÛÜ")
_LETTERS = {letter: f"[{same}]" for same in _SAME for letter in same}


def fold(name: str) -> str:
    """Return `name` without case, accents and repeated spaces."""
    plain = unicodedata.normalize("NFKD", name)
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(plain.casefold().split())


_MARKS = "[\u0300-\u036f]*"
"""Accents that are characters of their own."""


def _accented() -> dict[str, str]:
    """Return each letter's forms, small and capital, with all accents that Latin letters have."""
    found: dict[str, str] = {}
    for code in (*range(0x41, 0x250), *range(0x1E00, 0x1F00)):
        plain = fold(chr(code))
        if len(plain) == 1 and plain.isalpha() and plain.isascii():
            found[plain] = found.get(plain, "") + chr(code)
    return found


_ACCENTED = _accented()


def any_accents(word: str) -> str:
    """Return a regular expression for a word as anybody may write it: with its accents, without them, or with others,
    in small or capital letters. For Python and PostgreSQL, which knows capitals by the language of the database."""
    letters = (char for char in unicodedata.normalize("NFKD", word) if not unicodedata.combining(char))
    classes = (f"[{_ACCENTED[char.lower()]}]" if char.lower() in _ACCENTED else re.escape(char) for char in letters)
    return "".join(f"{one}{_MARKS}" for one in classes)


def typed_pattern(text: str) -> str:
    """Return a regular expression for an upper-case name that somebody typed: without its accents, words left out.

    A pattern rather than folded text: a database can look it up in an index over the names as they are. No name is as
    long as `MOST_TYPED`, and a much longer pattern is refused there.
    """
    words = unicodedata.normalize("NFC", text[:MOST_TYPED]).upper().split()
    return ".*".join("".join(_LETTERS.get(char) or re.escape(char) for char in word) for word in words)
