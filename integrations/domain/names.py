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


def typed_pattern(text: str) -> str:
    """Return a regular expression for an upper-case name that somebody typed: without its accents, words left out.

    A pattern rather than folded text: a database can look it up in an index over the names as they are. No name is as
    long as `MOST_TYPED`, and a much longer pattern is refused there.
    """
    words = unicodedata.normalize("NFC", text[:MOST_TYPED]).upper().split()
    return ".*".join("".join(_LETTERS.get(char) or re.escape(char) for char in word) for word in words)
